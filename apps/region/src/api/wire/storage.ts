/** Disks as the API shows them. */
import type { BlockDevice, Filesystem, Partition } from "@rackwright/contract/objects/storage";
import { API_ROOT } from "@rackwright/contract/table";
import type { BlockDeviceRow, FilesystemRow, PartitionRow } from "@rackwright/db/machine-views";

export interface StorageContext {
  systemId: string;
  partitions: ReadonlyMap<number, PartitionRow[]>;
  /** Those that count in the machine's status: the acquired copies, or the originals. */
  filesystems: readonly FilesystemRow[];
}

export function wireFilesystem(f: FilesystemRow | undefined): Filesystem | null {
  return f
    ? { fstype: f.fstype, label: f.label, uuid: f.uuid, mount_point: f.mount_point, mount_options: f.mount_options }
    : null;
}

function usedFor(f: FilesystemRow | undefined, otherwise: string): string {
  if (!f) return otherwise;
  return `${f.mount_point === null ? "Unmounted " : ""}${f.fstype} formatted filesystem${f.mount_point === null ? "" : ` mounted at ${f.mount_point}`}`;
}

export function wirePartition(p: PartitionRow, disk: BlockDeviceRow, of: StorageContext): Partition {
  const filesystem = of.filesystems.find((f) => f.partition_id === p.id);
  return {
    system_id: of.systemId,
    device_id: disk.id,
    id: p.id,
    uuid: p.uuid,
    path: `/dev/disk/by-dname/${disk.name}-part${p.index}`,
    type: "partition",
    size: p.size_bytes,
    bootable: p.bootable,
    filesystem: wireFilesystem(filesystem),
    used_for: usedFor(filesystem, "Unused"),
    tags: p.tags,
    resource_uri: `${API_ROOT}/nodes/${of.systemId}/blockdevices/${disk.id}/partition/${p.id}`,
  };
}

/** @param physical with the keys that only physical devices have */
export function wireBlockDevice(b: BlockDeviceRow, of: StorageContext, physical = b.type === "physical"): BlockDevice {
  const partitions = of.partitions.get(b.id) ?? [];
  const filesystem = of.filesystems.find((f) => f.block_device_id === b.id);
  const used = filesystem ? b.size_bytes : partitions.reduce((sum, p) => sum + p.size_bytes, 0);
  const table = b.partition_table_type;
  return {
    system_id: of.systemId,
    id: b.id,
    name: b.name,
    uuid: b.uuid,
    type: b.type,
    path: `/dev/disk/by-dname/${b.name}`,
    model: b.model,
    serial: b.serial,
    id_path: b.id_path,
    size: b.size_bytes,
    block_size: b.block_size_bytes,
    available_size: Math.max(0, b.size_bytes - used),
    used_size: used,
    used_for: usedFor(
      filesystem,
      table === null
        ? "Unused"
        : `${table.toUpperCase()} partitioned with ${partitions.length} partition${partitions.length === 1 ? "" : "s"}`,
    ),
    tags: b.tags,
    filesystem: wireFilesystem(filesystem),
    partition_table_type: table === null ? null : table.toUpperCase(),
    partitions: partitions.map((p) => wirePartition(p, b, of)),
    ...(physical ? { firmware_version: b.firmware_version } : {}),
    storage_pool: null,
    numa_node: b.numa_node,
    resource_uri: `${API_ROOT}/nodes/${of.systemId}/blockdevices/${b.id}/`,
  };
}
