/** What is kept of machines is of use until something of them changes, whoever writes that: each table that a machine is made of, by its rows. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { addManyMachines } from "@rackwright/db/testing/many-machines";
import { forgetDocuments } from "@rackwright/db/machine-documents";
import { until } from "@rackwright/testkit/until";
import { searchMachines } from "../app/machine-view.ts";
import { jsonText } from "../http/reply.ts";
import { keepAllDocuments, staleDocuments } from "../testing/check-documents.ts";
import { type TestRegion, testRegion } from "../testing/region.ts";
import { wireMachine } from "./wire/machine.ts";

const COUNT = 12;
let t: TestRegion;
before(async () => {
  t = await testRegion();
  await addManyMachines(t.db, COUNT);
  await t.db.pool.query(surroundings);
});
after(() => t?.close());

/** What the many machines do not have: runs of scripts, a VM host, a bond, RAID and bcache, unknown interfaces. */
const surroundings = `
  insert into script (name, type, hardware_type) values ('burn', 2, 1);
  insert into script_set (node_id, result_type) select id, 2 from node where node_type = 0;
  insert into script_result (set_id, script_id, name, status) select s.id, (select id from script where name = 'burn'), 'burn', 2 from script_set s;
  insert into script_set (node_id, result_type) select min(id), 0 from node where node_type = 0;
  update node set commissioning_set_id = (select max(id) from script_set) where id = (select min(id) from node where node_type = 0);`;

const first = "(select min(id) from node where node_type = 0)";
const nic = `(select min(id) from interface where node_id = ${first})`;
const disk = `(select min(id) from block_device where node_id = ${first})`;

/** One statement for each way in which something of the first machine changes. */
const writes: Record<string, string> = {
  "its row": `update node set hostname = 'renamed' where id = ${first}`,
  "its annotations": `update node set owner_data = '{"a": "b"}' where id = ${first}`,
  "an interface, changed": `update interface set link_speed = 1 where id = ${nic}`,
  "an interface, new": `insert into interface (node_id, name, mac) values (${first}, 'bond0', '06:00:00:00:00:01')`,
  "an interface, given away": `update interface set node_id = (select max(id) from node where node_type = 0) where name = 'bond0'`,
  "an interface, taken": `update interface set node_id = ${first} where name = 'bond0'`,
  "its parents": `insert into interface_parent (child_id, parent_id) select id, ${nic} from interface where name = 'bond0' and node_id = ${first}`,
  "its parents, gone": `delete from interface_parent`,
  "an interface, gone": `delete from interface where name = 'bond0' and node_id = ${first}`,
  "an address": `update ip_address set ip = '10.0.200.200' where interface_id = ${nic}`,
  "an address, of another interface": `update ip_address set interface_id = (select max(id) from interface where node_id = ${first}) where interface_id = ${nic}`,
  "an address, gone": `delete from ip_address where interface_id in (select id from interface where node_id = ${first})`,
  "an address, new": `insert into ip_address (alloc_type, ip, subnet_id, interface_id) select 1, '10.0.200.201', min(id), ${nic} from subnet`,
  "a disk": `update block_device set model = 'Other' where id = ${disk}`,
  "a partition": `update partition set size_bytes = size_bytes / 2 where block_device_id = ${disk}`,
  "a file system": `update filesystem set mount_point = '/srv' where node_id = ${first}`,
  "a file system, gone": `delete from filesystem where node_id = ${first}`,
  "a partition, gone": `delete from partition where block_device_id = ${disk}`,
  "a partition, new": `insert into partition (block_device_id, index, uuid, size_bytes) values (${disk}, 1, gen_random_uuid()::text, 1e9)`,
  "a volume group": `insert into storage_group (node_id, name, type, uuid) values (${first}, 'vg0', 'lvm-vg', gen_random_uuid()::text)`,
  "a cache set": `insert into cache_set (node_id) values (${first})`,
  "a NUMA node": `update numa_node set hugepages = '[{"pageSize": 2097152, "total": 4194304}]' where node_id = ${first}`,
  "a fact": `update node_metadata set value = 'Other' where node_id = ${first} and key = 'system_vendor'`,
  "a tag": `delete from node_tag where node_id = ${first} and tag_id = (select min(tag_id) from node_tag where node_id = ${first})`,
  "a tag, gone": `delete from tag where id = (select min(tag_id) from node_tag where node_id = ${first})`,
  "the state of a test": `update script_result set status = 3 where set_id = (select min(id) from script_set where node_id = ${first})`,
  "a suppressed test": `update script_result set suppressed = true where set_id = (select min(id) from script_set where node_id = ${first})`,
  "a test that counts again": `update script_result set suppressed = false where set_id = (select min(id) from script_set where node_id = ${first})`,
  "a result of commissioning": `insert into script_result (set_id, name, status) select commissioning_set_id, 'x', 3 from node where id = ${first}`,
  "what a script tests": `update script set hardware_type = 2 where name = 'burn'`,
  "a run, gone": `delete from script_set where id = (select min(id) from script_set where node_id = ${first})`,
  "an event": `insert into event (node_id, type, level, description) values (${first}, 'ready', 20, 'once more')`,
  "the newest event, gone": `delete from event where id = (select max(id) from event where node_id = ${first})`,
  "a VM host": `with host as (insert into vm_host (name, type, power_address, power_parameters) values ('kvm', 'virsh', 'qemu:///system', '') returning id)
    insert into virtual_machine (node_id, vm_host_id, identifier, uuid, memory_mib) select ${first}, id, 'vm', gen_random_uuid()::text, 1 from host`,
  "the name of its VM host": `update vm_host set name = 'kvm2'`,
  "its VM host, gone": `delete from vm_host`,
  // What is shared is in no document, so that none grows old.
  "a VLAN's MTU": `update vlan set mtu = 9000`,
  "a subnet's gateway": `update subnet set gateway_ip = '10.0.0.9' where id = (select min(id) from subnet)`,
  "DHCP on a VLAN": `update vlan set dhcp_on = not dhcp_on`,
  "a zone's notes": `update zone set description = 'moved'`,
};

const ofFirst = async () => {
  const [view] = await searchMachines(t.admin.ctx, {});
  assert.ok(view);
  return jsonText(wireMachine(view));
};

for (const [what, statement] of Object.entries(writes))
  test(`kept machines are right after a change of ${what}`, async () => {
    await keepAllDocuments(t.region);
    const shown = await ofFirst();
    const { rows } = await t.db.pool.query("select count(*)::int as n from machine_document");
    assert.deepEqual(rows, [{ n: 2 * COUNT }]);
    await t.db.pool.query(statement);
    assert.ok((await ofFirst()) !== shown, "the statement changes nothing that is shown");
    assert.deepEqual(await staleDocuments(t.region), []);
  });

/** Rows about machines that no list shows, or that are read each time. */
const notShown = [
  "boot_secret",
  "cluster",
  "dhcp_snippet",
  // of machines that wait, of which no list is kept
  "evidence",
  "failure_finding",
  "hardware_inventory",
  "image_sync",
  "interface_network",
  "mdns_name",
  "neighbour",
  "node_device",
  "oauth_token",
  "power_action",
  "rack_credential",
  "region_process",
  "resting_token",
  "simulated_power",
  // shared
  "vlan",
];

test("each table about machines says when one changes, or is none that a list shows", async () => {
  const { rows } = await t.db.pool.query<{ name: string }>(`
    select distinct c.conrelid::regclass::text as name from pg_constraint c
    where c.contype = 'f' and c.confrelid = any('{node,interface,block_device,partition,script_set,storage_group,virtual_machine}'::regclass[])
      and not exists (select from pg_trigger g where g.tgrelid = c.conrelid and g.tgname like 'document%') order by 1`);
  assert.deepEqual(
    rows.map((row) => row.name),
    notShown,
  );
});

test("a reader keeps nothing that another transaction has changed meanwhile", async () => {
  const client = await t.db.pool.connect();
  try {
    await client.query("begin");
    await client.query(`update node set description = 'written while it was read' where id = ${first}`);
    await keepAllDocuments(t.region);
    await client.query("commit");
  } finally {
    client.release();
  }
  assert.deepEqual(await staleDocuments(t.region), []);
});

test("what is rolled back leaves what is kept of use", async () => {
  await keepAllDocuments(t.region);
  const labels = async () => (await t.db.pool.query("select node_id, label from machine_label order by 1")).rows;
  const then = await labels();
  await t.db.pool.query(`begin; update node set description = 'never' where id = ${first}; rollback;`);
  assert.deepEqual(await labels(), then);
});

test("one change makes one machine's documents old, and asking for its power makes none", async () => {
  await keepAllDocuments(t.region);
  const fresh = async () => {
    const { rows } = await t.db.pool.query<{ n: number }>(
      "select count(*)::int as n from machine_document d join machine_label l using (node_id, label)",
    );
    return rows[0]?.n;
  };
  await t.db.pool.query("update node set power_checked_at = now()");
  assert.equal(await fresh(), 2 * COUNT);
  await t.db.pool.query(`update node set power_state = 'error' where id = ${first}`);
  assert.equal(await fresh(), 2 * COUNT - 2);
});

test("lists and pages keep what they made, by themselves", async () => {
  await forgetDocuments(t.region.db);
  const kinds = async () => {
    const { rows } = await t.db.pool.query<{ kind: string; n: number }>(
      "select split_part(kind, ' ', 1) as kind, count(*)::int as n from machine_document group by 1 order by 1",
    );
    return rows.map(({ kind, n }) => `${n} ${kind}`).join(", ");
  };
  for (const path of ["machines/", "machines/op-search"])
    assert.equal((await t.request(t.admin, "GET", path)).status, 200);
  await until(async () => (await kinds()) === `${COUNT} machine, ${COUNT} summary`, { what: "all to be kept" });
  // A crash of the server empties both tables.
  await t.db.pool.query("truncate machine_label, machine_document");
  await t.request(t.admin, "GET", "machines/");
  await until(async () => (await t.db.pool.query("select from machine_label")).rowCount === COUNT, { what: "labels" });
});

test("a machine that is gone leaves nothing", async () => {
  await keepAllDocuments(t.region);
  await t.db.pool.query(`delete from node where id = ${first}`);
  const { rows } = await t.db.pool.query("select from machine_label where node_id not in (select id from node)");
  assert.deepEqual(rows, []);
  assert.deepEqual(await staleDocuments(t.region), []);
});
