/** Hosts of virtual machines, their machines, and clusters of them. */
import { allocType } from "@rackwright/domain/addressing/alloc-type";
import type { Guest, StoragePool } from "@rackwright/domain/vm-host/capacity";
import { type Kysely, type Selectable, sql } from "kysely";
import type { Tx } from "./connect.ts";
import type {
  ResourcePoolTable,
  Schema,
  VirtualMachineTable,
  VmClusterTable,
  VmHostTable,
  ZoneTable,
} from "./schema.ts";

type Db = Kysely<Schema>;
export type VmHostRow = Selectable<VmHostTable>;
export type VmClusterRow = Selectable<VmClusterTable>;
export type VirtualMachineRow = Selectable<VirtualMachineTable>;

export interface VmHostView {
  row: VmHostRow;
  zone: Selectable<ZoneTable>;
  pool: Selectable<ResourcePoolTable>;
  /** System id of the node that it runs on. */
  hostSystemId: string | null;
  pools: StoragePool[];
  guests: Guest[];
}

const anyOf = (ids: readonly number[]) => sql<number>`any(${ids}::bigint[])`;

export const poolsOf = (row: Pick<VmHostRow, "storage_pools">): StoragePool[] =>
  row.storage_pools as unknown as StoragePool[];

export const guestOf = (vm: VirtualMachineRow): Guest => ({
  pinnedCores: vm.pinned_cores,
  unpinnedCores: vm.unpinned_cores,
  memoryMib: vm.memory_mib,
  disks: vm.disks as unknown as Guest["disks"],
});

/** All of them, or these, by id; three statements whatever their number. */
export async function loadVmHosts(
  db: Db,
  only?: { ids?: readonly number[]; clusterId?: number },
): Promise<VmHostView[]> {
  let query = db
    .selectFrom("vm_host as h")
    .leftJoin("node as n", "n.id", "h.host_node_id")
    .selectAll("h")
    .select("n.system_id as hostSystemId")
    .orderBy("h.id");
  if (only?.ids) query = query.where("h.id", "=", anyOf(only.ids));
  if (only?.clusterId !== undefined) query = query.where("h.cluster_id", "=", only.clusterId);
  const rows = await query.execute();
  const [zones, pools, machines] = await Promise.all([
    db
      .selectFrom("zone")
      .selectAll()
      .where("id", "=", anyOf(rows.map((row) => row.zone_id)))
      .execute(),
    db
      .selectFrom("resource_pool")
      .selectAll()
      .where("id", "=", anyOf(rows.map((row) => row.pool_id)))
      .execute(),
    guestRows(
      db,
      rows.map((row) => row.id),
    ),
  ]);
  const guests = Map.groupBy(machines, (vm) => vm.vm_host_id);
  return rows.flatMap(({ hostSystemId, ...row }) => {
    const zone = zones.find((one) => one.id === row.zone_id);
    const pool = pools.find((one) => one.id === row.pool_id);
    if (!zone || !pool) return [];
    return [{ row, zone, pool, hostSystemId, pools: poolsOf(row), guests: (guests.get(row.id) ?? []).map(guestOf) }];
  });
}

export function guestRows(db: Db, hostIds: readonly number[]): Promise<VirtualMachineRow[]> {
  return db.selectFrom("virtual_machine").selectAll().where("vm_host_id", "=", anyOf(hostIds)).orderBy("id").execute();
}

export function readVmHost(db: Db, id: number): Promise<VmHostRow | undefined> {
  return db.selectFrom("vm_host").selectAll().where("id", "=", id).executeTakeFirst();
}

/** Nobody else makes a machine on it, or changes it, until `tx` ends. */
export function lockVmHost(tx: Tx, id: number): Promise<VmHostRow | undefined> {
  return tx.selectFrom("vm_host").selectAll().where("id", "=", id).forUpdate().executeTakeFirst();
}

export async function vmHostNameTaken(db: Db, name: string, exceptId: number | null): Promise<boolean> {
  const row = await db.selectFrom("vm_host").select("id").where("name", "=", name).executeTakeFirst();
  return row !== undefined && row.id !== exceptId;
}

/** The host at this address, by its name. */
export async function vmHostAt(
  db: Db,
  at: { type: string; powerAddress: string; project: string },
  exceptId: number | null,
): Promise<string | undefined> {
  const row = await db
    .selectFrom("vm_host")
    .select(["id", "name"])
    .where("type", "=", at.type)
    .where("power_address", "=", at.powerAddress)
    .where("project", "=", at.project)
    .executeTakeFirst();
  return row && row.id !== exceptId ? row.name : undefined;
}

/** @returns its id; undefined when another one of that name or address came first */
export async function insertVmHost(tx: Tx, columns: Record<string, unknown>): Promise<number | undefined> {
  const row = await tx
    .insertInto("vm_host")
    .values(columns as never)
    .onConflict((c) => c.doNothing())
    .returning("id")
    .executeTakeFirst();
  return row?.id;
}

export async function updateVmHost(tx: Tx, id: number, columns: Record<string, unknown>): Promise<void> {
  if (Object.keys(columns).length > 0) await tx.updateTable("vm_host").set(columns).where("id", "=", id).execute();
}

export async function deleteVmHostRow(tx: Tx, id: number): Promise<void> {
  await tx.deleteFrom("vm_host").where("id", "=", id).execute();
}

export async function insertVirtualMachine(tx: Tx, columns: Record<string, unknown>): Promise<number> {
  const row = await tx
    .insertInto("virtual_machine")
    .values(columns as never)
    .returning("id")
    .executeTakeFirstOrThrow();
  return row.id;
}

export async function updateVirtualMachine(tx: Tx, id: number, columns: Record<string, unknown>): Promise<void> {
  await tx.updateTable("virtual_machine").set(columns).where("id", "=", id).execute();
}

export async function deleteVirtualMachines(tx: Tx, ids: readonly number[]): Promise<void> {
  await tx.deleteFrom("virtual_machine").where("id", "=", anyOf(ids)).execute();
}

/** Those that are to be taken away from their hosts, oldest first. */
export async function unwantedVirtualMachines(db: Db): Promise<{ vm: VirtualMachineRow; host: VmHostRow }[]> {
  const vms = await db
    .selectFrom("virtual_machine")
    .selectAll()
    .where("unwanted_since", "is not", null)
    .orderBy("id")
    .execute();
  if (vms.length === 0) return [];
  const ids = anyOf(vms.map((vm) => vm.vm_host_id));
  const hosts = await db.selectFrom("vm_host").selectAll().where("id", "=", ids).execute();
  return vms.flatMap((vm) => {
    const host = hosts.find(({ id }) => id === vm.vm_host_id);
    return host ? [{ vm, host }] : [];
  });
}

export function lockVirtualMachine(tx: Tx, id: number): Promise<VirtualMachineRow | undefined> {
  return tx.selectFrom("virtual_machine").selectAll().where("id", "=", id).forUpdate().executeTakeFirst();
}

export function listVirtualMachines(db: Db, visibleTo: number | null, id?: number): Promise<VirtualMachineRow[]> {
  let query = db
    .selectFrom("virtual_machine as vm")
    .leftJoin("node as n", "n.id", "vm.node_id")
    .selectAll("vm")
    .orderBy("vm.id");
  if (visibleTo !== null)
    query = query.where((eb) => eb.or([eb("n.owner_id", "is", null), eb("n.owner_id", "=", visibleTo)]));
  if (id !== undefined) query = query.where("vm.id", "=", id);
  return query.execute();
}

/** The virtual machine that a machine is, with the host that it lives on. */
export async function vmOfNode(
  db: Db,
  nodeId: number,
): Promise<{ vm: VirtualMachineRow; host: VmHostRow } | undefined> {
  const vm = await db.selectFrom("virtual_machine").selectAll().where("node_id", "=", nodeId).executeTakeFirst();
  const host = vm && (await readVmHost(db, vm.vm_host_id));
  return vm && host && { vm, host };
}

/** Names of the VM hosts that run on a machine. */
export async function vmHostsOn(db: Db, nodeId: number): Promise<{ id: number; name: string }[]> {
  return db.selectFrom("vm_host").select(["id", "name"]).where("host_node_id", "=", nodeId).orderBy("id").execute();
}

/** The node that has one of these addresses: what a VM host at such an address runs on. */
export async function nodeAtAddress(db: Db, addresses: readonly string[]): Promise<number | undefined> {
  if (addresses.length === 0) return undefined;
  const row = await db
    .selectFrom("ip_address as a")
    .innerJoin("interface as i", "i.id", "a.interface_id")
    .select("i.node_id as id")
    .where("a.ip", "=", sql<string>`any(${addresses}::inet[])`)
    .where("i.node_id", "is not", null)
    .orderBy("i.node_id")
    .executeTakeFirst();
  return row?.id ?? undefined;
}

/**
 * Where a machine that was deployed is reached: what was set for it, of its boot interface first, else what DHCP gave it, else what it
 * booted with.
 */
export async function addressOfHost(db: Db, nodeId: number): Promise<string | undefined> {
  const { rows } = await sql<{ ip: string }>`
    select host(found.ip) as ip from (
      select a.ip, a.alloc_type = ${allocType.discovered} as leased, i.id = n.boot_interface_id as boots, a.id
        from ip_address a join interface i on i.id = a.interface_id join node n on n.id = i.node_id
        where n.id = ${nodeId} and a.ip is not null
      union all
      select boot_address::inet, true, false, null from node where id = ${nodeId} and boot_address is not null
    ) found order by found.leased, family(found.ip), found.boots desc nulls last, found.id nulls last limit 1`.execute(
    db,
  );
  return rows[0]?.ip;
}

/** MAC addresses, system ids and parameters of the machines that live on a host. */
export function machinesOn(
  db: Db,
  hostId: number,
): Promise<{ nodeId: number; systemId: string; hostname: string; locked: boolean; uuid: string }[]> {
  return db
    .selectFrom("virtual_machine as vm")
    .innerJoin("node as n", "n.id", "vm.node_id")
    .select(["n.id as nodeId", "n.system_id as systemId", "n.hostname", "n.locked", "vm.uuid"])
    .where("vm.vm_host_id", "=", hostId)
    .orderBy("n.id")
    .execute();
}

export function listVmClusters(db: Db, id?: number): Promise<VmClusterRow[]> {
  let query = db.selectFrom("vm_cluster").selectAll().orderBy("id");
  if (id !== undefined) query = query.where("id", "=", id);
  return query.execute();
}

export function lockVmCluster(tx: Tx, id: number): Promise<VmClusterRow | undefined> {
  return tx.selectFrom("vm_cluster").selectAll().where("id", "=", id).forUpdate().executeTakeFirst();
}

/** @returns whether the name was free */
export async function updateVmCluster(
  tx: Tx,
  id: number,
  set: { name: string; zone_id: number; pool_id: number },
): Promise<boolean> {
  const other = await tx.selectFrom("vm_cluster").select("id").where("name", "=", set.name).executeTakeFirst();
  if (other && other.id !== id) return false;
  await tx.updateTable("vm_cluster").set(set).where("id", "=", id).execute();
  await tx
    .updateTable("vm_host")
    .set({ zone_id: set.zone_id, pool_id: set.pool_id })
    .where("cluster_id", "=", id)
    .execute();
  return true;
}

export async function deleteVmClusterRow(tx: Tx, id: number): Promise<void> {
  await tx.deleteFrom("vm_cluster").where("id", "=", id).execute();
}

/**
 * The hosts of these types that nobody has asked since `before`: they are the caller's to ask now.
 * @returns their ids
 */
export async function claimOverdueVmHosts(
  db: Db,
  { types, before, now }: { types: readonly string[]; before: Date; now: Date },
): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`
    update vm_host set looked_at = ${now} where id in (
      select id from vm_host where type = any(${types}::text[]) and coalesce(looked_at, refreshed_at, created_at) < ${before}
      order by id for update skip locked)
    returning id`.execute(db);
  return rows.map(({ id }) => id);
}
