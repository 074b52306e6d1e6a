import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { storeConfig } from "@rackwright/db/config";
import { transaction } from "@rackwright/db/connect";
import { testDatabase, type TestDatabase } from "@rackwright/db/testing/database";
import { DomainError } from "@rackwright/domain/errors";
import { assignAddresses, clearLinks, defaultLinks, releaseAddresses } from "./addresses.ts";

let t: TestDatabase;
before(async () => {
  t = await testDatabase();
});
after(() => t?.close());

beforeEach(async () => {
  await t.db.pool.query(
    `truncate node, subnet, ip_range, ip_address, interface restart identity cascade; delete from config;
     insert into vlan (fabric_id, vid, name) values (0, 0, 'untagged') on conflict do nothing`,
  );
});

let made = 0;
async function vlan(): Promise<number> {
  const { rows } = await t.db.pool.query<{ id: number }>("select min(id) as id from vlan");
  return rows[0]?.id ?? assert.fail("no vlan");
}
async function subnet(cidr: string): Promise<number> {
  const { rows } = await t.db.pool.query<{ id: number }>(
    "insert into subnet (name, cidr, vlan_id) values ($1, $1::text::cidr, $2) returning id",
    [cidr, await vlan()],
  );
  return rows[0]?.id ?? assert.fail();
}
/** A node with one interface; link types as given. */
async function node(
  links: { type: number; subnet: number | null; ip?: string }[] = [],
): Promise<{ node: number; nic: number }> {
  made += 1;
  const mac = `02:00:00:00:${String(Math.floor(made / 100)).padStart(2, "0")}:${String(made % 100).padStart(2, "0")}`;
  const { rows } = await t.db.pool.query<{ node: number; nic: number }>(
    `with n as (insert into node (system_id, hostname) values ($1, $1) returning id)
     insert into interface (node_id, name, mac, vlan_id) select id, 'eth0', $2, $3 from n returning node_id as node, id as nic`,
    [`n${made}`, mac, await vlan()],
  );
  const row = rows[0] ?? assert.fail();
  for (const l of links)
    await t.db.pool.query("insert into ip_address (alloc_type, subnet_id, interface_id, ip) values ($1, $2, $3, $4)", [
      l.type,
      l.subnet,
      row.nic,
      l.ip ?? null,
    ]);
  return row;
}
async function linksOf(nodeId: number): Promise<object[]> {
  const { rows } = await t.db.pool.query<object>(
    `select i.name, a.alloc_type as type, a.subnet_id as subnet, a.ip from ip_address a join interface i on i.id = a.interface_id
     where i.node_id = $1 order by i.name, a.id`,
    [nodeId],
  );
  return rows;
}
const run = (work: typeof assignAddresses, nodeId: number) => transaction(t.db, (tx) => work(tx, nodeId));

test("64 at once on a /27 with a gateway: 29 get one each, nobody the same, the rest hear which subnet is full", async () => {
  const id = await subnet("10.9.0.0/27");
  await t.db.pool.query("update subnet set gateway_ip = '10.9.0.1'");
  const nodes = [];
  for (let i = 0; i < 64; i++) nodes.push(await node([{ type: 0, subnet: id }]));
  const results = await Promise.allSettled(nodes.map((n) => run(assignAddresses, n.node)));
  const failed = results.flatMap((r) => (r.status === "rejected" ? [r.reason as unknown] : []));
  const { rows } = await t.db.pool.query<{ ip: string }>("select ip from ip_address where ip is not null");
  assert.equal(new Set(rows.map((r) => r.ip)).size, 29);
  assert.equal(rows.length, 29);
  assert.equal(failed.length, 35);
  for (const error of failed) {
    assert.ok(error instanceof DomainError, String(error));
    assert.equal(error.code, "no_address_left");
    assert.match(error.message, /10\.9\.0\.0\/27/);
  }
});

test("transactions that have just inserted a link to the subnet do not deadlock over its lock", async () => {
  const id = await subnet("10.9.0.0/24");
  const nodes = await Promise.all(Array.from({ length: 8 }, () => node()));
  const both = Promise.withResolvers<void>();
  let inserted = 0;
  let attempts = 0;
  await Promise.all(
    nodes.map((n) =>
      transaction(t.db, async (tx) => {
        attempts += 1;
        await tx.insertInto("ip_address").values({ alloc_type: 0, subnet_id: id, interface_id: n.nic }).execute();
        if (++inserted === nodes.length) both.resolve();
        await both.promise;
        await assignAddresses(tx, n.node);
      }),
    ),
  );
  assert.equal(attempts, nodes.length);
});

test("release keeps AUTO links without address, keeps static ones, forgets what was observed", async () => {
  const id = await subnet("10.9.0.0/24");
  const n = await node([
    { type: 0, subnet: id },
    { type: 1, subnet: id, ip: "10.9.0.50" },
    { type: 6, subnet: id, ip: "10.9.0.200" },
  ]);
  await run(assignAddresses, n.node);
  const kept = { name: "eth0", type: 1, subnet: id, ip: "10.9.0.50" };
  assert.deepEqual((await linksOf(n.node))[0], { name: "eth0", type: 0, subnet: id, ip: "10.9.0.1" });
  await run(releaseAddresses, n.node);
  assert.deepEqual(await linksOf(n.node), [{ name: "eth0", type: 0, subnet: id, ip: null }, kept]);
  await run(assignAddresses, n.node);
  assert.deepEqual((await linksOf(n.node))[0], { name: "eth0", type: 0, subnet: id, ip: "10.9.0.1" });
});

test("a disabled interface gets no address", async () => {
  const id = await subnet("10.9.0.0/24");
  const n = await node([{ type: 0, subnet: id }]);
  await t.db.pool.query("update interface set enabled = false");
  await run(assignAddresses, n.node);
  assert.deepEqual(await linksOf(n.node), [{ name: "eth0", type: 0, subnet: id, ip: null }]);
});

test("an assignment and its change record come together", async () => {
  const id = await subnet("10.9.0.0/24");
  const n = await node([{ type: 0, subnet: id }]);
  await t.db.pool.query("truncate change");
  await run(assignAddresses, n.node);
  const { rows } = await t.db.pool.query("select entity, entity_id from change");
  assert.deepEqual(rows, [{ entity: "ip_address", entity_id: `node-${n.node}` }]);
});

test("default links: AUTO on each subnet it was seen on, LINK_UP elsewhere, and the VLAN follows", async () => {
  const first = await subnet("10.9.0.0/24");
  const { rows } = await t.db.pool.query<{ id: number }>(
    `with v as (insert into vlan (fabric_id, vid) values (0, 7) on conflict (fabric_id, vid) do update set name = null returning id)
     insert into subnet (name, cidr, vlan_id) select 'b', '10.8.0.0/24', id from v returning id`,
  );
  const second = rows[0]?.id ?? 0;
  const n = await node([
    { type: 6, subnet: second, ip: "10.8.0.200" },
    { type: 6, subnet: second },
    { type: 5, subnet: first },
  ]);
  await t.db.pool.query(
    "insert into interface (node_id, name, mac, enabled) values ($1, 'eth1', '02:ff:00:00:00:01', true), ($1, 'eth2', '02:ff:00:00:00:02', false)",
    [n.node],
  );
  await run(defaultLinks, n.node);
  const links = (await linksOf(n.node)).filter((l) => (l as { type: number }).type !== 6);
  assert.deepEqual(links, [
    { name: "eth0", type: 0, subnet: second, ip: null },
    { name: "eth1", type: 1, subnet: null, ip: null },
  ]);
  const moved = await t.db.pool.query("select v.vid from interface i join vlan v on v.id = i.vlan_id where i.id = $1", [
    n.nic,
  ]);
  assert.deepEqual(moved.rows, [{ vid: 7 }]);
});

test("default links of an interface that was never seen: AUTO on its VLAN's first subnet, else DHCP", async () => {
  const n = await node();
  await run(defaultLinks, n.node);
  assert.deepEqual(await linksOf(n.node), [{ name: "eth0", type: 5, subnet: null, ip: null }]);
  const id = await subnet("10.9.0.0/24");
  await run(defaultLinks, n.node);
  assert.deepEqual(await linksOf(n.node), [{ name: "eth0", type: 0, subnet: id, ip: null }]);
});

test("default links by setting: static ones have their address at once, and become AUTO on a full subnet", async () => {
  const id = await subnet("10.9.0.0/30");
  const seen = () => node([{ type: 6, subnet: id }]);
  const configured = async (nodeId: number) =>
    (await linksOf(nodeId)).filter((l) => (l as { type: number }).type !== 6);
  const [a, b, c] = [await seen(), await seen(), await seen()];
  await storeConfig(t.db.kysely, "default_boot_interface_link_type", "static");
  for (const n of [a, b, c]) await run(defaultLinks, n.node);
  assert.deepEqual(await configured(a.node), [{ name: "eth0", type: 1, subnet: id, ip: "10.9.0.1" }]);
  assert.deepEqual(await configured(b.node), [{ name: "eth0", type: 1, subnet: id, ip: "10.9.0.2" }]);
  assert.deepEqual(await configured(c.node), [{ name: "eth0", type: 0, subnet: id, ip: null }]);
  await storeConfig(t.db.kysely, "default_boot_interface_link_type", "link_up");
  await run(defaultLinks, a.node);
  assert.deepEqual(await configured(a.node), [{ name: "eth0", type: 1, subnet: id, ip: null }]);
});

test("clearing takes links and leaves what was observed", async () => {
  const id = await subnet("10.9.0.0/24");
  const n = await node([
    { type: 0, subnet: id },
    { type: 5, subnet: id },
    { type: 6, subnet: id, ip: "10.9.0.200" },
  ]);
  await run(clearLinks, n.node);
  assert.deepEqual(await linksOf(n.node), [{ name: "eth0", type: 6, subnet: id, ip: "10.9.0.200" }]);
});
