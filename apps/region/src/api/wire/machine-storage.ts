/** The storage of a machine within the machine (reference: objects-2.0.json, Machine). */
import type { Machine } from "@rackwright/contract/objects/machine";
import { bootDisk } from "@rackwright/domain/storage/boot-disk";
import { physicalDisks } from "@rackwright/domain/storage/model";
import { groupsOf, type SeenStorage } from "../../app/storage-view.ts";
import { wireBlockDevice, wireFilesystem } from "./storage.ts";

type StorageKeys =
  | "storage"
  | "boot_disk"
  | "blockdevice_set"
  | "physicalblockdevice_set"
  | "virtualblockdevice_set"
  | "volume_groups"
  | "raids"
  | "bcaches"
  | "cache_sets"
  | "special_filesystems";

export function wireStorage(of: SeenStorage): Pick<Machine, StorageKeys> {
  const { storage } = of;
  const physical = physicalDisks(storage);
  const boot = bootDisk(storage);
  const stubs = (all: readonly { id: number }[]) =>
    all.map(({ id }) => ({ system_id: of.systemId, id, __incomplete__: true }));
  return {
    storage: physical.reduce((sum, disk) => sum + disk.sizeBytes, 0) / 1e6,
    boot_disk: boot ? wireBlockDevice(boot, of) : null,
    // What all kinds of devices have: clients that compare key sets find no firmware_version here.
    blockdevice_set: storage.devices.map((device) => {
      const { firmware_version: _, ...common } = wireBlockDevice(device, of);
      return common;
    }),
    physicalblockdevice_set: physical.map((device) => wireBlockDevice(device, of)),
    virtualblockdevice_set: storage.devices
      .filter((device) => device.type === "virtual")
      .map((device) => wireBlockDevice(device, of)),
    volume_groups: stubs(groupsOf(storage, "lvm-vg")),
    raids: stubs(groupsOf(storage, "raid")),
    bcaches: stubs(groupsOf(storage, "bcache")),
    cache_sets: stubs(storage.cacheSets),
    special_filesystems: storage.filesystems
      .filter((f) => f.on.kind === "nothing" && f.groupId === null)
      .map((f) => wireFilesystem(f))
      .filter((f) => f !== null),
  };
}
