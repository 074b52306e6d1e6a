import { bootDisk } from "./boot-disk.ts";
import {
  type CurtinDisk,
  type CurtinFormat,
  type CurtinItem,
  type CurtinMount,
  type CurtinPartition,
  type CurtinStorage,
  requiredBy,
} from "./curtin-items.ts";
import { BIOS_GRUB_BYTES, FIRST_OFFSET_BYTES, needsBiosGrub } from "./geometry.ts";
import {
  type Device,
  type Filesystem,
  type Group,
  isMember,
  type MemberType,
  type On,
  type Partition,
  physicalDisks,
  type StorageModel,
} from "./model.ts";

/**
 * The storage model in the order in which it can be executed: disks, partitions, groups and what they offer, filesystems, mounts by path.
 * Disks that carry nothing are left out, so that the installer never touches them. Two models that are equal give equal text.
 */
export function renderCurtinStorage(model: StorageModel): CurtinStorage {
  const disks = physicalDisks(model)
    .filter((disk) => isUsed(model, disk))
    .sort((a, b) => a.id - b.id);
  const devices = [
    ...disks.map((disk) => diskItem(model, disk)),
    ...disks.flatMap((disk) => partitionItems(model, disk)),
    ...model.groups.flatMap((group) => groupItems(model, group)),
  ];
  const plain = model.filesystems.filter((f) => !isMember(f));
  const formatted = plain.filter((f) => f.on.kind !== "nothing");
  const mounted = plain.filter((f) => f.mountPoint !== null);
  return {
    version: 1,
    config: [
      ...inOrder(devices),
      ...formatted.map((filesystem) => formatItem(model, filesystem)),
      ...mounted.sort(byMountPath).map((filesystem) => mountItem(model, filesystem)),
    ],
  };
}

/** What an item needs before it; those that need nothing new keep their order. */
function inOrder(items: readonly CurtinItem[]): CurtinItem[] {
  const done = new Set<string>();
  const ordered: CurtinItem[] = [];
  let left = [...items];
  while (left.length > 0) {
    const ready = left.find((item) => requiredBy(item).every((id) => done.has(id)));
    if (!ready)
      throw new Error(`the storage of the machine goes round in a circle: ${left.map((i) => i.id).join(", ")}`);
    ordered.push(ready);
    done.add(ready.id);
    left = left.filter((item) => item !== ready);
  }
  return ordered;
}

function isUsed(model: StorageModel, disk: Device): boolean {
  return disk.table !== null || model.filesystems.some(({ on }) => on.kind === "device" && on.id === disk.id);
}

const ptable = (device: Device) =>
  device.table === null ? {} : ({ ptable: device.table === "gpt" ? "gpt" : "msdos" } as const);

function diskItem(model: StorageModel, disk: Device): CurtinDisk {
  return {
    id: disk.name,
    type: "disk",
    name: disk.name,
    ...ptable(disk),
    ...diskNames(disk),
    wipe: "superblock",
    ...(disk.id === bootDisk(model)?.id ? { grub_device: true } : {}),
  };
}

/** How the installer finds the disk. `/dev/sda` is the last resort: kernels number disks as they appear. */
function diskNames(disk: Device): Pick<CurtinDisk, "model" | "serial" | "path"> {
  if (disk.model && disk.serial) return { model: disk.model, serial: disk.serial };
  if (disk.idPath) return { path: disk.idPath };
  return disk.serial ? { serial: disk.serial } : { path: `/dev/${disk.name}` };
}

function partitionItems(model: StorageModel, device: Device): CurtinPartition[] {
  const items: CurtinPartition[] = [];
  const partitions = model.partitions.filter((p) => p.deviceId === device.id).sort((a, b) => a.index - b.index);
  const offset = { offset: `${FIRST_OFFSET_BYTES}B` };
  // VMFS numbers its own partitions from 1, and ESXi brings its own boot loader.
  const free = partitions.every((p) => p.index !== 1);
  if (device.table === "gpt" && device.type === "physical" && needsBiosGrub(model) && free) {
    const id = `${device.name}-part1`;
    const size = `${BIOS_GRUB_BYTES}B`;
    items.push({ id, type: "partition", name: id, device: device.name, number: 1, size, ...offset, flag: "bios_grub" });
  }
  for (const partition of partitions) {
    items.push(partitionItem(device, partition, items.length === 0 ? offset : {}));
  }
  return items;
}

function partitionItem(device: Device, partition: Partition, offset: { offset?: string }): CurtinPartition {
  const name = `${device.name}-part${partition.index}`;
  return {
    id: name,
    type: "partition",
    name,
    device: device.name,
    number: partition.index,
    size: `${partition.sizeBytes}B`,
    ...offset,
    uuid: partition.uuid,
    ...(partition.bootable ? { flag: "boot" } : {}),
    wipe: "superblock",
  };
}

function groupItems(model: StorageModel, group: Group): CurtinItem[] {
  const { name } = group;
  const offered = model.devices.filter((d) => d.groupId === group.id);
  const members = (...types: MemberType[]) =>
    model.filesystems
      .filter((f) => f.groupId === group.id && types.some((type) => type === f.fstype))
      .map((f) => itemId(model, f.on));
  const partitions = offered.flatMap((device) => partitionItems(model, device));
  switch (group.type) {
    case "lvm-vg":
      return [
        { id: name, type: "lvm_volgroup", name, uuid: group.uuid, devices: members("lvm-pv") },
        ...offered.map((volume) => ({
          id: volume.name,
          type: "lvm_partition" as const,
          name: volume.name.slice(name.length + 1),
          volgroup: name,
          size: `${volume.sizeBytes}B`,
        })),
      ];
    case "bcache": {
      const cache = model.filesystems.find((f) => f.cacheSetId !== null && f.cacheSetId === group.cacheSetId);
      return [
        {
          id: name,
          type: "bcache",
          name,
          backing_device: members("bcache-backing")[0] ?? "",
          cache_device: cache ? itemId(model, cache.on) : "",
          cache_mode: group.cacheMode ?? "writethrough",
        },
        ...partitions,
      ];
    }
    case "vmfs6":
      return [{ id: name, type: "vmfs6", name, devices: members("vmfs6") }];
    default:
      return [
        {
          id: name,
          type: "raid",
          name,
          raidlevel: Number(group.type.replace("raid-", "")),
          devices: members("raid"),
          spare_devices: members("raid-spare"),
          ...(offered[0] ? ptable(offered[0]) : {}),
        },
        ...partitions,
      ];
  }
}

function formatItem(model: StorageModel, filesystem: Filesystem): CurtinFormat {
  const volume = itemId(model, filesystem.on);
  const { fstype, uuid, label } = filesystem;
  return { id: `${volume}_format`, type: "format", volume, fstype, uuid, ...(label ? { label } : {}) };
}

function mountItem(model: StorageModel, filesystem: Filesystem): CurtinMount {
  const path = filesystem.mountPoint ?? "none";
  const options = filesystem.mountOptions ? { options: filesystem.mountOptions } : {};
  const { fstype } = filesystem;
  if (filesystem.on.kind === "nothing") {
    const id = `${fstype}${path.replaceAll("/", "_")}_mount`;
    return { id, type: "mount", fstype, spec: fstype, path, ...options };
  }
  const volume = itemId(model, filesystem.on);
  return { id: `${volume}_mount`, type: "mount", device: `${volume}_format`, path, ...options };
}

/** A parent path sorts before what lies in it; swap (`none`) comes last. */
function byMountPath(a: Filesystem, b: Filesystem): number {
  const left = a.mountPoint ?? "";
  const right = b.mountPoint ?? "";
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

function itemId(model: StorageModel, on: On): string {
  if (on.kind === "nothing") throw new Error("a filesystem in memory lies on no item");
  const partition = on.kind === "partition" ? model.partitions.find((p) => p.id === on.id) : undefined;
  const deviceId = on.kind === "device" ? on.id : partition?.deviceId;
  const device = model.devices.find((d) => d.id === deviceId);
  if (!device) throw new Error(`the storage model has a filesystem on ${on.kind} ${on.id}, which it does not list`);
  return partition ? `${device.name}-part${partition.index}` : device.name;
}
