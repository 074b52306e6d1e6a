/** A node's storage model in tables: read as a whole, and stored by what differs. */
import type { Filesystem, GroupType, CacheMode, StorageModel, FilesystemType } from "@rackwright/domain/storage/model";
import { type Kysely, sql } from "kysely";
import type { Tx } from "./connect.ts";
import type { Schema } from "./schema.ts";

/** Filesystems that are members of something larger: nobody mounts them, so nobody gets a copy. */
const MEMBERS = sql`array['lvm-pv', 'raid', 'raid-spare', 'bcache-cache', 'bcache-backing', 'vmfs6']`;

/**
 * What stands on a node's disks. `acquired`: the copies that belong to whoever holds the machine, instead of the originals.
 * @throws Error when there is no such node
 */
export async function loadStorageModel(
  db: Kysely<Schema>,
  nodeId: number,
  options: { acquired: boolean },
): Promise<StorageModel> {
  const [node, devices, partitions, filesystems, groups, cacheSets] = await Promise.all([
    db
      .selectFrom("node")
      .select(["architecture", "bios_boot_method", "boot_disk_id"])
      .where("id", "=", nodeId)
      .executeTakeFirstOrThrow(),
    db.selectFrom("block_device").selectAll().where("node_id", "=", nodeId).orderBy("id").execute(),
    db
      .selectFrom("partition as p")
      .innerJoin("block_device as b", "b.id", "p.block_device_id")
      .selectAll("p")
      .where("b.node_id", "=", nodeId)
      .orderBy("p.block_device_id")
      .orderBy("p.index")
      .execute(),
    db
      .selectFrom("filesystem")
      .selectAll()
      .where("node_id", "=", nodeId)
      .where(sql<boolean>`acquired = ${options.acquired} or fstype = any(${MEMBERS})`)
      .orderBy("id")
      .execute(),
    db.selectFrom("storage_group").selectAll().where("node_id", "=", nodeId).orderBy("id").execute(),
    db.selectFrom("cache_set").select("id").where("node_id", "=", nodeId).orderBy("id").execute(),
  ]);
  return {
    architecture: node.architecture ?? "amd64/generic",
    biosBootMethod: node.bios_boot_method ?? "pxe",
    bootDiskId: node.boot_disk_id,
    devices: devices.map((b) => ({
      id: b.id,
      type: b.type === "physical" ? "physical" : "virtual",
      name: b.name,
      sizeBytes: b.size_bytes,
      blockSizeBytes: b.block_size_bytes,
      uuid: b.uuid,
      model: b.model,
      serial: b.serial,
      idPath: b.id_path,
      numaNode: b.numa_node,
      tags: b.tags,
      table: b.partition_table_type === "gpt" || b.partition_table_type === "mbr" ? b.partition_table_type : null,
      groupId: b.group_id,
    })),
    partitions: partitions.map((p) => ({
      id: p.id,
      deviceId: p.block_device_id,
      index: p.index,
      sizeBytes: p.size_bytes,
      uuid: p.uuid,
      bootable: p.bootable,
      tags: p.tags,
    })),
    filesystems: filesystems.map((f) => ({
      id: f.id,
      on: filesystemPlace(f.block_device_id, f.partition_id),
      fstype: f.fstype as FilesystemType,
      uuid: f.uuid,
      label: f.label,
      mountPoint: f.mount_point,
      mountOptions: f.mount_options,
      groupId: f.group_id,
      cacheSetId: f.cache_set_id,
    })),
    groups: groups.map((g) => ({
      id: g.id,
      type: g.type as GroupType,
      name: g.name,
      uuid: g.uuid,
      cacheMode: g.cache_mode as CacheMode | null,
      cacheSetId: g.cache_set_id,
    })),
    cacheSets,
  };
}

function filesystemPlace(deviceId: number | null, partitionId: number | null): Filesystem["on"] {
  if (partitionId !== null) return { kind: "partition", id: partitionId };
  return deviceId === null ? { kind: "nothing" } : { kind: "device", id: deviceId };
}

/** Forget what was planned for a node's disks: filesystems and their copies, partitions, groups. The disks stay. */
export async function clearStorageRows(tx: Tx, nodeId: number): Promise<void> {
  await tx.deleteFrom("filesystem").where("node_id", "=", nodeId).execute();
  await tx.deleteFrom("storage_group").where("node_id", "=", nodeId).execute();
  await tx.deleteFrom("cache_set").where("node_id", "=", nodeId).execute();
  await tx.deleteFrom("block_device").where("node_id", "=", nodeId).where("type", "<>", "physical").execute();
  const disks = tx.selectFrom("block_device").select("id").where("node_id", "=", nodeId);
  await tx.deleteFrom("partition").where("block_device_id", "in", disks).execute();
  await tx
    .updateTable("block_device")
    .set({ partition_table_type: null })
    .where("node_id", "=", nodeId)
    .where("partition_table_type", "is not", null)
    .execute();
}

/** Give the holder of a node filesystems of their own to edit and mount: copies that vanish at release. */
export async function copyFilesystems(tx: Tx, nodeId: number): Promise<void> {
  await dropFilesystemCopies(tx, nodeId);
  await sql`
    insert into filesystem (node_id, block_device_id, partition_id, fstype, uuid, label, mount_point, mount_options, acquired)
    select node_id, block_device_id, partition_id, fstype, uuid, label, mount_point, mount_options, true
    from filesystem where node_id = ${nodeId} and not acquired and fstype <> all(${MEMBERS})
    order by id`.execute(tx);
}

export async function dropFilesystemCopies(tx: Tx, nodeId: number): Promise<void> {
  await tx.deleteFrom("filesystem").where("node_id", "=", nodeId).where("acquired", "=", true).execute();
}
