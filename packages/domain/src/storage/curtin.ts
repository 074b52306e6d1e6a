import { BIOS_GRUB_BYTES, FIRST_OFFSET_BYTES } from "./geometry.ts";
import type { DeviceRef, Filesystem, Partition, StorageDisk, StorageModel } from "./model.ts";

/** The subset of curtin's storage configuration version 1 that flat plans use. Sizes are `<n>B`, the only unit that curtin never rounds. */
export interface CurtinDisk {
  readonly id: string;
  readonly type: "disk";
  readonly name: string;
  readonly ptable?: "gpt" | "msdos";
  readonly model?: string;
  readonly serial?: string;
  readonly path?: string;
  readonly wipe: "superblock";
  readonly grub_device?: true;
}

export interface CurtinPartition {
  readonly id: string;
  readonly type: "partition";
  readonly name: string;
  readonly device: string;
  readonly number: number;
  readonly size: string;
  readonly offset?: string;
  readonly uuid?: string;
  readonly flag?: "bios_grub" | "boot";
  readonly wipe?: "superblock";
}

export interface CurtinFormat {
  readonly id: string;
  readonly type: "format";
  readonly volume: string;
  readonly fstype: string;
  readonly uuid: string;
  readonly label?: string;
}

export interface CurtinMount {
  readonly id: string;
  readonly type: "mount";
  readonly device: string;
  readonly path: string;
  readonly options?: string;
}

export type CurtinItem = CurtinDisk | CurtinPartition | CurtinFormat | CurtinMount;
export interface CurtinStorage {
  readonly version: 1;
  readonly config: readonly CurtinItem[];
}

/**
 * The storage model in the order in which it can be executed: disks, partitions, filesystems, mounts by path. Disks that carry nothing are left
 * out, so that the installer never touches them. Two models that are equal give equal text.
 */
export function renderCurtinStorage(model: StorageModel): CurtinStorage {
  const used = model.disks.filter((disk) => isUsed(model, disk.id)).sort((a, b) => a.id - b.id);
  const mounts = model.filesystems.filter((filesystem) => filesystem.mountPoint !== undefined);
  return {
    version: 1,
    config: [
      ...used.map((disk) => diskItem(model, disk)),
      ...used.flatMap((disk) => partitionItems(model, disk)),
      ...model.filesystems.map((filesystem) => formatItem(model, filesystem)),
      ...mounts.sort(byMountPath).map((filesystem) => mountItem(model, filesystem)),
    ],
  };
}

function isUsed(model: StorageModel, diskId: number): boolean {
  return (
    model.partitionTables.some((table) => table.diskId === diskId) ||
    model.filesystems.some((filesystem) => filesystem.on.diskId === diskId)
  );
}

function diskItem(model: StorageModel, disk: StorageDisk): CurtinDisk {
  const table = model.partitionTables.find((candidate) => candidate.diskId === disk.id);
  return {
    id: disk.name,
    type: "disk",
    name: disk.name,
    ...(table ? { ptable: table.type === "gpt" ? "gpt" : "msdos" } : {}),
    ...diskNames(disk),
    wipe: "superblock",
    ...(disk.id === model.bootDiskId ? { grub_device: true } : {}),
  };
}

/** How the installer finds the disk. `/dev/sda` is the last resort: kernels number disks as they appear. */
function diskNames(disk: StorageDisk): Pick<CurtinDisk, "model" | "serial" | "path"> {
  if (disk.model && disk.serial) return { model: disk.model, serial: disk.serial };
  if (disk.idPath) return { path: disk.idPath };
  return disk.serial ? { serial: disk.serial } : { path: `/dev/${disk.name}` };
}

function partitionItems(model: StorageModel, disk: StorageDisk): CurtinPartition[] {
  const items: CurtinPartition[] = [];
  const table = model.partitionTables.find((candidate) => candidate.diskId === disk.id);
  const firstOffset = { offset: `${FIRST_OFFSET_BYTES}B` };
  if (table?.biosGrub && table.type === "gpt") {
    const name = partitionName(disk, 1);
    const size = `${BIOS_GRUB_BYTES}B`;
    items.push({
      id: name,
      type: "partition",
      name,
      device: disk.name,
      number: 1,
      size,
      ...firstOffset,
      flag: "bios_grub",
    });
  }
  const partitions = model.partitions.filter((partition) => partition.diskId === disk.id);
  for (const partition of partitions.sort((a, b) => a.index - b.index)) {
    items.push(partitionItem(disk, partition, items.length === 0 ? firstOffset : {}));
  }
  return items;
}

function partitionItem(disk: StorageDisk, partition: Partition, offset: { offset?: string }): CurtinPartition {
  const name = partitionName(disk, partition.index);
  return {
    id: name,
    type: "partition",
    name,
    device: disk.name,
    number: partition.index,
    size: `${partition.sizeBytes}B`,
    ...offset,
    uuid: partition.uuid,
    ...(partition.bootable ? { flag: "boot" } : {}),
    wipe: "superblock",
  };
}

function formatItem(model: StorageModel, filesystem: Filesystem): CurtinFormat {
  const volume = deviceId(model, filesystem.on);
  const { fstype, uuid, label } = filesystem;
  return { id: `${volume}_format`, type: "format", volume, fstype, uuid, ...(label ? { label } : {}) };
}

function mountItem(model: StorageModel, filesystem: Filesystem): CurtinMount {
  const volume = deviceId(model, filesystem.on);
  return {
    id: `${volume}_mount`,
    type: "mount",
    device: `${volume}_format`,
    path: filesystem.mountPoint ?? "none",
    ...(filesystem.mountOptions ? { options: filesystem.mountOptions } : {}),
  };
}

/** A parent path sorts before what lies in it; swap (`none`) comes last. */
function byMountPath(a: Filesystem, b: Filesystem): number {
  const left = a.mountPoint ?? "";
  const right = b.mountPoint ?? "";
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

const partitionName = (disk: StorageDisk, index: number): string => `${disk.name}-part${index}`;

function deviceId(model: StorageModel, ref: DeviceRef): string {
  const disk = model.disks.find((candidate) => candidate.id === ref.diskId);
  if (!disk) throw new Error(`the storage model has a filesystem on disk ${ref.diskId}, which it does not list`);
  return ref.kind === "disk" ? disk.name : partitionName(disk, ref.index);
}
