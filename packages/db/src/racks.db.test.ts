import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, test } from "node:test";
import { sql } from "kysely";
import { transaction } from "./connect.ts";
import { insertRack, lockRack, storeRackReport } from "./racks.ts";
import { testDatabase } from "./testing/database.ts";

const t = await testDatabase();
after(() => t.close());

const makeRack = async (hostname: string) => {
  const rack = await transaction(t.db, (tx) =>
    insertRack(tx, { rackId: randomUUID(), hostname, inRegion: false, systemId: hostname, domainId: 0 }),
  );
  assert.ok(rack);
  return rack.nodeId;
};
const report = (nodeId: number, interfaces: { name: string; mac: string; addresses: string[] }[]) =>
  transaction(t.db, (tx) => storeRackReport(tx, nodeId, { version: "1", architecture: "amd64/generic", interfaces }));
const stored = async (nodeId: number) => {
  const { rows } = await sql<{ line: string }>`
    select concat_ws(' ', i.name, i.type, i.mac, i.vlan_id is not null, host(a.ip), a.alloc_type, s.name) as line
    from interface i left join ip_address a on a.interface_id = i.id left join subnet s on s.id = a.subnet_id
    where i.node_id = ${nodeId} order by i.name, a.ip`.execute(t.db.kysely);
  return rows.map(({ line }) => line);
};

test("interfaces and addresses become those reported; known subnets say which VLAN they are on", async () => {
  const vlan = await t.db.kysely.selectFrom("vlan").select("id").executeTakeFirstOrThrow();
  await t.db.kysely
    .insertInto("subnet")
    .values([
      { name: "wide", cidr: "10.0.0.0/8", vlan_id: vlan.id },
      { name: "boot", cidr: "10.1.0.0/24", vlan_id: vlan.id },
    ])
    .execute();
  const nodeId = await makeRack("rack1");
  const mac = "52:54:00:00:00:01";
  await report(nodeId, [
    { name: "eth0", mac, addresses: ["10.1.0.1/24", "192.168.9.1/24"] },
    { name: "br0", mac, addresses: ["10.2.0.1/16"] },
    { name: "eth0.5", mac, addresses: [] },
    { name: "eth1", mac: "52:54:00:00:00:02", addresses: ["fd00::1/64"] },
  ]);
  assert.deepEqual(await stored(nodeId), [
    "br0 bridge 52:54:00:00:00:01 t 10.2.0.1 1 wide",
    "eth0 physical 52:54:00:00:00:01 t 10.1.0.1 1 boot",
    "eth0 physical 52:54:00:00:00:01 t 192.168.9.1 6",
    "eth0.5 vlan 52:54:00:00:00:01 f",
    "eth1 physical 52:54:00:00:00:02 f fd00::1 6",
  ]);
  const { id } = await t.db.kysely
    .selectFrom("interface")
    .select("id")
    .where("name", "=", "eth1")
    .executeTakeFirstOrThrow();
  // MAC addresses that change places, an interface that is gone, an address that moved.
  await report(nodeId, [
    { name: "eth0", mac: "52:54:00:00:00:02", addresses: [] },
    { name: "eth1", mac, addresses: ["10.1.0.1/24"] },
  ]);
  assert.deepEqual(await stored(nodeId), [
    "eth0 physical 52:54:00:00:00:02 t",
    "eth1 physical 52:54:00:00:00:01 t 10.1.0.1 1 boot",
  ]);
  const same = await t.db.kysely
    .selectFrom("interface")
    .select("id")
    .where("name", "=", "eth1")
    .executeTakeFirstOrThrow();
  assert.equal(same.id, id);
  await report(nodeId, []);
  assert.deepEqual(await stored(nodeId), []);
});

test("what another node holds is not taken from it", async () => {
  const first = await makeRack("rack2");
  const second = await makeRack("rack3");
  const iface = { name: "eth0", mac: "52:54:00:00:00:09", addresses: ["10.1.0.9/24"] };
  await report(first, [iface]);
  await report(second, [iface]);
  assert.deepEqual(await stored(first), ["eth0 physical 52:54:00:00:00:09 t 10.1.0.9 1 boot"]);
  assert.deepEqual(await stored(second), ["eth0 bridge 52:54:00:00:00:09 t 10.1.0.9 6 boot"]);
});

test("a rack in the region's process is the region's own row; a deleted one reports to nobody", async () => {
  const { id } = await t.db.kysely
    .insertInto("node")
    .values({ system_id: "region", node_type: 3, hostname: "here" })
    .returning("id")
    .executeTakeFirstOrThrow();
  const identity = { rackId: randomUUID(), hostname: "here", inRegion: true };
  const found = await transaction(t.db, (tx) => lockRack(tx, identity));
  assert.deepEqual(found, { nodeId: id, systemId: "region" });
  assert.equal(
    (await t.db.kysely.selectFrom("node").select("node_type").where("id", "=", id).executeTakeFirst())?.node_type,
    4,
  );
  assert.deepEqual(await transaction(t.db, (tx) => lockRack(tx, identity)), found);
  assert.equal(
    await transaction(t.db, (tx) => lockRack(tx, { ...identity, rackId: randomUUID(), hostname: "elsewhere" })),
    undefined,
  );
  assert.equal(await report(999_999, []), undefined);
});
