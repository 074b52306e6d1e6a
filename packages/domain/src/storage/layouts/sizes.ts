/** Which disks a layout uses, and how much of them (reference: networking-storage, section 13). */
import { invalidField } from "../../errors.ts";
import { bootDisk } from "../boot-disk.ts";
import { onPartition, type StorageEdit } from "../edit.ts";
import { EFI_BYTES, GIB, MIB, MIN_BOOT_DISK_BYTES, needsBoot, needsEfi, roundDown } from "../geometry.ts";
import { type Device, type Partition, physicalDisks } from "../model.ts";
import { addPartition, ensureTable } from "../partitions.ts";
import { describeBytes, parseSize } from "../size.ts";

/** Sizes are bytes, suffixed numbers or percentages (`../size.ts`). */
export interface LayoutParams {
  /** A disk's id: where the root partition goes instead of on the boot disk. */
  readonly rootDevice?: number;
  readonly rootSize?: string | number;
  readonly bootSize?: string | number;
  readonly vgName?: string;
  readonly lvName?: string;
  readonly lvSize?: string | number;
  /** A disk's id. */
  readonly cacheDevice?: number;
  readonly cacheMode?: string;
  readonly cacheSize?: string | number;
  readonly cacheNoPart?: boolean;
  /** Of the layout custom: `storage-extra` of what commissioning said. */
  readonly custom?: unknown;
}

const MIN_BOOT_BYTES = 512 * MIB;
export const MIN_ROOT_BYTES = 3 * GIB;

export function startDisk(edit: StorageEdit): Device {
  const disk = bootDisk(edit);
  if (disk) return disk;
  throw invalidField(
    "storage_layout",
    `no disk of at least ${describeBytes(MIN_BOOT_DISK_BYTES)} to start from: commission the machine again or add a disk`,
  );
}

export function diskOf(edit: StorageEdit, field: string, id: number | undefined, otherwise: Device): Device {
  if (id === undefined) return otherwise;
  const found = physicalDisks(edit).find((disk) => disk.id === id);
  if (!found) throw invalidField(field, `the machine has no physical disk with id ${id}`);
  return found;
}

export interface Base {
  readonly boot: Device;
  readonly root: Partition;
  /** As asked for; undefined: the rest of the disk. */
  readonly rootBytes: number | undefined;
  readonly bootBytes: number;
}

/** EFI and /boot, as the firmware asks for them, and a partition for whatever carries the root filesystem. */
export function basePartitions(edit: StorageEdit, params: LayoutParams, options: { bootBytes?: number } = {}): Base {
  const boot = startDisk(edit);
  const rootDisk = diskOf(edit, "root_device", params.rootDevice, boot);
  const sizes = readSizes(edit, params, boot, options.bootBytes);
  ensureTable(edit, boot);
  if (needsEfi(edit)) {
    const field = "storage_layout";
    const efi = addPartition(edit, boot, { sizeBytes: EFI_BYTES, bootable: true, field, purpose: "/boot/efi" });
    edit.addFilesystem({ on: onPartition(efi), fstype: "fat32", label: "efi", mountPoint: "/boot/efi" });
  }
  if (sizes.boot > 0) {
    const wanted = { sizeBytes: sizes.boot, bootable: true, field: "boot_size", purpose: "/boot" };
    const on = onPartition(addPartition(edit, edit.device(boot.id), wanted));
    edit.addFilesystem({ on, fstype: "ext4", label: "boot", mountPoint: "/boot" });
  }
  const root = addPartition(edit, edit.device(rootDisk.id), {
    sizeBytes: sizes.root,
    field: sizes.root === undefined ? "storage_layout" : "root_size",
    purpose: "/",
  });
  return { boot, root, rootBytes: sizes.root, bootBytes: sizes.boot };
}

/** The bounds are those of the boot disk, also where the root partition lies elsewhere. */
function readSizes(edit: StorageEdit, params: LayoutParams, disk: Device, defaultBoot?: number) {
  const percentBase = disk.sizeBytes - EFI_BYTES;
  let boot = defaultBoot ?? (needsBoot(edit) ? MIN_BOOT_BYTES : 0);
  if (params.bootSize !== undefined) {
    boot = parseSize("boot_size", params.bootSize, percentBase);
    within("boot_size", boot, MIN_BOOT_BYTES, disk.sizeBytes - EFI_BYTES - MIN_ROOT_BYTES, disk.name);
  }
  if (params.rootSize === undefined) return { boot: roundDown(boot), root: undefined };
  const root = parseSize("root_size", params.rootSize, percentBase);
  within("root_size", root, MIN_ROOT_BYTES, disk.sizeBytes - EFI_BYTES - MIN_BOOT_BYTES, disk.name);
  if (EFI_BYTES + boot + root > disk.sizeBytes) {
    const sum = `${describeBytes(EFI_BYTES)} for EFI, ${describeBytes(boot)} for /boot and ${describeBytes(root)} for /`;
    throw invalidField("root_size", `${sum} are more than ${disk.name} has (${describeBytes(disk.sizeBytes)})`);
  }
  return { boot: roundDown(boot), root: roundDown(root) };
}

export function within(field: string, bytes: number, least: number, most: number, on: string): void {
  if (most < least) throw invalidField(field, `${on} is too small to choose a size on`);
  if (bytes < least)
    throw invalidField(field, `${describeBytes(bytes)} is too small: at least ${describeBytes(least)}`);
  if (bytes > most)
    throw invalidField(field, `${describeBytes(bytes)} is too large: at most ${describeBytes(most)} on ${on}`);
}
