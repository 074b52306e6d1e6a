/** Whether a machine has another label after each commit that changed it, when several write at once (migrations 0134 and 0140). */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { PoolClient } from "pg";
import { type TestDatabase, testDatabase } from "./testing/database.ts";
import { addManyMachines } from "./testing/many-machines.ts";
import { until } from "./testing/until.ts";

let t: TestDatabase;
let first: number;
let second: number;
before(async () => {
  t = await testDatabase();
  await addManyMachines(t.db, 2);
  const { rows } = await t.db.pool.query<{ id: number }>("select id from node order by id");
  [first, second] = rows.map((row) => row.id) as [number, number];
  await t.db.pool.query(`
    insert into script (name, type, hardware_type) values ('burn', 2, 1);
    insert into script_set (node_id, result_type) values (${first}, 2);
    insert into vm_host (name, type, power_address, power_parameters) values ('kvm', 'virsh', 'qemu:///system', '');`);
});
after(() => t?.close());

const labelOf = async (id: number, by: Pick<PoolClient, "query"> = t.db.pool) => {
  const { rows } = await by.query<{ label: string }>("select label from machine_label where node_id = $1", [id]);
  return rows[0]?.label;
};

/** Two in a transaction each; none waits for ever. */
async function two(work: (a: PoolClient, b: PoolClient) => Promise<void>): Promise<void> {
  const clients = [await t.db.pool.connect(), await t.db.pool.connect()] as const;
  try {
    for (const client of clients) await client.query("begin; set local lock_timeout = '5s'");
    await work(...clients);
  } finally {
    // Ends what the test left open.
    for (const client of clients) client.release(true);
  }
}

const waits = (client: PoolClient) =>
  until(
    async () => {
      const { processID } = client as unknown as { processID: number };
      const { rows } = await t.db.pool.query(
        "select from pg_stat_activity where pid = $1 and wait_event_type = 'Lock'",
        [processID],
      );
      return rows.length === 1;
    },
    { what: "it to wait for the other" },
  );

test("who writes of a machine waits for nobody else who does, and deadlocks with none", () =>
  two(async (a, b) => {
    const event = `insert into event (node_id, type, level, description) values (${first}, 'ready', 20, '')`;
    await a.query(event);
    await b.query(event);
    await b.query(`update node set description = 'of b' where id = ${first}`);
    const written = a.query(`update node set description = 'of a' where id = ${first}`);
    await waits(a);
    await b.query("commit");
    await written;
    const then = await labelOf(first);
    await a.query("commit");
    assert.notEqual(await labelOf(first), then);
  }));

/** An interface with an address. */
async function addInterface(nodeId: number | null, address: string): Promise<number> {
  const { rows } = await t.db.pool.query<{ id: number }>(
    `insert into interface (node_id, name, type, mac) values ($1, 'moves', $2, '06:00:00:00:00:01') returning id`,
    [nodeId, nodeId === null ? "unknown" : "physical"],
  );
  const id = rows[0]?.id;
  assert.ok(id);
  await t.db.pool.query("insert into ip_address (alloc_type, ip, interface_id) values (5, $1, $2)", [address, id]);
  return id;
}
const give = (id: number) => `update interface set node_id = ${second}, type = 'physical' where id = ${id}`;
const readdress = (id: number, ip: string) => `update ip_address set ip = '${ip}' where interface_id = ${id}`;

for (const whose of ["another machine's", "nobody's"])
  test(`an address of an interface that was ${whose} until just now`, async () => {
    const id = await addInterface(whose === "nobody's" ? null : first, "10.9.9.1");
    await two(async (a, b) => {
      await b.query(give(id));
      const written = a.query(readdress(id, "10.9.9.2"));
      await Promise.race([written, waits(a)]);
      await b.query("commit");
      await written;
      const then = await labelOf(second);
      await a.query("commit");
      assert.notEqual(await labelOf(second), then);
    });
    await t.db.pool.query(`delete from interface where id = ${id}`);
  });

test("an interface of nobody's is given to a machine after its new address is committed, not beside that", async () => {
  const id = await addInterface(null, "10.9.9.1");
  await two(async (a, b) => {
    await a.query(readdress(id, "10.9.9.2"));
    await a.query("set constraints all immediate");
    const given = b.query(give(id));
    await waits(b);
    await a.query("commit");
    await given;
  });
});

const beside: Record<string, [writes: string, changes: string]> = {
  "what a script tests, beside a new result of it": [
    "insert into script_result (set_id, script_id, name, status) select (select max(id) from script_set), id, 'burn', 2 from script where name = 'burn'",
    "update script set hardware_type = 2 where name = 'burn'",
  ],
  "where a VM host runs, beside a new machine on it": [
    "insert into virtual_machine (node_id, vm_host_id, identifier, uuid, memory_mib) select FIRST, id, 'vm', gen_random_uuid()::text, 1 from vm_host",
    "update vm_host set host_node_id = SECOND",
  ],
};
for (const [what, [writes, changes]] of Object.entries(beside))
  test(`a change of ${what}`, () =>
    two(async (a, b) => {
      const of = (statement: string) => statement.replace("FIRST", String(first)).replace("SECOND", String(second));
      await a.query(of(writes));
      await a.query("set constraints all immediate");
      const then = await labelOf(first, a);
      await b.query(of(changes));
      const committed = b.query("commit");
      await waits(b);
      await a.query("commit");
      await committed;
      assert.notEqual(await labelOf(first), then);
    }));

test("of two who remove the newest events, the later one changes the label too", () =>
  two(async (a, b) => {
    const { rows } = await t.db.pool.query<{ id: number }>(
      `insert into event (node_id, type, level, description) select ${first}, 'ready', 20, '' from generate_series(1, 3) returning id`,
    );
    const [, older, newest] = rows.map((row) => row.id);
    await b.query(`delete from event where id = ${newest}`);
    await a.query(`delete from event where id = ${older}`);
    await b.query("set constraints all immediate");
    const then = await labelOf(first, b);
    const committed = a.query("commit");
    await waits(a);
    await b.query("commit");
    await committed;
    assert.notEqual(await labelOf(first), then);
  }));
