/** Thousands of machines with all that replies show of them, made by a few set-based statements: for measurements and tests of size. */
import type { Database } from "../connect.ts";

const ZONES = 5;
const POOLS = 4;
const TAGS = 12;
const USERS = 8;
const NETWORKS = 20;

/** What machines share: made once, and found again by name. */
const shared = [
  `insert into zone (name) select 'zone-' || i from generate_series(1, ${ZONES}) i on conflict do nothing`,
  `insert into resource_pool (name) select 'pool-' || i from generate_series(1, ${POOLS}) i on conflict do nothing`,
  `insert into tag (name) select 'tag-' || i from generate_series(1, ${TAGS}) i on conflict do nothing`,
  `insert into app_user (username) select 'owner-' || i from generate_series(1, ${USERS}) i on conflict do nothing`,
  `insert into fabric (name) select 'net-' || i from generate_series(1, ${NETWORKS}) i on conflict do nothing`,
  `insert into vlan (fabric_id, vid, name, dhcp_on) select id, 0, 'vlan-' || id, true from fabric where name like 'net-%'
     on conflict do nothing`,
  // 10.0.0.0/16, 10.1.0.0/16 ...: room for 65,000 addresses each.
  `insert into subnet (name, vlan_id, cidr, gateway_ip, dns_servers)
     select '10.' || n.i || '.0.0/16', v.id, ('10.' || n.i || '.0.0/16')::cidr, ('10.' || n.i || '.0.1')::inet, '{10.0.0.53}'
     from (select f.id, row_number() over (order by f.id) - 1 as i from fabric f where f.name like 'net-%') n
     join vlan v on v.fabric_id = n.id on conflict do nothing`,
];

/** Three interfaces, two disks and what else a commissioned machine has; `n` numbers the machines. */
const machines = (count: number, prefix: string) => [
  `create temporary table made on commit drop as select i as n, null::bigint as id from generate_series(1, ${count}) i`,
  `insert into node (system_id, hostname, status, status_since, zone_id, pool_id, owner_id, architecture, cpu_count, cpu_speed,
      memory_mib, power_type, power_state, power_checked_at, osystem, distro_series, hardware_uuid, created_at)
    select '${prefix}' || lpad(to_hex(n), 5, '0'), '${prefix}-' || lpad(n::text, 6, '0'),
      (array[4, 6, 6, 6, 10, 0, 2, 9])[1 + n % 8], now() - n * interval '1 minute',
      (select id from zone where name = 'zone-' || 1 + n % ${ZONES}), (select id from resource_pool where name = 'pool-' || 1 + n % ${POOLS}),
      case when n % 8 in (1, 2, 3, 4, 7) then (select id from app_user where username = 'owner-' || 1 + n / 8 % ${USERS}) end,
      'amd64/generic', 2 ^ (n % 7), 2400, 1024 * 2 ^ (n % 9), 'manual', (array['on', 'off', 'unknown'])[1 + n % 3], now(),
      case when n % 8 in (1, 2, 3) then 'debian' else '' end, case when n % 8 in (1, 2, 3) then 'bookworm' else '' end,
      gen_random_uuid()::text, now() - n * interval '1 hour' from made order by n`,
  `update made set id = node.id from node where node.system_id = '${prefix}' || lpad(to_hex(n), 5, '0')`,
  `insert into interface (node_id, name, mac, vlan_id, vendor, product, interface_speed, link_speed)
    select id, 'eth' || e, ('0' || (2 + 4 * e) || ':' || substr(md5('${prefix}'), 1, 2) || regexp_replace(lpad(to_hex(n), 8, '0'), '(..)', ':\\1', 'g'))::macaddr,
      (select id from vlan where name like 'vlan-%' order by id offset n % ${NETWORKS} limit 1), 'Example', 'NIC 10G', 10000, 10000
    from made cross join generate_series(0, 2) e order by n, e`,
  `insert into ip_address (alloc_type, ip, subnet_id, interface_id)
    select 1, host(s.cidr)::inet + 256 + taken + n / ${NETWORKS}, s.id, i.id
    from (select count(*) / ${NETWORKS} + 1 as taken from ip_address) addresses cross join made join interface i on i.node_id = made.id and i.name = 'eth0' join subnet s on s.vlan_id = i.vlan_id
    on conflict do nothing`,
  `update node set boot_interface_id = i.id from made join interface i on i.node_id = made.id and i.name = 'eth0' where node.id = made.id`,
  `insert into block_device (node_id, name, model, serial, id_path, size_bytes, block_size_bytes, tags, firmware_version)
    select id, 'sd' || d, 'Example 1T', '${prefix}' || d || n, '/dev/disk/by-id/' || d || n, 1e12, 512, '{ssd}', '1.0'
    from made cross join unnest(array['a', 'b']) d order by n, d`,
  `update node set boot_disk_id = b.id from made join block_device b on b.node_id = made.id and b.name = 'sda' where node.id = made.id`,
  `insert into partition (block_device_id, index, uuid, size_bytes)
    select b.id, 1, gen_random_uuid()::text, 999e9 from made join block_device b on b.node_id = made.id and b.name = 'sda'`,
  `insert into filesystem (node_id, partition_id, fstype, uuid, mount_point, acquired)
    select made.id, p.id, 'ext4', gen_random_uuid()::text, '/', acquired
    from made join block_device b on b.node_id = made.id join partition p on p.block_device_id = b.id cross join unnest(array[true, false]) acquired`,
  `insert into numa_node (node_id, index, memory_mib, cores) select id, 0, 4096, '{0,1,2,3}' from made`,
  `insert into node_metadata (node_id, key, value)
    select id, key, case key when 'system_serial' then 'SN' || n when 'system_vendor' then 'Example' when 'system_product' then 'Server ' || n % 6 else key end
    from made cross join unnest(array['system_vendor', 'system_product', 'system_serial', 'cpu_model', 'mainboard_vendor', 'mainboard_serial', 'chassis_serial']) key`,
  `insert into node_tag (node_id, tag_id) select m.id, t.id from made m join tag t on t.name in ('tag-' || 1 + n % ${TAGS}, 'tag-' || 1 + n / 7 % ${TAGS})`,
  `insert into event (node_id, hostname, type, level, description)
    select id, '${prefix}-' || lpad(n::text, 6, '0'), 'ready', 20, 'number ' || e from made cross join generate_series(1, 3) e`,
];

const TABLES = [
  "node",
  "interface",
  "ip_address",
  "block_device",
  "partition",
  "filesystem",
  "node_metadata",
  "node_tag",
  "event",
  "zone",
  "app_user",
  "tag",
];

/** Add `count` machines named PREFIX-000001 and so on, the prefix being lower-case letters. */
export async function addManyMachines(db: Database, count: number, prefix = "host"): Promise<void> {
  if (!/^[a-z]{1,20}$/.test(prefix)) throw new Error(`cannot seed machines with prefix "${prefix}": use letters a-z`);
  const client = await db.pool.connect();
  try {
    await client.query("begin");
    for (const statement of [...shared, ...machines(count, prefix)]) await client.query(statement);
    await client.query("commit");
    await client.query(`vacuum analyze ${TABLES.join(", ")}`);
  } finally {
    client.release();
  }
}
