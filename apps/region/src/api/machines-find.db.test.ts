import assert from "node:assert/strict";
import { after, before, suite, test } from "node:test";
import { Client } from "pg";

import { machineCalls } from "../testing/machine-calls.ts";
import { type AddedMachine, addMachine, machineRow, statusOf } from "../testing/machines.ts";
import { type TestRegion, type TestUser, testRegion } from "../testing/region.ts";
import type { Values } from "../testing/request.ts";

let t: TestRegion;
before(async () => {
  t = await testRegion();
});
after(() => t?.close());

type Json = Record<string, unknown>;
const { op, many, list } = machineCalls(() => t);

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
