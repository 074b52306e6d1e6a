/** Block devices and partitions as the API shows them. */
import type { BlockDevice, Filesystem, Partition, StorageDevice } from "@rackwright/contract/objects/storage";
import { API_ROOT } from "@rackwright/contract/table";
import { onDevice, onPartition, type StorageEdit } from "@rackwright/domain/storage/edit";
import {
  type Device,
  type Filesystem as PlannedFilesystem,
  filesystemOn,
  isMember,
  type On,
  type Partition as PlannedPartition,
} from "@rackwright/domain/storage/model";
import type { SeenStorage } from "../../app/storage-view.ts";

export function wireFilesystem(f: PlannedFilesystem | undefined): Filesystem | null {
  return f
    ? { fstype: f.fstype, label: f.label, uuid: f.uuid, mount_point: f.mountPoint, mount_options: f.mountOptions }
    : null;
}

function usedFor(storage: StorageEdit, f: PlannedFilesystem | undefined, otherwise: string): string {
  if (!f) return otherwise;
  if (isMember(f)) return memberFor(storage, f);
  return `${f.mountPoint === null ? "Unmounted " : ""}${f.fstype} formatted filesystem${f.mountPoint === null ? "" : ` mounted at ${f.mountPoint}`}`;
}

function memberFor(storage: StorageEdit, f: PlannedFilesystem): string {
  if (f.cacheSetId !== null) {
    const users = storage.groups.filter((g) => g.cacheSetId === f.cacheSetId).map((g) => g.name);
    return users.length === 0 ? "Cache device" : `Cache device for ${users.join(", ")}`;
  }
  const group = f.groupId === null ? undefined : storage.group(f.groupId);
  const name = group?.name ?? "?";
  switch (f.fstype) {
    case "lvm-pv":
      return `LVM volume for ${name}`;
    case "raid":
    case "raid-spare":
      return `${f.fstype === "raid" ? "Active" : "Spare"} ${group?.type.toUpperCase() ?? "RAID"} device for ${name}`;
    case "bcache-backing":
      return `Backing device for ${name}`;
    default:
      return `VMFS extent for ${name}`;
  }
}

export function wirePartition(p: PlannedPartition, { systemId, storage }: SeenStorage): Partition {
  const device = storage.device(p.deviceId);
  const filesystem = filesystemOn(storage, onPartition(p));
  return {
    system_id: systemId,
    device_id: device.id,
    id: p.id,
    uuid: p.uuid,
    path: `/dev/disk/by-dname/${device.name}-part${p.index}`,
    type: "partition",
    size: p.sizeBytes,
    bootable: p.bootable,
    filesystem: wireFilesystem(filesystem),
    used_for: usedFor(storage, filesystem, "Unused"),
    tags: [...p.tags],
    resource_uri: `${API_ROOT}/nodes/${systemId}/blockdevices/${device.id}/partition/${p.id}`,
  };
}

export function wireBlockDevice(b: Device, of: SeenStorage): BlockDevice {
  const { systemId, storage } = of;
  const partitions = storage.partitionsOf(b.id);
  const filesystem = filesystemOn(storage, onDevice(b));
  const used = filesystem ? b.sizeBytes : partitions.reduce((sum, p) => sum + p.sizeBytes, 0);
  const { table } = b;
  const count = `${partitions.length} partition${partitions.length === 1 ? "" : "s"}`;
  return {
    system_id: systemId,
    id: b.id,
    name: b.name,
    uuid: b.uuid,
    type: b.type,
    path: `/dev/disk/by-dname/${b.name}`,
    model: b.model,
    serial: b.serial,
    id_path: b.idPath,
    size: b.sizeBytes,
    block_size: b.blockSizeBytes,
    available_size: Math.max(0, b.sizeBytes - used),
    used_size: used,
    used_for: usedFor(
      storage,
      filesystem,
      table === null ? "Unused" : `${table.toUpperCase()} partitioned with ${count}`,
    ),
    tags: [...b.tags],
    filesystem: wireFilesystem(filesystem),
    partition_table_type: table === null ? null : table.toUpperCase(),
    partitions: partitions.map((p) => wirePartition(p, of)),
    ...(b.type === "physical" ? { firmware_version: b.firmwareVersion ?? null } : {}),
    storage_pool: null,
    numa_node: b.numaNode,
    resource_uri: `${API_ROOT}/nodes/${systemId}/blockdevices/${b.id}/`,
  };
}

/** A member of a group: a partition, or a whole device. */
export function wireStorageDevice(on: On, of: SeenStorage): StorageDevice {
  if (on.kind === "nothing") throw new Error("a member of a group lies on a device or partition");
  return on.kind === "device"
    ? wireBlockDevice(of.storage.device(on.id), of)
    : wirePartition(of.storage.partition(on.id), of);
}
