/** Store a changed storage model: rows that are gone, new ones (ids below zero), and those that changed. */
import type { StorageModel } from "@rackwright/domain/storage/model";
import { type Insertable, sql } from "kysely";
import type { Tx } from "./connect.ts";
import type { BlockDeviceTable, FilesystemTable, PartitionTable, Schema, StorageGroupTable } from "./schema.ts";

interface Identified {
  readonly id: number;
}

/**
 * @param before as it was loaded @param after what the rules made of it: elements that did not change are the same objects
 * @returns what ids below zero have become
 */
export async function saveStorageModel(
  tx: Tx,
  nodeId: number,
  before: StorageModel,
  after: StorageModel,
  options: { acquired: boolean },
): Promise<StoredIds> {
  await remove(tx, "filesystem", before.filesystems, after.filesystems);
  await remove(tx, "partition", before.partitions, after.partitions);
  await remove(tx, "block_device", before.devices, after.devices);
  await remove(tx, "storage_group", before.groups, after.groups);
  await remove(tx, "cache_set", before.cacheSets, after.cacheSets);
  const ids = new StoredIds();
  const write = <T extends Identified>(kind: Kind, old: readonly T[], now: readonly T[], row: (of: T) => Row) =>
    put(tx, kind, old, now, row, ids);
  await write("cache_set", before.cacheSets, after.cacheSets, () => ({ node_id: nodeId }));
  await write("storage_group", before.groups, after.groups, (g) => groupRow(nodeId, g, ids));
  await write("block_device", before.devices, after.devices, (d) => deviceRow(nodeId, d, ids));
  await write("partition", before.partitions, after.partitions, (p) => partitionRow(p, ids));
  await write("filesystem", before.filesystems, after.filesystems, (f) =>
    filesystemRow(nodeId, f, ids, options.acquired),
  );
  if (before.bootDiskId !== after.bootDiskId) {
    const bootDiskId = after.bootDiskId === null ? null : ids.of("block_device", after.bootDiskId);
    await tx.updateTable("node").set({ boot_disk_id: bootDiskId }).where("id", "=", nodeId).execute();
  }
  return ids;
}

type Kind = "cache_set" | "storage_group" | "block_device" | "partition" | "filesystem";
type Row =
  | { node_id: number }
  | Insertable<BlockDeviceTable>
  | Insertable<PartitionTable>
  | Insertable<FilesystemTable>
  | Insertable<StorageGroupTable>;

/** The rows that new elements have become. */
export class StoredIds {
  readonly #known = new Map<string, number>();
  set(kind: Kind, id: number, stored: number): void {
    this.#known.set(`${kind} ${id}`, stored);
  }
  of(kind: Kind, id: number): number {
    if (id > 0) return id;
    const stored = this.#known.get(`${kind} ${id}`);
    if (stored === undefined) throw new Error(`the storage model speaks of ${kind} ${id}, which it does not list`);
    return stored;
  }
}

async function remove(tx: Tx, kind: Kind, before: readonly Identified[], after: readonly Identified[]): Promise<void> {
  const kept = new Set(after.map((each) => each.id));
  const gone = before.map((each) => each.id).filter((id) => !kept.has(id));
  if (gone.length === 0) return;
  await sql`delete from ${sql.table(kind)} where id = any(${gone}::bigint[])`.execute(tx);
}

async function put<T extends Identified>(
  tx: Tx,
  kind: Kind,
  before: readonly T[],
  after: readonly T[],
  row: (of: T) => Row,
  ids: StoredIds,
): Promise<void> {
  const old = new Map(before.map((each) => [each.id, each]));
  // One by one: a change touches a handful of rows, and each new one's id is needed.
  for (const each of after) {
    if (each.id < 0) {
      const { id } = await tx
        .insertInto(kind as keyof Schema)
        .values(row(each) as never)
        .returning("id" as never)
        .executeTakeFirstOrThrow();
      ids.set(kind, each.id, id);
    } else if (old.get(each.id) !== each) {
      await tx
        .updateTable(kind as "block_device")
        .set(row(each) as never)
        .where("id", "=", each.id)
        .execute();
    }
  }
}

function groupRow(nodeId: number, g: StorageModel["groups"][number], ids: StoredIds): Insertable<StorageGroupTable> {
  return {
    node_id: nodeId,
    type: g.type,
    name: g.name,
    uuid: g.uuid,
    cache_mode: g.cacheMode,
    cache_set_id: g.cacheSetId === null ? null : ids.of("cache_set", g.cacheSetId),
  };
}

/** Firmware is commissioning's to write. */
function deviceRow(nodeId: number, d: StorageModel["devices"][number], ids: StoredIds): Insertable<BlockDeviceTable> {
  return {
    node_id: nodeId,
    type: d.type,
    name: d.name,
    uuid: d.uuid,
    model: d.model,
    serial: d.serial,
    id_path: d.idPath,
    size_bytes: d.sizeBytes,
    block_size_bytes: d.blockSizeBytes,
    numa_node: d.numaNode,
    tags: [...d.tags],
    partition_table_type: d.table,
    group_id: d.groupId === null ? null : ids.of("storage_group", d.groupId),
  };
}

function partitionRow(p: StorageModel["partitions"][number], ids: StoredIds): Insertable<PartitionTable> {
  return {
    block_device_id: ids.of("block_device", p.deviceId),
    index: p.index,
    uuid: p.uuid,
    size_bytes: p.sizeBytes,
    bootable: p.bootable,
    tags: [...p.tags],
  };
}

function filesystemRow(
  nodeId: number,
  f: StorageModel["filesystems"][number],
  ids: StoredIds,
  acquired: boolean,
): Insertable<FilesystemTable> {
  return {
    node_id: nodeId,
    block_device_id: f.on.kind === "device" ? ids.of("block_device", f.on.id) : null,
    partition_id: f.on.kind === "partition" ? ids.of("partition", f.on.id) : null,
    fstype: f.fstype,
    uuid: f.uuid,
    label: f.label,
    mount_point: f.mountPoint,
    mount_options: f.mountOptions,
    acquired: acquired && f.groupId === null && f.cacheSetId === null,
    group_id: f.groupId === null ? null : ids.of("storage_group", f.groupId),
    cache_set_id: f.cacheSetId === null ? null : ids.of("cache_set", f.cacheSetId),
  };
}
