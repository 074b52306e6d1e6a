import { requiredBootClasses } from "@rackwright/domain/dhcp/boot-methods";
import type { NetworkDiff, PlacedSubnet } from "@rackwright/domain/dhcp/diff";
import type { DhcpNetwork } from "@rackwright/domain/dhcp/wanted";
import type { ClientBase } from "pg";
import { networkOptions, subnetOptions } from "./options.ts";

/** Option scopes of Kea's table dhcp_option_scope. */
const SCOPE_SUBNET = 1;
const SCOPE_NETWORK = 4;

/**
 * Few statements: each is a way there and back while somebody waits. Every row names its time explicitly: Kea overlooks an update that
 * leaves `modification_ts` as it was. The revision is opened with `cascade`, so that options and pools written with their subnet do not
 * each make an audit entry.
 */
export async function writeNetworkDiff(client: ClientBase, diff: NetworkDiff): Promise<void> {
  const stamp = await openRevision(client);
  if (diff.deleteSubnets.length > 0)
    await client.query("delete from dhcp4_subnet where subnet_id = any($1::bigint[])", [diff.deleteSubnets]);
  if (diff.deleteNetworks.length > 0)
    await client.query("delete from dhcp4_shared_network where name = any($1::text[])", [diff.deleteNetworks]);
  await writeNetworks(client, diff, stamp);
  await writeSubnets(client, diff, stamp);
  if (diff.deleteSubnets.length > 0) await dropForeignLeases(client, diff.deleteSubnets);
}

/**
 * Its time: a whole second, not before that of any earlier revision. Kea keeps the time of the last revision it has read in seconds, rounded, half up;
 * with a fraction of more than a half in it, revisions of the rest of that second would never be read. Within one second the revision's id
 * decides. (Its query: `(r.modification_ts, r.id) > (last time, last id)`, and rows changed at or after the last time.)
 */
async function openRevision(client: ClientBase): Promise<string> {
  const { rows } = await client.query<{ stamp: string }>(
    `with next as materialized (
       select greatest(date_trunc('second', clock_timestamp()),
         date_trunc('second', max(modification_ts) + interval '999999 us')) as stamp from dhcp4_audit_revision)
     select stamp::text, createAuditRevisionDHCP4(stamp, 'all', 'rackwright', true) from next`,
  );
  const stamp = rows[0]?.stamp;
  if (stamp === undefined) throw new Error("PostgreSQL gave no time for the next revision of the DHCP networks");
  return stamp;
}

async function writeNetworks(
  client: ClientBase,
  { insertNetworks, updateNetworks }: NetworkDiff,
  stamp: string,
): Promise<void> {
  const inserted = JSON.stringify(insertNetworks.map(networkRow));
  if (insertNetworks.length + updateNetworks.length === 0) return;
  const changed = [...insertNetworks, ...updateNetworks];
  if (insertNetworks.length > 0) {
    await client.query(
      `insert into dhcp4_server(tag, description, modification_ts)
       select distinct tag, 'rack', $2::timestamptz from json_to_recordset($1) as r(tag text) on conflict (tag) do nothing`,
      [inserted, stamp],
    );
    await client.query(
      `with r as (select * from json_to_recordset($1) as r(name text, interface text, tag text)),
       n as (
         insert into dhcp4_shared_network(name, interface, modification_ts) select name, interface, $2::timestamptz from r returning id, name)
       insert into dhcp4_shared_network_server(shared_network_id, server_id, modification_ts)
       select n.id, s.id, $2::timestamptz from n join r using (name) join dhcp4_server s using (tag)`,
      [inserted, stamp],
    );
  }
  if (updateNetworks.length > 0)
    await client.query(
      `update dhcp4_shared_network n set interface = r.interface, modification_ts = $2::timestamptz
       from json_to_recordset($1) as r(name text, interface text) where n.name = r.name`,
      [JSON.stringify(updateNetworks.map(networkRow)), stamp],
    );
  await client.query(
    `with gone as (delete from dhcp4_options where shared_network_name = any($3::text[])), o as (
       insert into dhcp4_options(code, formatted_value, space, persistent, shared_network_name, scope_id, modification_ts)
       select code, value, 'dhcp4', false, name, ${SCOPE_NETWORK}, $2::timestamptz
       from json_to_recordset($1) as r(name text, code smallint, value text)
       returning option_id, shared_network_name)
     insert into dhcp4_options_server(option_id, server_id, modification_ts)
     select o.option_id, ns.server_id, $2::timestamptz from o
     join dhcp4_shared_network n on n.name = o.shared_network_name
     join dhcp4_shared_network_server ns on ns.shared_network_id = n.id`,
    [
      JSON.stringify(
        changed.flatMap((network) => networkOptions(network).map((option) => ({ name: network.name, ...option }))),
      ),
      stamp,
      changed.map(({ name }) => name),
    ],
  );
}

const networkRow = ({ name, interface: iface, rackTag }: DhcpNetwork) => ({ name, interface: iface, tag: rackTag });

async function writeSubnets(
  client: ClientBase,
  { insertSubnets, updateSubnets }: NetworkDiff,
  stamp: string,
): Promise<void> {
  if (insertSubnets.length > 0)
    await client.query(
      `with r as (select * from json_to_recordset($1) as ${SUBNET_RECORD}),
       written as (
         insert into dhcp4_subnet(subnet_id, subnet_prefix, ${SUBNET_FIELDS}, modification_ts)
         select id, prefix, ${SUBNET_FIELDS}, $2::timestamptz from r),
       placed as (
         insert into dhcp4_subnet_server(subnet_id, server_id, modification_ts)
         select r.id, s.id, $2::timestamptz from r join dhcp4_server s using (tag)),
       ${SUBNET_PARTS}`,
      partsOf(insertSubnets, stamp),
    );
  if (updateSubnets.length > 0)
    await client.query(
      `with r as (select * from json_to_recordset($1) as ${SUBNET_RECORD}),
       written as (
         update dhcp4_subnet s set (${SUBNET_FIELDS}, modification_ts) = row(${SUBNET_FIELDS.replaceAll(/\w+/g, "r.$&")}, $2::timestamptz)
         from r where s.subnet_id = r.id),
       no_pools as (delete from dhcp4_pool where subnet_id in (select id from r)),
       no_options as (delete from dhcp4_options where dhcp4_subnet_id in (select id from r)),
       ${SUBNET_PARTS}`,
      partsOf(updateSubnets, stamp),
    );
}

/** Pools and options of the subnets `r`. What the same statement writes elsewhere, or deletes, is not seen here. */
const SUBNET_PARTS = `pools as (
         insert into dhcp4_pool(start_address, end_address, subnet_id, modification_ts)
         select "start", "end", id, $2::timestamptz from json_to_recordset($3) as p("start" inet, "end" inet, id bigint)),
       o as (
         insert into dhcp4_options(code, formatted_value, space, persistent, dhcp4_subnet_id, scope_id, modification_ts)
         select code, value, 'dhcp4', false, id, ${SCOPE_SUBNET}, $2::timestamptz
         from json_to_recordset($4) as p(id bigint, code smallint, value text)
         returning option_id, dhcp4_subnet_id)
       insert into dhcp4_options_server(option_id, server_id, modification_ts)
       select o.option_id, s.id, $2::timestamptz from o join r on r.id = o.dhcp4_subnet_id join dhcp4_server s using (tag)`;

function partsOf(placed: readonly PlacedSubnet[], stamp: string): string[] {
  const subnets = placed.map(({ subnet }) => subnet);
  return [
    JSON.stringify(placed.map(subnetRow)),
    stamp,
    JSON.stringify(subnets.flatMap(({ id, pools }) => pools.map((pool) => ({ ...pool, id })))),
    JSON.stringify(subnets.flatMap((subnet) => subnetOptions(subnet).map((option) => ({ id: subnet.id, ...option })))),
  ];
}

const SUBNET_FIELDS =
  "shared_network_name, interface, valid_lifetime, renew_timer, rebind_timer, require_client_classes, user_context";
const SUBNET_RECORD = `r(id bigint, tag text, prefix text, shared_network_name text, interface text, valid_lifetime bigint,
  renew_timer bigint, rebind_timer bigint, require_client_classes text, user_context json)`;

function subnetRow({ network, subnet }: PlacedSubnet) {
  return {
    id: subnet.id,
    tag: network.rackTag,
    prefix: subnet.cidr,
    shared_network_name: network.name,
    interface: network.interface,
    valid_lifetime: subnet.leaseSeconds,
    // T1 and T2 of RFC 2131, section 4.4.5.
    renew_timer: Math.floor(subnet.leaseSeconds / 2),
    rebind_timer: Math.floor(subnet.leaseSeconds * 0.875),
    require_client_classes: JSON.stringify(requiredBootClasses(subnet.nextServer, subnet.disabledBootMethods)),
    // The next server itself stays out of the row: it would be sent to machines that shall not netboot. The boot classes carry it.
    user_context: { "next-server": subnet.nextServer },
  };
}

/** Leases of subnets that went, or that now have other addresses. A subnet that moved to another rack keeps its leases. */
async function dropForeignLeases(client: ClientBase, subnetIds: readonly number[]): Promise<void> {
  await client.query(
    `delete from lease4 l where l.subnet_id = any($1::bigint[]) and not exists (
       select from dhcp4_subnet s where s.subnet_id = l.subnet_id and ('0.0.0.0'::inet + l.address) << s.subnet_prefix::inet)`,
    [subnetIds],
  );
}
