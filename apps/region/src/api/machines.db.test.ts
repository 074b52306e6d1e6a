import assert from "node:assert/strict";
import { Writable } from "node:stream";
import { after, before, suite, test } from "node:test";
import { deserialize } from "bson";
import { Client } from "pg";
import { pino } from "pino";
import { newNodeToken } from "../auth/tokens.ts";
import { inTransaction } from "../context.ts";
import { type AddedMachine, addImage, addMachine, machineRow, statusOf } from "../testing/machines.ts";
import { type TestRegion, type TestUser, testRegion } from "../testing/region.ts";
import type { Values } from "../testing/request.ts";

let t: TestRegion;
let logged = "";
before(async () => {
  t = await testRegion();
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      logged += chunk.toString();
      done();
    },
  });
  t.region.log = pino({ level: "trace" }, sink);
});
after(() => t?.close());

type Json = Record<string, unknown>;
const create = (who: TestUser | null, form: Values) => t.request(who, "POST", "machines/", { form });
const op = (who: TestUser | null, m: { systemId: string }, name: string, form: Values = {}) =>
  t.request(who, "POST", `machines/${m.systemId}/`, { query: { op: name }, form });
const ask = (who: TestUser | null, m: { systemId: string }, name: string) =>
  t.request(who, "GET", `machines/${m.systemId}/`, { query: { op: name } });
const many = (who: TestUser | null, name: string, form: Values = {}) =>
  t.request(who, "POST", "machines/", { query: { op: name }, form });
const list = async (who: TestUser, query: Values = {}) => {
  const reply = await t.request(who, "GET", "machines/", { query });
  assert.equal(reply.status, 200, reply.text);
  return (reply.json as { system_id: string }[]).map((m) => m.system_id);
};
const ipmi = {
  power_type: "ipmi",
  power_parameters_power_address: "10.0.0.5",
  power_parameters_power_user: "root",
  power_parameters_power_pass: "Top-Secret-1",
};

suite("adding machines", () => {
  test("a user's is New, a stranger's too; each gets a name and its addresses", async () => {
    const reply = await create(t.user, {
      architecture: "amd64",
      mac_addresses: "52:54:00:AA:00:01",
      hostname: "web-1",
    });
    assert.equal(reply.status, 200, reply.text);
    const machine = reply.json as Json;
    assert.deepEqual(
      [machine.status_name, machine.hostname, machine.architecture, machine.owner],
      ["New", "web-1", "amd64/generic", null],
    );
    assert.equal(machine.resource_uri, `/MAAS/api/2.0/machines/${String(machine.system_id)}/`);
    const stranger = await create(null, { architecture: "amd64", mac_addresses: "52:54:00:aa:00:02" });
    assert.equal(stranger.status, 200, stranger.text);
    assert.match((stranger.json as { hostname: string }).hostname, /^[a-z]+-[a-z]+$/);
    const taken = await create(null, { architecture: "amd64", mac_addresses: "52:54:00:aa:00:03", hostname: "web-1" });
    assert.equal(taken.status, 200, "a machine that enlists is not lost for its name");
    assert.notEqual((taken.json as Json).hostname, "web-1");
    assert.ok(!("power_parameters" in (stranger.json as Json)) && !("owner" in (stranger.json as Json)));
  });

  test("what is wrong is named, and nothing is half done", async () => {
    const good = { architecture: "amd64", mac_addresses: "52:54:00:aa:01:01" };
    const cases: [TestUser | null, Values, string][] = [
      [t.admin, { ...good, mac_addresses: "52:54:00:aa:00:01" }, "mac_addresses"],
      [t.admin, { ...good, mac_addresses: "52:54:00:aa:01:0g" }, "mac_addresses"],
      [t.admin, { architecture: "amd64" }, "mac_addresses"],
      [t.admin, { ...good, architecture: "pdp11" }, "architecture"],
      [t.admin, { ...good, architecture: "amd64/hwe-22.04" }, "architecture"],
      [t.admin, { ...good, hostname: "web-1" }, "hostname"],
      [t.admin, { ...good, hostname: "a b;reboot" }, "hostname"],
      [t.admin, { ...good, hostname: "x.nowhere.example" }, "hostname"],
      [t.admin, { ...good, power_type: "nonsense" }, "power_type"],
      [t.admin, { ...good, ...ipmi, power_parameters_power_address: "a b" }, "power_parameters_power_address"],
      [t.admin, { ...good, power_type: "ipmi" }, "power_parameters_power_address"],
      [t.admin, { ...good, zone: "moon" }, "zone"],
      [t.admin, { ...good, pool: "sea" }, "pool"],
      [t.admin, { ...good, min_hwe_kernel: "linux" }, "min_hwe_kernel"],
      [null, { mac_addresses: "52:54:00:aa:01:01" }, "architecture"],
      [null, { ...good, power_type: "webhook", power_parameters_power_on_uri: "http://x/" }, "power_type"],
    ];
    const before = (await list(t.admin)).length;
    for (const [who, form, field] of cases) {
      const reply = await create(who, form);
      assert.equal(reply.status, 400, `${JSON.stringify(form)}: ${reply.text}`);
      assert.ok(field in (reply.json as Json), `${field}: ${reply.text}`);
      assert.ok(!reply.text.includes("Top-Secret"));
    }
    assert.equal((await list(t.admin)).length, before);
  });

  test("what runs already is its user's, is not commissioned, and gets credentials to report its hardware with", async () => {
    const form = { hostname: "runs", deployed: "true", commission: "true" };
    assert.equal((await create(null, { ...form, architecture: "amd64" })).status, 403, "nobody's machine is in use");
    for (const [who, hostname] of [
      [t.user, "runs-1"],
      [t.admin, "runs-2"],
    ] as const) {
      const reply = await create(who, { ...form, hostname });
      const shown = reply.json as Json & { system_id: string };
      assert.deepEqual([shown.status_name, shown.owner, shown.netboot], ["Deployed", who.username, false], reply.text);
      assert.equal(shown.architecture, "amd64/generic");
      assert.ok(shown.current_commissioning_result_id, "the script that reports on it is waited for");
      const token = await ask(t.admin, { systemId: shown.system_id }, "get_token");
      assert.ok((token.json as Json).token_key, token.text);
      const row = await machineRow(t, shown.system_id);
      assert.deepEqual([row.status_deadline, row.waiting_for], [null, null]);
    }
    const unplugged = await create(t.user, { ...form, power_type: "manual" });
    assert.ok("mac_addresses" in (unplugged.json as Json), "what is switched by us has to be known by its addresses");
  });

  test("a stranger who names a known MAC takes no stored password to another BMC", async () => {
    const form = { architecture: "amd64", mac_addresses: "52:54:00:aa:01:03", commission: "false", ...ipmi };
    const id = ((await create(t.admin, form)).json as { system_id: string }).system_id;
    const evil = { architecture: "amd64", mac_addresses: "52:54:00:aa:01:03", power_type: "ipmi" };
    const reply = await create(null, { ...evil, power_parameters_power_address: "10.6.6.6" });
    assert.ok(!reply.text.includes("Top-Secret-1"));
    const now = await ask(t.admin, { systemId: id }, "power_parameters");
    assert.ok(!(now.text.includes("10.6.6.6") && now.text.includes("Top-Secret-1")), now.text);
  });
});

suite("what is refused before anything is known", () => {
  test("large bodies of callers whose signature is not good", async () => {
    const body = Buffer.alloc(3 << 20, "x");
    const type = { "content-type": "application/x-www-form-urlencoded" };
    const post = (headers: Record<string, string>) => t.request(null, "POST", "machines/", { body, headers });
    assert.equal((await post(type)).status, 413);
    assert.equal((await post({ ...type, authorization: "anything" })).status, 413);
    const wrong = { ...t.user.token, tokenSecret: "wrong" };
    assert.equal((await t.request(wrong, "POST", "machines/", { body, headers: type })).status, 401);
  });
});

suite("finding machines", () => {
  let a: AddedMachine;
  let b: AddedMachine;
  before(async () => {
    const { kysely } = t.db;
    const zone = await kysely.insertInto("zone").values({ name: "north" }).returning("id").executeTakeFirstOrThrow();
    const pool = await kysely
      .insertInto("resource_pool")
      .values({ name: "gpu" })
      .returning("id")
      .executeTakeFirstOrThrow();
    a = await addMachine(t, "ready", {
      zone_id: zone.id,
      pool_id: pool.id,
      cpu_count: 16,
      memory_mib: 32768,
      cpu_speed: 3000,
      architecture: "arm64/generic",
      power_state: "on",
      agent_name: "juju",
    });
    b = await addMachine(t, "allocated", { owner_id: t.other.id, cpu_count: 2, memory_mib: 2048 });
    const tag = await kysely.insertInto("tag").values({ name: "fast" }).returning("id").executeTakeFirstOrThrow();
    await kysely.insertInto("node_tag").values({ node_id: a.id, tag_id: tag.id }).execute();
  });

  test("each filter finds what it says, and its not_ the rest", async () => {
    const filters: [string, string][] = [
      ["zone", "north"],
      ["pool", "gpu"],
      ["tags", "fast"],
      ["arch", "arm64"],
    ];
    const all = await list(t.admin);
    for (const [name, value] of filters) {
      assert.deepEqual(await list(t.admin, { [name]: value }), [a.systemId], name);
      const negated = name === "zone" || name === "pool" ? `not_in_${name}` : `not_${name}`;
      const rest = await list(t.admin, { [negated]: value });
      assert.deepEqual(
        rest,
        all.filter((id) => id !== a.systemId),
        negated,
      );
    }
    const alone: Values[] = [
      { hostname: a.hostname },
      { id: a.systemId },
      { mac_address: a.mac },
      { agent_name: "juju" },
      { cpu_count: 10 },
      { mem: 30000 },
      { cpu_speed: 2500 },
      { power_state: "on" },
      { status: "ready" },
    ];
    for (const query of alone) assert.deepEqual(await list(t.admin, query), [a.systemId], JSON.stringify(query));
    assert.deepEqual(await list(t.admin, { tags: "fast", zone: "default" }), [], "all must hold");
    assert.deepEqual(await list(t.admin, { id: [a.systemId, b.systemId] }), [a.systemId, b.systemId]);
  });

  test("by a device that is all of what is asked, whatever the letters' case", async () => {
    const card = { bus: "pcie", hardware_type: 3, vendor_id: "8086", vendor_name: "Intel", driver: "ixgbe" };
    const values = [
      { ...card, node_id: a.id, product_id: "10fb", product_name: "82599ES" },
      { ...card, node_id: b.id, product_id: "1563", product_name: "X550" },
      { ...card, node_id: b.id, vendor_id: "10de", product_id: "10fb", product_name: "other" },
    ];
    await t.db.kysely.insertInto("node_device").values(values).execute();
    assert.deepEqual(await list(t.admin, { devices: "vendor_id=8086,product_id=10FB" }), [a.systemId]);
    assert.deepEqual(await list(t.admin, { devices: "vendor_name=intel,commissioning_driver=IXGBE" }), [
      a.systemId,
      b.systemId,
    ]);
    assert.deepEqual(await list(t.admin, { devices: "product_name=none" }), []);
    const taken = await many(t.admin, "allocate", { devices: "product_id=1563", dry_run: "true" });
    assert.equal(taken.status, 409, "the only machine with it is not Ready");
    const dry = await many(t.admin, "allocate", { devices: "product_id=10fb", dry_run: "true" });
    assert.equal((dry.json as Json).system_id, a.systemId, dry.text);
  });

  test("no machine lives in a VM host: none matches by one, and all match by none", async () => {
    const all = await list(t.admin);
    for (const [name, value] of [
      ["pod", "host-1"],
      ["pod_type", "lxd"],
    ] as const) {
      assert.deepEqual(await list(t.admin, { [name]: value }), [], name);
      assert.deepEqual(await list(t.admin, { [`not_${name}`]: value }), all, `not_${name}`);
      assert.equal((await many(t.admin, "allocate", { [name]: value, dry_run: "true" })).status, 409, name);
    }
  });

  test("by status in broad words, and by what the system runs from", async () => {
    const failed = await addMachine(t, "failed_testing");
    const memory = await addMachine(t, "deployed", { ephemeral_deploy: true });
    const all = await list(t.admin);
    assert.deepEqual(await list(t.admin, { simple_status: "failed" }), [failed.systemId]);
    assert.deepEqual(await list(t.admin, { deployment_target: "memory" }), [memory.systemId]);
    assert.deepEqual(await list(t.admin, { not_deployment_target: "disk", not_simple_status: ["failed", "new"] }), [
      memory.systemId,
    ]);
    assert.deepEqual(
      await list(t.admin, { not_simple_status: "failed" }),
      all.filter((id) => id !== failed.systemId),
    );
  });

  test("an unknown filter or value is refused by name", async () => {
    for (const [name, value] of [
      ["colour", "red"],
      ["simple_status", "asleep"],
      ["deployment_target", "tape"],
      ["devices", "colour=red"],
      ["devices", "vendor_id"],
      ["status", "asleep"],
      ["cpu_count", "many"],
      ["mac_address", "nothing"],
    ] as const) {
      const reply = await t.request(t.admin, "GET", "machines/", { query: { [name]: value } });
      assert.equal(reply.status, 400, `${name}=${value}: ${reply.text}`);
      assert.ok(reply.text.includes(name), reply.text);
    }
  });

  test("whoever does not own a machine neither lists nor reads nor moves it", async () => {
    assert.ok(!(await list(t.user)).includes(b.systemId));
    assert.ok((await list(t.other)).includes(b.systemId));
    assert.ok((await list(t.admin)).includes(b.systemId));
    assert.equal((await t.request(t.user, "GET", `machines/${b.systemId}/`)).status, 403);
    assert.equal((await t.request(t.user, "GET", "machines/zzzzzz/")).status, 404);
    assert.equal((await t.request(t.user, "GET", "machines/%00/")).status, 404);
    assert.equal((await t.request(t.user, "GET", "machines/", { query: { hostname: "a\0b" } })).status, 400);
    for (const name of ["release", "abort", "power_on", "power_off", "deploy"])
      assert.equal((await op(t.user, b, name)).status, 403, name);
    for (const name of ["commission", "test"]) assert.equal((await op(t.other, b, name)).status, 403, name);
    assert.equal((await many(t.user, "release", { machines: [b.systemId] })).status, 403);
    assert.equal(await statusOf(t, b.systemId), "allocated");
    assert.equal((await t.request(t.other, "PUT", `machines/${b.systemId}/`, { form: { hostname: "x" } })).status, 403);
    assert.equal((await t.request(t.other, "DELETE", `machines/${b.systemId}/`)).status, 403);
    assert.equal((await t.request(null, "GET", "machines/")).status, 401);
  });

  test("listing takes a round of statements for a hundred machines, and none for each", async () => {
    const { pool } = t.db;
    const prototype = Client.prototype as { query: (...args: unknown[]) => unknown };
    const { query } = prototype;
    const counted = async () => {
      let statements = 0;
      prototype.query = function counting(this: unknown, ...args: unknown[]) {
        statements += 1;
        return query.apply(this, args);
      };
      try {
        const { length } = await list(t.admin);
        return { statements, length };
      } finally {
        prototype.query = query;
      }
    };
    await list(t.admin);
    const few = await counted();
    await Promise.all(Array.from({ length: 200 }, () => addMachine(t, "missing")));
    const lots = await counted();
    assert.equal(lots.length, few.length + 200);
    assert.ok(few.statements > 1, `only ${few.statements} were counted`);
    // 200 more are two batches more, and the rest of one.
    assert.ok(lots.statements <= 4 * few.statements, `${few.statements} for few, ${lots.statements} for 200 more`);
    await pool.query("delete from node where status = 3");
  });
});

suite("changing and deleting", () => {
  test("update changes what is named, refuses the rest by name, and never shows a password", async () => {
    const m = await addMachine(t, "ready");
    const put = (form: Values) => t.request(t.admin, "PUT", `machines/${m.systemId}/`, { form });
    const reply = await put({ hostname: "renamed", description: "new words", zone: "north", ...ipmi });
    assert.equal(reply.status, 200, reply.text);
    const machine = reply.json as { hostname: string; description: string; zone: { name: string }; power_type: string };
    assert.deepEqual(
      [machine.hostname, machine.description, machine.zone.name, machine.power_type],
      ["renamed", "new words", "north", "ipmi"],
    );
    assert.equal((await put({ hostname: "web-1" })).status, 400);
    assert.equal((await put({ pool: "sea" })).status, 400);
    assert.equal((await machineRow(t, m.systemId)).hostname, "renamed");
    const parameters = await ask(t.admin, m, "power_parameters");
    assert.equal((parameters.json as Json).power_pass, "Top-Secret-1");
    assert.equal((await ask(t.user, m, "power_parameters")).status, 403);
    for (const reading of [reply, await t.request(t.admin, "GET", `machines/${m.systemId}/`)])
      assert.ok(!reading.text.includes("Top-Secret-1"));
    assert.equal((await t.request(t.admin, "DELETE", `machines/${m.systemId}/`)).status, 204);
    assert.equal((await t.request(t.admin, "GET", `machines/${m.systemId}/`)).status, 404);
  });

  test("a locked machine is left alone", async () => {
    const m = await addMachine(t, "deployed", { owner_id: t.user.id, locked: true });
    assert.equal((await op(t.user, m, "release")).status, 403);
    assert.equal((await t.request(t.admin, "DELETE", `machines/${m.systemId}/`)).status, 403);
    assert.equal((await t.request(t.admin, "GET", `machines/${m.systemId}/`)).status, 200);
  });
});

suite("the life of machines", () => {
  test("commissioning needs an image, and a power type", async () => {
    const m = await addMachine(t, "new");
    const none = await op(t.admin, m, "commission");
    assert.equal(none.status, 400);
    assert.match(none.text, /no image.*script\/image.*script\/up --image/i);
    assert.equal(await statusOf(t, m.systemId), "new");
    await addImage(t);
    const powerless = await addMachine(t, "new", { power_type: "" });
    const reply = await op(t.admin, powerless, "commission");
    assert.equal(reply.status, 400);
    assert.ok("power_type" in (reply.json as Json), reply.text);
    const started = await op(t.admin, m, "commission", { comment: "at last" });
    assert.deepEqual([started.status, (started.json as Json).status_name], [200, "Commissioning"]);
    assert.equal((await op(t.admin, m, "commission")).status, 400, "it is at it already");
    assert.equal(((await op(t.admin, m, "abort")).json as Json).status_name, "New");
    assert.equal((await op(t.admin, m, "abort")).status, 409);
  });

  test("accept, accept_all: New ones start, those past it are passed over, others are refused", async () => {
    const fresh = await addMachine(t, "new");
    const ready = await addMachine(t, "ready");
    const ids = [fresh.systemId, ready.systemId];
    assert.equal((await many(null, "accept", { machines: ids })).status, 401);
    assert.equal((await many(t.user, "accept", { machines: ids })).status, 403);
    assert.equal((await many(t.admin, "accept", { machines: [...ids, "zzzzzz"] })).status, 400);
    const broken = await addMachine(t, "broken");
    assert.equal((await many(t.admin, "accept", { machines: [...ids, broken.systemId] })).status, 409);
    assert.equal(await statusOf(t, fresh.systemId), "new", "all or none");
    const reply = await many(t.admin, "accept", { machines: ids });
    assert.deepEqual(
      (reply.json as { system_id: string }[]).map((m) => m.system_id),
      [fresh.systemId],
    );
    await t.db.pool.query("update node set power_type = 'manual' where status = 0 and power_type = ''");
    const rest = await list(t.admin, { status: "new" });
    const lacking = [await addMachine(t, "new", { power_type: "" }), await addMachine(t, "new", { locked: true })];
    const all = await many(t.admin, "accept_all");
    for (const m of lacking) assert.equal(await statusOf(t, m.systemId), "new", "it keeps no other waiting");
    assert.equal(all.status, 200, all.text);
    assert.deepEqual((all.json as { system_id: string }[]).map((m) => m.system_id).sort(), rest.sort());
    assert.deepEqual((await many(t.user, "accept_all")).json, []);
  });

  test("deploying a New machine is a conflict, and said so", async () => {
    const m = await addMachine(t, "new");
    const reply = await op(t.user, m, "deploy");
    assert.equal(reply.status, 409);
    assert.match(reply.text, /is New, and deploy starts from Ready, Allocated/);
    const bad = await op(t.user, await addMachine(t, "ready"), "deploy", { distro_series: "hurd" });
    assert.equal(bad.status, 400);
    assert.ok("distro_series" in (bad.json as Json), bad.text);
  });

  test("power: of one's own machines, where it can be switched", async () => {
    const free = await addMachine(t, "ready", { power_type: "ipmi" });
    assert.equal((await op(t.user, free, "power_on")).status, 409, "nobody's");
    const manual = await addMachine(t, "deployed", { owner_id: t.user.id });
    assert.equal((await op(t.user, manual, "power_on")).status, 400);
    assert.equal((await op(t.user, manual, "power_off")).text, "null");
    assert.deepEqual((await ask(t.user, manual, "query_power_state")).json, { state: "unknown" });
  });

  test("the BMC is asked through a rack, and what it says is kept", async () => {
    const m = await addMachine(t, "deployed", { owner_id: t.user.id });
    await t.request(t.admin, "PUT", `machines/${m.systemId}/`, { form: ipmi });
    const none = await ask(t.user, m, "query_power_state");
    assert.deepEqual([none.status, none.headers["retry-after"]], [503, "10"]);
    t.racks.connect({ nodeId: 99 });
    t.racks.answer("power", () => ({ state: "on" }));
    assert.deepEqual((await ask(t.user, m, "query_power_state")).json, { state: "on" });
    assert.equal((await machineRow(t, m.systemId)).power_state, "on");
    assert.equal((await ask(t.other, m, "query_power_state")).status, 403);
    t.racks.disconnect(99);
  });

  test("releases of several: all or none, twice is no error", async () => {
    const mine = await addMachine(t, "allocated", { owner_id: t.user.id });
    const also = await addMachine(t, "failed_deployment", { owner_id: t.user.id });
    const busy = await addMachine(t, "commissioning", {
      waiting_for: "dhcp",
      status_deadline: new Date(Date.now() + 60_000),
    });
    const ids = [mine.systemId, also.systemId];
    assert.equal((await many(t.user, "release", {})).status, 400);
    assert.equal((await many(t.user, "release", { machines: [...ids, "zzzzzz"] })).status, 400);
    const refused = await many(t.user, "release", { machines: [...ids, busy.systemId] });
    assert.equal(refused.status, 409);
    assert.match(refused.text, new RegExp(`${busy.systemId} \\('Commissioning'\\)`));
    assert.equal(await statusOf(t, mine.systemId), "allocated");
    const reply = await many(t.user, "release", { machines: ids });
    assert.deepEqual((reply.json as string[]).sort(), ids.sort());
    const row = await machineRow(t, mine.systemId);
    assert.deepEqual([row.owner_id, row.agent_name, row.allocated_token, row.osystem], [null, "", null, ""]);
    const ready = await addMachine(t, "ready");
    assert.deepEqual((await many(t.user, "release", { machines: [ready.systemId] })).json, []);
  });

  test("tokens, hardware details, registration", async () => {
    const m = await addMachine(t, "deployed", { owner_id: t.user.id });
    assert.equal((await ask(t.admin, m, "get_token")).json, null);
    const token = await inTransaction({ region: t.region }, (tx) => newNodeToken(t.region, tx, m.id));
    assert.deepEqual((await ask(t.admin, m, "get_token")).json, {
      token_key: token.tokenKey,
      token_secret: token.tokenSecret,
      consumer_key: token.consumerKey,
    });
    assert.equal((await ask(t.user, m, "get_token")).status, 403);
    assert.ok(!(await t.request(t.admin, "GET", `machines/${m.systemId}/`)).text.includes(token.tokenSecret));
    const details = await ask(t.user, m, "details");
    assert.equal(details.headers["content-type"], "application/bson");
    assert.deepEqual(deserialize(details.bytes), { lshw: null, lldp: null });
    const registered = async (who: TestUser | null, mac: string) =>
      (await t.request(who, "GET", "machines/", { query: { op: "is_registered", mac_address: mac } })).json;
    const fresh = await addMachine(t, "new");
    assert.equal(await registered(null, m.mac), true);
    assert.equal(await registered(null, fresh.mac), false);
    assert.equal(await registered(t.user, fresh.mac), true);
    assert.equal(await registered(null, "52:54:00:ff:ff:ff"), false);
    const none = await t.request(null, "GET", "machines/", { query: { op: "is_registered" } });
    assert.equal(none.status, 400);
  });
});

suite("allocating", () => {
  before(() => t.db.pool.query("update node set status = 8 where status = 4"));

  test("by the class of the fabric that holds an interface", async () => {
    const fabric = await t.db.kysely
      .insertInto("fabric")
      .values({ name: "fast", class_type: "25g" })
      .returning("id")
      .executeTakeFirstOrThrow();
    const vlan = await t.db.kysely
      .insertInto("vlan")
      .values({ fabric_id: fabric.id, vid: 0 })
      .returning("id")
      .executeTakeFirstOrThrow();
    const fast = await addMachine(t, "ready", { cpu_count: 64 });
    const slow = await addMachine(t, "ready", { cpu_count: 1 });
    await t.db.kysely.updateTable("interface").set({ vlan_id: vlan.id }).where("node_id", "=", fast.id).execute();
    const got = async (form: Values) =>
      ((await many(t.user, "allocate", form)).json as { system_id: string }).system_id;
    assert.equal(await got({ fabric_classes: "25g", dry_run: "true" }), fast.systemId);
    assert.equal(await got({ not_fabric_classes: "25g", dry_run: "true" }), slow.systemId);
    assert.equal((await many(t.user, "allocate", { fabric_classes: "100g" })).status, 409);
    await t.db.kysely.updateTable("node").set({ status: 8 }).where("id", "in", [fast.id, slow.id]).execute();
  });

  test("by traits, the smallest that will do; nothing that does is a conflict in words", async () => {
    const small = await addMachine(t, "ready", { cpu_count: 1, memory_mib: 1024 });
    const large = await addMachine(t, "ready", { cpu_count: 8, memory_mib: 8192 });
    const allocate = (form: Values) => many(t.user, "allocate", form);
    const got = async (form: Values) => ((await allocate(form)).json as { system_id: string }).system_id;
    assert.equal(await got({ dry_run: "true" }), small.systemId);
    assert.equal(await statusOf(t, small.systemId), "ready", "only asked");
    assert.equal(await got({ cpu_count: 4, agent_name: "agent-7" }), large.systemId);
    const row = await machineRow(t, large.systemId);
    assert.deepEqual([row.owner_id, row.agent_name], [t.user.id, "agent-7"]);
    const none = await allocate({ cpu_count: 4 });
    assert.equal(none.status, 409);
    assert.equal(none.text, "No available machine matches constraints: cpu_count=4.");
    assert.match(none.headers["content-type"] ?? "", /^text\/plain/);
    for (const [name, value] of [
      ["colour", "red"],
      ["zone", "moon"],
      ["cpu_count", "many"],
    ] as const)
      assert.equal((await allocate({ [name]: value })).status, 400, name);
    assert.equal((await many(null, "allocate")).status, 401);
    assert.equal(await got({ name: small.hostname }), small.systemId);
    const empty = await allocate({});
    assert.deepEqual([empty.status, empty.text], [409, "No machine available: none is Ready and free."]);
    const second = await t.addToken(t.user, "second");
    const byKey = async (who: TestUser | typeof second) =>
      (
        (await t.request(who, "GET", "machines/", { query: { op: "list_allocated" } })).json as { system_id: string }[]
      ).map((m) => m.system_id);
    assert.deepEqual((await byKey(t.user)).sort(), [small.systemId, large.systemId].sort());
    assert.deepEqual(await byKey(second), [], "another key of the same user");
  });

  test("fifty at once for ten machines: each machine to one caller, forty conflicts", async () => {
    const machines = await Promise.all(Array.from({ length: 10 }, () => addMachine(t, "ready")));
    const callers = [t.user, t.other, t.admin];
    const replies = await Promise.all(
      Array.from({ length: 50 }, (_, i) => many(callers[i % 3] ?? t.user, "allocate", { agent_name: `caller-${i}` })),
    );
    const won = replies.flatMap((r, i) =>
      r.status === 200 ? [{ id: (r.json as { system_id: string }).system_id, agent: `caller-${i}` }] : [],
    );
    assert.deepEqual(won.map((w) => w.id).sort(), machines.map((m) => m.systemId).sort());
    assert.equal(replies.filter((r) => r.status === 409).length, 40);
    for (const { id, agent } of won) assert.equal((await machineRow(t, id)).agent_name, agent);
    const { rows } = await t.db.pool.query(
      "select node_id from event where type = 'ALLOCATED' and node_id = any($1::bigint[]) group by node_id having count(*) = 1",
      [machines.map((m) => m.id)],
    );
    assert.equal(rows.length, 10, "each is told once");
  });
});

test("no secret is in any event, log line or stored reply", async () => {
  const { rows } = await t.db.pool.query<{ n: number }>(
    "select count(*)::int as n from event where description like '%Top-Secret-1%'",
  );
  assert.equal(rows[0]?.n, 0);
  for (const secret of ["Top-Secret-1", t.admin.token.tokenSecret, t.user.token.tokenSecret])
    assert.ok(!logged.includes(secret));
});

test("who adds and who changes a machine is in the audit log", async () => {
  const form = {
    hostname: "audited",
    architecture: "amd64/generic",
    mac_addresses: "52:54:00:aa:aa:01",
    power_type: "manual",
  };
  const made = await t.request(t.admin, "POST", "machines/", { form: { ...form, commission: "false" } });
  const { system_id } = made.json as { system_id: string };
  await t.request(t.admin, "PUT", `machines/${system_id}/`, { form: { description: "x" } });
  const log = await t.request(t.admin, "GET", "events/", { query: { op: "query", level: "AUDIT", limit: 2 } });
  const { events } = log.json as { events: { username: string; description: string }[] };
  assert.deepEqual(
    events.map((e) => [e.username, e.description]),
    [
      ["admin", "Updated description."],
      ["admin", `Added machine 'audited' (${system_id}).`],
    ],
  );
});
