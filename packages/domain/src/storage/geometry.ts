import { mainArchitecture, type PartitionTableType } from "./model.ts";

export const MIB = 1024 ** 2;
export const GIB = 1024 ** 3;

/** Partitions begin and end at multiples of this, and none is smaller (reference: networking-storage, section 11). */
export const ALIGNMENT_BYTES = 4 * MIB;
/** Where the first partition begins: the GPT and, on MBR disks, GRUB's first stages lie before it. */
export const FIRST_OFFSET_BYTES = 4 * MIB;
/** Kept free at the end for the second copy of the GPT. */
const END_BYTES = MIB;
export const BIOS_GRUB_BYTES = MIB;
const PREP_BYTES = 8 * MIB;
export const EFI_BYTES = 512 * MIB;
export const MIN_BOOT_DISK_BYTES = 512 * MIB;
/** 32-bit sector numbers of 512 bytes, less the first MiB. */
const MBR_MAX_PARTITION_BYTES = (2 ** 32 - 1) * 512 - MIB;

export interface Firmware {
  readonly architecture: string;
  readonly biosBootMethod: string;
}

/** A BIOS reads GRUB's second stage from a partition of its own when the disk has a GPT. */
export function needsBiosGrub(machine: Firmware): boolean {
  return mainArchitecture(machine.architecture) === "amd64" && machine.biosBootMethod !== "uefi";
}

export function needsEfi(machine: Firmware): boolean {
  return machine.biosBootMethod === "uefi" && mainArchitecture(machine.architecture) !== "ppc64el";
}

/** arm64 boards without UEFI load the kernel by themselves and can read only a simple filesystem. */
export function needsBoot(machine: Firmware): boolean {
  return mainArchitecture(machine.architecture) === "arm64" && machine.biosBootMethod !== "uefi";
}

export function roundDown(bytes: number): number {
  return Math.floor(bytes / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
}

/** What all partitions of a disk may take together. */
export function usableBytes(diskBytes: number, machine: Firmware): number {
  let overhead = FIRST_OFFSET_BYTES + END_BYTES;
  if (mainArchitecture(machine.architecture) === "ppc64el") overhead += PREP_BYTES;
  else if (needsBiosGrub(machine)) overhead += BIOS_GRUB_BYTES;
  return Math.max(0, roundDown(diskBytes - overhead));
}

/** The largest single partition the table type can describe. */
export function maxPartitionBytes(type: PartitionTableType): number {
  return type === "mbr" ? roundDown(MBR_MAX_PARTITION_BYTES) : Number.MAX_SAFE_INTEGER;
}

/** Index 1 belongs to bios_grub, or to PReP on the boot disk of a ppc64el machine, where such a partition is needed. */
export function firstPartitionIndex(machine: Firmware, disk: { physical: boolean; boot: boolean }): number {
  if (disk.physical && needsBiosGrub(machine)) return 2;
  return mainArchitecture(machine.architecture) === "ppc64el" && disk.boot ? 2 : 1;
}
