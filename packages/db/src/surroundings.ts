/** What is around a machine, for the warnings of its commissioning: one statement. */
import type { Finding } from "@rackwright/domain/diagnosis/case";
import type { Surroundings } from "@rackwright/domain/diagnosis/preflight";
import { type Kysely, sql } from "kysely";
import type { Tx } from "./connect.ts";
import type { Schema } from "./schema.ts";

export interface SurroundingsRow extends Surroundings {
  /** Ids of the machines that share something with this one. */
  others: readonly number[];
}

/** Machines that are named of those that share something. */
const MOST_NAMED = 5;

export async function surroundingsOf(db: Kysely<Schema>, nodeId: number): Promise<SurroundingsRow | undefined> {
  const { rows } = await sql<SurroundingsRow>`
    with own as materialized (select * from hardware_inventory where node_id = ${nodeId} order by id desc limit 1),
    -- Each by its own index: with "or" all inventories of all machines would be read.
    alike as materialized (
      select o.id, o.node_id, o.hardware_uuid, o.macs from own join hardware_inventory o on o.hardware_uuid = own.hardware_uuid
      union
      select o.id, o.node_id, o.hardware_uuid, o.macs from own join hardware_inventory o on o.macs && own.macs
    ),
    same as materialized (
      select o.node_id, n.hostname, o.hardware_uuid = own.hardware_uuid as uuid,
        (select min(m) from unnest(o.macs) m where m = any(own.macs)) as mac
      from own, alike o join node n on n.id = o.node_id
      where o.node_id <> own.node_id
        and not exists (select from hardware_inventory l where l.node_id = o.node_id and l.id > o.id)
      order by o.node_id limit ${MOST_NAMED}
    )
    select
      (select preflight from own) as preflight,
      coalesce((select jsonb_agg(jsonb_build_object('name', i.name, 'linkConnected', i.link_connected, 'linkSpeed', i.link_speed,
        'interfaceSpeed', i.interface_speed) order by i.id) from interface i where i.node_id = n.id and i.type = 'physical'), '[]') as links,
      (select bool_or(v.dhcp_on or coalesce(relay.dhcp_on, false)) from interface i
        join vlan v on v.id = i.vlan_id left join vlan relay on relay.id = v.relay_vlan_id where i.node_id = n.id) as "dhcpServed",
      coalesce((select array_agg(distinct host(v.external_dhcp)) from vlan v join interface i on i.vlan_id = v.id
        where i.node_id = n.id and v.external_dhcp is not null), '{}') as "foreignDhcp",
      (select hardware_uuid from own) as "hardwareUuid",
      coalesce((select array_agg(hostname order by node_id) from same where uuid), '{}') as "sameUuid",
      coalesce((select jsonb_agg(jsonb_build_object('hostname', hostname, 'mac', mac) order by node_id) from same where mac is not null), '[]') as "sameMac",
      coalesce((select array_agg(node_id) from same), '{}') as others
    from node n where n.id = ${nodeId}`.execute(db);
  return rows[0];
}

/** @returns what was kept before; undefined where nothing has changed, or the machine is gone */
export async function storeWarnings(
  tx: Tx,
  nodeId: number,
  warnings: readonly Finding[],
): Promise<readonly Finding[] | undefined> {
  const text = JSON.stringify(warnings);
  const { rows } = await sql<{ before: Finding[] }>`
    with before as (select id, warnings from node where id = ${nodeId} and warnings <> ${text}::jsonb)
    update node set warnings = ${text}::jsonb from before where node.id = before.id returning before.warnings as before`.execute(
    tx,
  );
  return rows[0]?.before;
}
