import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { addImage, addMachine } from "../testing/machines.ts";
import { type TestRegion, testRegion } from "../testing/region.ts";
import { recordDhcpServers } from "./foreign-dhcp.ts";

let t: TestRegion;
const rack = { nodeId: 900, hostname: "rack" };
before(async () => {
  t = await testRegion();
  await addImage(t);
  t.racks.connect({ nodeId: 900 });
  await t.db.pool.query(`
    insert into node (id, system_id, hostname, node_type, status) overriding system value
      values (900, 'rack900', 'rack', 2, 6), (901, 'rack901', 'other', 2, 6);
    update vlan set dhcp_on = true where id = 1;
    insert into interface (id, node_id, name, mac, vlan_id) overriding system value values
      (9000, 900, 'eth0', '52:54:00:99:00:00', 1), (9001, 900, 'eth1', '52:54:00:99:00:01', null),
      (9010, 901, 'eth0', '52:54:00:99:00:10', 1);
    insert into ip_address (alloc_type, ip, interface_id) values (1, '10.0.0.2', 9010)`);
});
after(() => t?.close());

const known = async () =>
  (await t.db.kysely.selectFrom("vlan").select("external_dhcp").where("id", "=", 1).executeTakeFirstOrThrow())
    .external_dhcp;
const changes = async () =>
  (await t.db.pool.query("select count(*)::int as n from change where entity = 'vlan'")).rows[0]?.n as number;

test("who answers DHCP on a VLAN and is none of our controllers is known, and named to whoever asks", async () => {
  await recordDhcpServers(t.region, rack, "eth0", ["10.0.0.2"]);
  assert.equal(await known(), null, "another rack of ours");
  await recordDhcpServers(t.region, rack, "eth1", ["10.9.9.9"]);
  assert.equal(await changes(), 0, "on a network that nobody knows");
  await recordDhcpServers(t.region, rack, "eth0", ["10.0.0.250", "10.0.0.2"]);
  await recordDhcpServers(t.region, rack, "eth0", ["10.0.0.250"]);
  assert.equal(await known(), "10.0.0.250");
  assert.equal(await changes(), 1, "once");

  const waiting = { status_deadline: t.clock.now(), waiting_for: "dhcp", power_state: "on", boot_epoch: 1 };
  const m = await addMachine(t, "commissioning", waiting);
  await t.db.pool.query("update interface set vlan_id = 1 where node_id = $1", [m.id]);
  await t.db.pool.query(
    `insert into evidence (node_id, boot_epoch, source, text, detail) values ($1, 1, 'dhcp', 'DHCP request on eth0 takes another server''s offer', '{"what": "foreign_server"}')`,
    [m.id],
  );
  const { json, text } = await t.request(t.admin, "GET", `machines/${m.systemId}/`, { query: { op: "diagnose" } });
  const [first] = (json as { findings: { code: string; summary: string }[] }).findings;
  assert.equal(first?.code, "foreign_dhcp_server", text);
  assert.match(first.summary, /10\.0\.0\.250/);

  await recordDhcpServers(t.region, rack, "eth0", []);
  assert.equal(await known(), null);
});

test("a machine that is on and asks for nothing: DHCP is blamed where it is off, whether by VLAN or altogether", async () => {
  const first = async () => {
    const { json } = await t.request(t.admin, "GET", `machines/${m.systemId}/`, { query: { op: "diagnose" } });
    return (json as { findings: { code: string }[] }).findings[0]?.code;
  };
  const waiting = { status_deadline: t.clock.now(), waiting_for: "dhcp", power_state: "on", boot_epoch: 1 };
  const m = await addMachine(t, "commissioning", waiting);
  await t.db.pool.query("update interface set vlan_id = 1 where node_id = $1", [m.id]);
  assert.equal(await first(), "no_dhcp_request");
  await t.db.pool.query("update vlan set dhcp_on = false");
  assert.equal(await first(), "dhcp_not_served");
  await t.db.pool.query("update interface set vlan_id = null where node_id = $1", [m.id]);
  assert.equal(await first(), "dhcp_not_served", "no network at all is served");
  await t.db.pool.query("update vlan set dhcp_on = true where id = 1");
  assert.equal(await first(), "no_dhcp_request", "nobody knows its network");
  t.region.servesDhcp = false;
  assert.equal(await first(), "dhcp_not_served", "--no-dhcp");
  t.region.servesDhcp = true;
});
