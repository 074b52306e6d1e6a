import { invalidField } from "../errors.ts";
import { bootDisk } from "./boot-disk.ts";
import { DiskPlan } from "./disk-plan.ts";
import {
  ALIGNMENT_BYTES,
  EFI_BYTES,
  GIB,
  MIB,
  MIN_BOOT_DISK_BYTES,
  needsBoot,
  needsEfi,
  roundDown,
} from "./geometry.ts";
import type { LayoutMachine, LayoutParams, StorageDisk, StorageModel } from "./model.ts";
import { describeBytes, parseSize } from "./size.ts";

const MIN_BOOT_BYTES = 512 * MIB;
const MIN_ROOT_BYTES = 3 * GIB;

/**
 * One root filesystem over the rest of the disk, behind the EFI and /boot partitions that the firmware asks for (reference: networking-storage,
 * section 13). EFI and /boot lie on the boot disk; `root_device` moves only the root partition.
 */
export function flatLayout(machine: LayoutMachine, params: LayoutParams, newUuid: () => string): StorageModel {
  const disk = bootDisk(machine);
  if (!disk) {
    throw invalidField(
      "storage_layout",
      `no disk of at least ${describeBytes(MIN_BOOT_DISK_BYTES)} to start from: commission the machine again or add a disk`,
    );
  }
  const rootDisk = chooseRootDisk(machine, params, disk);
  const sizes = readSizes(machine, params, disk);
  const boot = new DiskPlan(disk, machine, true, newUuid);
  if (needsEfi(machine)) {
    boot.add(EFI_BYTES, true, { fstype: "fat32", label: "efi", mountPoint: "/boot/efi" }, "storage_layout");
  }
  if (sizes.boot > 0) boot.add(sizes.boot, true, { fstype: "ext4", label: "boot", mountPoint: "/boot" }, "boot_size");
  const root = rootDisk.id === disk.id ? boot : new DiskPlan(rootDisk, machine, false, newUuid);
  root.add(
    sizes.root ?? root.freeBytes(),
    false,
    { fstype: "ext4", label: "root", mountPoint: "/" },
    sizes.root === undefined ? "storage_layout" : "root_size",
  );
  const plans = root === boot ? [boot] : [boot, root].filter((plan) => plan.partitions.length > 0 || plan === boot);
  return {
    disks: machine.disks,
    bootDiskId: disk.id,
    partitionTables: plans.map((plan) => plan.table),
    partitions: plans.flatMap((plan) => plan.partitions),
    filesystems: plans.flatMap((plan) => plan.filesystems),
  };
}

function chooseRootDisk(machine: LayoutMachine, params: LayoutParams, fallback: StorageDisk): StorageDisk {
  if (params.rootDevice === undefined) return fallback;
  const found = machine.disks.find((disk) => disk.id === params.rootDevice);
  if (!found) throw invalidField("root_device", `the machine has no physical disk with id ${params.rootDevice}`);
  return found;
}

/** The bounds are those of the boot disk, also where the root partition lies elsewhere. */
function readSizes(machine: LayoutMachine, params: LayoutParams, disk: StorageDisk) {
  const percentBase = disk.sizeBytes - EFI_BYTES;
  let boot = needsBoot(machine) ? MIN_BOOT_BYTES : 0;
  if (params.bootSize !== undefined) {
    boot = parseSize("boot_size", params.bootSize, percentBase);
    within("boot_size", boot, MIN_BOOT_BYTES, disk.sizeBytes - EFI_BYTES - MIN_ROOT_BYTES, disk);
  }
  if (params.rootSize === undefined) return { boot: roundDown(boot), root: undefined };
  const root = parseSize("root_size", params.rootSize, percentBase);
  within("root_size", root, MIN_ROOT_BYTES, disk.sizeBytes - EFI_BYTES - MIN_BOOT_BYTES, disk);
  if (EFI_BYTES + boot + root > disk.sizeBytes) {
    const sum = `${describeBytes(EFI_BYTES)} for EFI, ${describeBytes(boot)} for /boot and ${describeBytes(root)} for /`;
    throw invalidField("root_size", `${sum} are more than ${disk.name} has (${describeBytes(disk.sizeBytes)})`);
  }
  return { boot: roundDown(boot), root: Math.max(ALIGNMENT_BYTES, roundDown(root)) };
}

function within(field: string, bytes: number, least: number, most: number, disk: StorageDisk): void {
  if (most < least) {
    throw invalidField(field, `${disk.name} (${describeBytes(disk.sizeBytes)}) is too small to choose a size on`);
  }
  if (bytes < least)
    throw invalidField(field, `${describeBytes(bytes)} is too small: at least ${describeBytes(least)}`);
  if (bytes > most) {
    throw invalidField(field, `${describeBytes(bytes)} is too large: at most ${describeBytes(most)} on ${disk.name}`);
  }
}
