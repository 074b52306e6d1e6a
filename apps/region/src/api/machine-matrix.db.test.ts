/** Every operation on machines, in every status, by every kind of caller, over the real API: against the reference's table. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  ANY,
  CALLERS,
  type Caller,
  expected,
  expectedLocked,
  MATRIX,
  type Row,
  STATUS_NAMES,
} from "@rackwright/domain/machine/lifecycle/matrix-fixture";
import { isWaiting, type MachineStatus } from "@rackwright/domain/machine/status";
import { parse } from "yaml";
import { type AddedMachine, addImage, addMachine, statusOf } from "../testing/machines.ts";
import { type TestRegion, type TestUser, testRegion } from "../testing/region.ts";
import type { Response, Values } from "../testing/request.ts";

let t: TestRegion;
let subnet: number;
let source: AddedMachine;
let testScript: string;
before(async () => {
  t = await testRegion();
  await addImage(t);
  const row = await t.db.kysely
    .insertInto("subnet")
    .values({ name: "lan", vlan_id: 1, cidr: "10.0.0.0/16" })
    .returning("id")
    .executeTakeFirstOrThrow();
  subnet = row.id;
  source = await deployable("ready", {});
  testScript = "matrix-test";
  const made = await t.request(t.admin, "POST", "scripts/", {
    multipart: { name: testScript, type: "testing", script: { filename: "s", content: "#!/bin/sh\n" } },
  });
  assert.equal(made.status, 200, made.text);
});
after(() => t?.close());

const callers = (): Record<Caller, TestUser | null> => ({
  nobody: null,
  other: t.other,
  owner: t.user,
  admin: t.admin,
});

/** A machine that lacks nothing: a disk with a root file system, a link, power, a past commissioning. */
async function deployable(status: MachineStatus, columns: Record<string, unknown>): Promise<AddedMachine> {
  const m = await addMachine(t, status, {
    power_type: "webhook",
    power_state: "on",
    ...(isWaiting(status)
      ? { status_deadline: new Date(t.clock.now().getTime() + 600_000), waiting_for: "next_script" }
      : {}),
    ...columns,
  });
  await t.db.pool.query(
    `with set as (insert into script_set (node_id, result_type) values ($1, 0) returning id),
      n as (update node set commissioning_set_id = (select id from set) where id = $1),
      d as (insert into block_device (node_id, name, size_bytes, block_size_bytes, partition_table_type)
        values ($1, 'sda', 20000000000, 512, 'gpt') returning id),
      p as (insert into partition (block_device_id, index, uuid, size_bytes) select id, 2, gen_random_uuid(), 19000000000 from d returning id),
      a as (insert into ip_address (interface_id, alloc_type, subnet_id) select id, 0, $2 from interface where node_id = $1)
    insert into filesystem (node_id, partition_id, fstype, uuid, label, mount_point, acquired)
      select $1, id, 'ext4', gen_random_uuid(), 'root', '/', acquired from p, (values (true), (false)) as v(acquired)`,
    [m.id, subnet],
  );
  return m;
}

function formOf(row: Row, m: AddedMachine): Values {
  switch (row.op) {
    case "accept":
      return { machines: m.systemId };
    case "release":
      return row.method === "many" ? { machines: m.systemId } : {};
    case "clone":
      return { source: source.systemId, destinations: m.systemId, storage: true };
    case "set_zone":
      return { zone: "default", nodes: m.systemId };
    case "set_storage_layout":
      return { storage_layout: "blank" };
    case "test":
      return { testing_scripts: testScript };
    case "set_workload_annotations":
    case "set_owner_data":
      return { role: "web" };
    case null:
      return row.method === "PUT" ? { description: "seen" } : {};
    default:
      return {};
  }
}

function ask(row: Row, m: AddedMachine, who: TestUser | null): Promise<Response> {
  const path = row.method === "many" ? "machines/" : `machines/${m.systemId}/`;
  const method = row.method === "many" ? "POST" : row.method;
  return t.request(who, method, path, {
    ...(row.op === null ? {} : { query: { op: row.op } }),
    ...(method === "POST" || method === "PUT" ? { form: formOf(row, m) } : {}),
  });
}

const label = (row: Row) => `${row.method} ${row.op ?? "(plain)"}`;

for (const row of MATRIX) {
  test(`${label(row)}: as the table has it`, async () => {
    const wrong: string[] = [];
    const of = async (code: number, owned: boolean) => {
      const status = STATUS_NAMES[code] as MachineStatus;
      const make = () => deployable(status, { owner_id: owned ? t.user.id : null });
      let m = await make();
      for (const caller of CALLERS) {
        const want = expected(row, code, caller, owned);
        const reply = await ask(row, m, callers()[caller]);
        const where = `${status}, ${owned ? "owned" : "nobody's"}, by ${caller}`;
        if (reply.status !== want) wrong.push(`${where}: ${reply.status}, not ${want}: ${reply.text.slice(0, 200)}`);
        if (reply.status < 300 && row.method !== "GET") m = await make();
        else if ((await statusOf(t, m.systemId)) !== status) wrong.push(`${where}: refused and changed`);
      }
    };
    // Different machines: they have nothing to wait for of each other.
    await Promise.all(ANY.map(async (code) => [await of(code, true), await of(code, false)]));
    assert.deepEqual(wrong, []);
  });
}

test("a locked machine: nothing but reading and the lock", async () => {
  const wrong: string[] = [];
  for (const row of MATRIX)
    for (const caller of CALLERS) {
      const m = await deployable("deployed", { owner_id: t.user.id, locked: true });
      const reply = await ask(row, m, callers()[caller]);
      const want = expectedLocked(row, caller);
      if (reply.status !== want) wrong.push(`${label(row)} by ${caller}: ${reply.status}, not ${want}: ${reply.text}`);
    }
  assert.deepEqual(wrong, []);
});

test("how a machine is installed: its disks and its network, and no credentials", async () => {
  const m = await deployable("deployed", { owner_id: t.user.id });
  const reply = await t.request(t.user, "GET", `machines/${m.systemId}/`, { query: { op: "get_curtin_config" } });
  assert.match(reply.headers["content-type"] ?? "", /^text\/plain/);
  const read = parse(reply.text) as { storage: { config: { type: string }[] }; network: { ethernets: object } };
  const types = read.storage.config.map((item) => item.type);
  for (const type of ["disk", "partition", "format", "mount"]) assert.ok(types.includes(type), reply.text);
  assert.deepEqual(Object.keys(read.network.ethernets), ["eth0"]);
  assert.doesNotMatch(reply.text, /token|secret|consumer/i);
});

test("allocate takes a Ready machine, and none that is named in any other status or is locked", async () => {
  const allocate = (who: TestUser | null, m: AddedMachine) =>
    t.request(who, "POST", "machines/", { query: { op: "allocate" }, form: { system_id: m.systemId } });
  for (const code of ANY) {
    const status = STATUS_NAMES[code] as MachineStatus;
    for (const who of [t.user, t.admin]) {
      const reply = await allocate(who, await deployable(status, {}));
      assert.equal(reply.status, status === "ready" ? 200 : 409, `${status} by ${who.username}: ${reply.text}`);
    }
  }
  assert.equal((await allocate(t.user, await deployable("ready", { locked: true }))).status, 409);
  assert.equal((await allocate(null, await deployable("ready", {}))).status, 401);
});
