import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, before, beforeEach, suite, test } from "node:test";
import type { LeaseEvent } from "@rackwright/db/kea/listen";
import { KEA_SCHEMA_FILE } from "@rackwright/db/kea/schema";
import { keaTestDatabase, type KeaTestDatabase } from "@rackwright/db/kea/testing";
import type { KeaDatabase } from "@rackwright/db/kea-access";
import { until } from "@rackwright/testkit/until";
import { testRegion, type TestRegion } from "../testing/region.ts";
import { leaseLookup, recordLease, startLeaseEvents } from "./leases.ts";

const MAC = "02:00:00:00:00:02";
let t: TestRegion;
before(async () => {
  t = await testRegion();
  await t.db.pool.query(`
    insert into node (id, system_id, hostname, boot_epoch) overriding system value values (200, 'm1', 'otter', 3);
    insert into interface (id, node_id, name, mac, vlan_id) values (2, 200, 'eth0', '${MAC}', 1);
    insert into vlan (id, fabric_id, vid) values (50, 0, 5);
    insert into subnet (id, name, cidr, vlan_id) values (7, 'a', '10.7.0.0/24', 50);
    insert into ip_range (subnet_id, type, start_ip, end_ip) values (7, 'dynamic', '10.7.0.100', '10.7.0.199')`);
});
after(() => t?.close());
beforeEach(() =>
  t.db.pool.query(
    "delete from ip_address; delete from evidence; update node set boot_epoch = 3; update interface set vlan_id = 1",
  ),
);

const lease = (action: LeaseEvent["action"], ip: string, mac = MAC): LeaseEvent => ({
  action,
  lease: { ip, mac, subnetId: 7, hostname: null, leaseSeconds: 600, expiresAt: new Date(), state: "active" },
});
const addresses = async () =>
  (await t.db.pool.query<object>("select alloc_type as type, ip, subnet_id as subnet from ip_address order by id"))
    .rows;
const evidence = async () =>
  (await t.db.pool.query<{ text: string }>("select text from evidence order by id")).rows.map((r) => r.text);

test("a lease is evidence once per boot, an observed address, and tells the interface's VLAN", async () => {
  await recordLease(t.region, lease("commit", "10.7.0.100"));
  await recordLease(t.region, lease("commit", "10.7.0.100"));
  assert.deepEqual(await evidence(), ["DHCP lease of 10.7.0.100 given"]);
  assert.deepEqual(await addresses(), [{ type: 6, ip: "10.7.0.100", subnet: 7 }]);
  assert.deepEqual((await t.db.pool.query("select vlan_id from interface where id = 2")).rows, [{ vlan_id: 50 }]);
  await t.db.pool.query("update node set boot_epoch = 4");
  await recordLease(t.region, lease("commit", "10.7.0.100"));
  assert.equal((await evidence()).length, 2);
  await recordLease(t.region, lease("commit", "10.7.0.101"));
  assert.deepEqual(await addresses(), [{ type: 6, ip: "10.7.0.101", subnet: 7 }]);
  await recordLease(t.region, lease("expiry", "10.7.0.101"));
  assert.deepEqual(await addresses(), [{ type: 6, ip: null, subnet: 7 }]);
  assert.match((await evidence()).at(-1) ?? "", /held 10\.7\.0\.101 until/);
});

test("the lease of a reservation is evidence and no observation; a configured interface keeps its VLAN", async () => {
  await t.db.pool.query(
    "insert into ip_address (alloc_type, ip, subnet_id, interface_id) values (1, '10.7.0.5', 7, 2)",
  );
  await recordLease(t.region, lease("commit", "10.7.0.5"));
  await recordLease(t.region, lease("commit", "10.7.0.150"));
  assert.deepEqual((await evidence()).length, 2);
  assert.deepEqual(await addresses(), [
    { type: 1, ip: "10.7.0.5", subnet: 7 },
    { type: 6, ip: "10.7.0.150", subnet: 7 },
  ]);
  assert.deepEqual((await t.db.pool.query("select vlan_id from interface where id = 2")).rows, [{ vlan_id: 1 }]);
});

test("a stranger's lease is evidence under its MAC, its renewals are not", async () => {
  await recordLease(t.region, lease("commit", "10.7.0.120", "02:00:00:00:00:ff"));
  await recordLease(t.region, lease("commit", "10.7.0.120", "02:00:00:00:00:ff"));
  const { rows } = await t.db.pool.query("select node_id, mac from evidence");
  assert.deepEqual(rows, [{ node_id: null, mac: "02:00:00:00:00:ff" }]);
  assert.deepEqual(await addresses(), []);
});

test("without DHCP of ours nobody can tell who holds a lease", async () => {
  assert.equal(await leaseLookup(null).leaseOf(MAC), null);
});

const skip = existsSync(KEA_SCHEMA_FILE) ? false : `package kea-admin is not installed: ${KEA_SCHEMA_FILE} is missing`;
suite("with Kea's database", { skip }, () => {
  let kea: KeaTestDatabase;
  let database: KeaDatabase;
  before(async () => {
    kea = await keaTestDatabase();
    const { host, port, user, password, database: name } = kea.connection;
    database = { host, port, user, password, name };
  });
  after(() => kea?.close());

  test("the lease of a MAC is looked up; a database that was never made is no error", async () => {
    const lookup = leaseLookup(database);
    const none = leaseLookup({ ...database, name: `${database.name}_none` });
    try {
      assert.equal(await lookup.leaseOf(MAC), undefined);
      await insertLease("10.7.0.110");
      assert.equal(await lookup.leaseOf(MAC), "10.7.0.110");
      assert.equal(await none.leaseOf(MAC), null);
    } finally {
      await lookup.close();
      await none.close();
    }
  });

  test("what Kea writes becomes evidence, also what it wrote before anybody listened", async () => {
    await kea.client.query("delete from lease4");
    await insertLease("10.7.0.111");
    const stop = await startLeaseEvents(t.region, database);
    try {
      await until(async () => (await addresses()).length === 1, { what: "the lease from before" });
      await kea.client.query("delete from lease4");
      await until(async () => (await evidence()).length === 2, { what: "its end" });
      assert.deepEqual(await evidence(), ["DHCP lease of 10.7.0.111 given", "returned 10.7.0.111"]);
      await until(async () => ((await addresses())[0] as { ip: string | null }).ip === null);
    } finally {
      await stop();
    }
  });

  const insertLease = (ip: string) =>
    kea.client.query(
      `insert into lease4(address, hwaddr, valid_lifetime, expire, subnet_id, state)
       values ($1::inet - '0.0.0.0'::inet, decode($2, 'hex'), 600, now() + interval '600 s', 7, 0)`,
      [ip, MAC.replaceAll(":", "")],
    );
});
