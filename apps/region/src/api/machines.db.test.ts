import assert from "node:assert/strict";
import { Writable } from "node:stream";
import { after, before, suite, test } from "node:test";
import { deserialize } from "bson";

import { pino } from "pino";
import { newNodeToken } from "../auth/tokens.ts";
import { inTransaction } from "../context.ts";
import { machineCalls } from "../testing/machine-calls.ts";
import { addImage, addMachine, machineRow, statusOf } from "../testing/machines.ts";
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
const { create, op, ask, many, list } = machineCalls(() => t);
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

suite("changing and deleting", () => {
  test("update changes what is named, refuses the rest by name, and never shows a password", async () => {
    await t.db.kysely.insertInto("zone").values({ name: "north" }).execute();
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
