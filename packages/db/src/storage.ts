/** Block devices, partitions and filesystems: a node's storage model in tables. */
import { DomainError } from "@rackwright/domain/errors";
import { bootDisk } from "@rackwright/domain/storage/boot-disk";
import { needsBiosGrub } from "@rackwright/domain/storage/geometry";
import type { DeviceRef, FormatType, LayoutMachine, StorageDisk, StorageModel } from "@rackwright/domain/storage/model";
import { type Kysely, type Selectable, sql } from "kysely";
import type { Tx } from "./connect.ts";
import type { BlockDeviceTable, FilesystemTable, PartitionTable, Schema } from "./schema.ts";

type DiskRow = Selectable<BlockDeviceTable>;
type PartitionRow = Selectable<PartitionTable>;
type FilesystemRow = Selectable<FilesystemTable>;

/** Filesystems that are members of something larger: nobody mounts them, so nobody gets a copy. */
const INTERNAL = ["lvm-pv", "raid", "raid-spare", "bcache-cache", "bcache-backing", "vmfs6"];
const formatTypes: readonly string[] = ["ext2", "ext4", "xfs", "fat32", "vfat", "btrfs", "swap"] satisfies FormatType[];

/** What layouts need to know of a node. @throws Error when there is no such node */
export async function loadLayoutMachine(db: Kysely<Schema>, nodeId: number): Promise<LayoutMachine> {
  return layoutMachine(db, nodeId, await physicalDisks(db, nodeId));
}

async function layoutMachine(db: Kysely<Schema>, nodeId: number, disks: readonly DiskRow[]): Promise<LayoutMachine> {
  const node = await db
    .selectFrom("node")
    .select(["architecture", "bios_boot_method", "boot_disk_id"])
    .where("id", "=", nodeId)
    .executeTakeFirstOrThrow();
  return {
    architecture: node.architecture ?? "amd64/generic",
    biosBootMethod: node.bios_boot_method ?? "pxe",
    disks: disks.map(toDisk),
    ...(node.boot_disk_id === null ? {} : { bootDiskId: node.boot_disk_id }),
  };
}

/** What stands on a node's disks. `acquired`: the copies that belong to whoever holds the machine, instead of the originals. */
export async function loadStorageModel(
  db: Kysely<Schema>,
  nodeId: number,
  options: { acquired: boolean },
): Promise<StorageModel> {
  const disks = await physicalDisks(db, nodeId);
  const machine = await layoutMachine(db, nodeId, disks);
  const partitions = await db
    .selectFrom("partition as p")
    .innerJoin("block_device as b", "b.id", "p.block_device_id")
    .selectAll("p")
    .where("b.node_id", "=", nodeId)
    .orderBy("p.block_device_id")
    .orderBy("p.index")
    .execute();
  const filesystems = await db
    .selectFrom("filesystem")
    .selectAll()
    .where("node_id", "=", nodeId)
    .where("acquired", "=", options.acquired)
    .orderBy("id")
    .execute();
  const tables = disks.flatMap(({ id, partition_table_type: type }) =>
    type === "gpt" || type === "mbr"
      ? [{ diskId: id, type, biosGrub: type === "gpt" && needsBiosGrub(machine) } as const]
      : [],
  );
  const byId = new Map(partitions.map((p) => [p.id, p]));
  return {
    disks: machine.disks,
    bootDiskId: bootDisk(machine)?.id,
    partitionTables: tables,
    partitions: partitions.map((p) => ({
      diskId: p.block_device_id,
      index: p.index,
      sizeBytes: p.size_bytes,
      uuid: p.uuid,
      bootable: p.bootable,
    })),
    filesystems: filesystems.map((f) => toFilesystem(f, byId)),
  };
}

/** Forget what was planned for a node's disks: filesystems and their copies, partitions, groups. The disks stay. */
export async function clearStorageRows(tx: Tx, nodeId: number): Promise<void> {
  await tx.deleteFrom("filesystem").where("node_id", "=", nodeId).execute();
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

/** Store `model` as all that stands on the node's disks, in place of whatever was planned before. */
export async function replaceStorageRows(tx: Tx, nodeId: number, model: StorageModel): Promise<void> {
  await clearStorageRows(tx, nodeId);
  for (const type of ["gpt", "mbr"] as const) {
    const ids = model.partitionTables.filter((table) => table.type === type).map((table) => table.diskId);
    if (ids.length === 0) continue;
    await tx
      .updateTable("block_device")
      .set({ partition_table_type: type })
      .where("node_id", "=", nodeId)
      .where("id", "=", sql<number>`any(${ids}::bigint[])`)
      .execute();
  }
  const inserted =
    model.partitions.length === 0
      ? []
      : await tx
          .insertInto("partition")
          .values(
            model.partitions.map((p) => ({
              block_device_id: p.diskId,
              index: p.index,
              uuid: p.uuid,
              size_bytes: p.sizeBytes,
              bootable: p.bootable,
            })),
          )
          .returning(["id", "block_device_id", "index"])
          .execute();
  if (model.filesystems.length === 0) return;
  const partitionId = (on: DeviceRef): number | null => {
    if (on.kind === "disk") return null;
    const found = inserted.find((p) => p.block_device_id === on.diskId && p.index === on.index);
    if (!found)
      throw new Error(
        `the storage model has a filesystem on partition ${on.index} of disk ${on.diskId}, which it does not list`,
      );
    return found.id;
  };
  await tx
    .insertInto("filesystem")
    .values(
      model.filesystems.map((f) => ({
        node_id: nodeId,
        block_device_id: f.on.kind === "disk" ? f.on.diskId : null,
        partition_id: partitionId(f.on),
        fstype: f.fstype,
        uuid: f.uuid,
        label: f.label,
        mount_point: f.mountPoint ?? null,
        mount_options: f.mountOptions ?? null,
      })),
    )
    .execute();
}

/** Give the holder of a node filesystems of their own to edit and mount: copies that vanish at release. */
export async function copyFilesystems(tx: Tx, nodeId: number): Promise<void> {
  await dropFilesystemCopies(tx, nodeId);
  await sql`
    insert into filesystem (node_id, block_device_id, partition_id, fstype, uuid, label, mount_point, mount_options, acquired)
    select node_id, block_device_id, partition_id, fstype, uuid, label, mount_point, mount_options, true
    from filesystem where node_id = ${nodeId} and not acquired and fstype <> all(${INTERNAL}::text[])
    order by id`.execute(tx);
}

export async function dropFilesystemCopies(tx: Tx, nodeId: number): Promise<void> {
  await tx.deleteFrom("filesystem").where("node_id", "=", nodeId).where("acquired", "=", true).execute();
}

function physicalDisks(db: Kysely<Schema>, nodeId: number): Promise<DiskRow[]> {
  return db
    .selectFrom("block_device")
    .selectAll()
    .where("node_id", "=", nodeId)
    .where("type", "=", "physical")
    .orderBy("id")
    .execute();
}

function toDisk(row: DiskRow): StorageDisk {
  return {
    id: row.id,
    name: row.name,
    sizeBytes: row.size_bytes,
    blockSizeBytes: row.block_size_bytes,
    ...(row.model ? { model: row.model } : {}),
    ...(row.serial ? { serial: row.serial } : {}),
    ...(row.id_path ? { idPath: row.id_path } : {}),
    tags: row.tags,
  };
}

function toFilesystem(
  row: FilesystemRow,
  partitions: ReadonlyMap<number, PartitionRow>,
): StorageModel["filesystems"][number] {
  const partition = row.partition_id === null ? undefined : partitions.get(row.partition_id);
  const diskId = partition?.block_device_id ?? row.block_device_id;
  if (diskId === null || !formatTypes.includes(row.fstype)) {
    const where = row.mount_point ?? row.label ?? row.uuid;
    throw new DomainError(
      "bad_request",
      `The ${row.fstype} filesystem ${where} cannot be installed yet: remove it, or use ${formatTypes.join(", ")} on a disk or partition.`,
    );
  }
  return {
    on: partition ? { kind: "partition", diskId, index: partition.index } : { kind: "disk", diskId },
    fstype: row.fstype as FormatType,
    uuid: row.uuid,
    label: row.label ?? "",
    ...(row.mount_point === null ? {} : { mountPoint: row.mount_point }),
    ...(row.mount_options === null ? {} : { mountOptions: row.mount_options }),
  };
}
