/** Disks and interfaces of many machines, as far as allocating by them asks: one statement each. */
import { asksForParts, type Fit, fitMachine, type Parts } from "@rackwright/domain/allocation/fit";
import type { InterfaceItem } from "@rackwright/domain/allocation/interfaces";
import type { StorageItem } from "@rackwright/domain/allocation/storage";
import { type Kysely, sql } from "kysely";
import type { Schema } from "./schema.ts";

async function storageItems(db: Kysely<Schema>, ids: readonly number[]): Promise<Map<number, StorageItem[]>> {
  // Holders of machines have copies of the file systems; what is planned are the others.
  const { rows } = await sql<StorageItem & { nodeId: number }>`
    select b.node_id as "nodeId", b.id, 'disk' as kind, b.size_bytes as "sizeBytes", b.tags,
      exists (select from filesystem f left join partition p on p.id = f.partition_id
        where not f.acquired and f.mount_point = '/' and b.id in (f.block_device_id, p.block_device_id)) as "holdsRoot"
    from block_device b where b.node_id = any(${ids}::bigint[])
    union all
    select b.node_id, p.id, 'partition', p.size_bytes, p.tags,
      exists (select from filesystem f where not f.acquired and f.mount_point = '/' and f.partition_id = p.id)
    from partition p join block_device b on b.id = p.block_device_id where b.node_id = any(${ids}::bigint[])`.execute(
    db,
  );
  return Map.groupBy(rows, (row) => row.nodeId);
}

export async function interfaceItems(
  db: Kysely<Schema>,
  ids: readonly number[],
): Promise<Map<number, InterfaceItem[]>> {
  const { rows } = await sql<InterfaceItem & { nodeId: number }>`
    select i.node_id as "nodeId", i.id, i.name, i.type, n.hostname, i.tags, i.link_speed as "linkSpeed",
      (select json_build_object('id', v.id, 'vid', v.vid, 'name', v.name, 'fabricId', f.id,
          'fabric', coalesce(f.name, 'fabric-' || f.id), 'fabricClass', f.class_type, 'spaceId', s.id, 'space', s.name)
        from vlan v join fabric f on f.id = v.fabric_id left join space s on s.id = v.space_id
        where v.id = i.vlan_id) as vlan,
      coalesce((select json_agg(json_build_object('configured', a.alloc_type <> 1 or a.ip is not null, 'ip', host(a.ip), 'subnet', case when s.id is null then null else
          json_build_object('id', s.id, 'name', s.name, 'cidr', text(s.cidr),
            'spaceId', sp.id, 'space', sp.name) end))
        from ip_address a left join subnet s on s.id = a.subnet_id left join vlan sv on sv.id = s.vlan_id left join space sp on sp.id = sv.space_id
        where a.interface_id = i.id and a.alloc_type <> 6), '[]') as links
    from interface i join node n on n.id = i.node_id where i.node_id = any(${ids}::bigint[]) order by i.id`.execute(db);
  return Map.groupBy(rows, (row) => row.nodeId);
}

/** Those of the machines that have all that is asked for, in their order, with what meets it. */
export async function fittingMachines(
  db: Kysely<Schema>,
  ids: readonly number[],
  parts: Parts,
): Promise<Map<number, Fit>> {
  if (!asksForParts(parts)) return new Map(ids.map((id) => [id, {}]));
  const disks = parts.storage && (await storageItems(db, ids));
  const nics = parts.interfaces && (await interfaceItems(db, ids));
  const fits = new Map<number, Fit>();
  for (const id of ids) {
    const fit = fitMachine(parts, { storage: disks?.get(id) ?? [], interfaces: nics?.get(id) ?? [] });
    if (fit) fits.set(id, fit);
  }
  return fits;
}
