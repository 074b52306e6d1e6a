/**
 * What is to stand on a machine's disks, as plain values (reference: networking-storage, sections 11 to 13). Layouts make it, the API edits it,
 * `curtin.ts` turns it into what the installer executes. Groups (RAID, LVM, bcache) will be devices of their own that filesystems and other
 * groups name in `on`; so far only disks and partitions carry anything.
 */
export type PartitionTableType = "gpt" | "mbr";

/** A physical disk as commissioning found it. `id` is ours; the others name it to the installer. */
export interface StorageDisk {
  readonly id: number;
  readonly name: string;
  readonly sizeBytes: number;
  readonly blockSizeBytes: number;
  readonly model?: string;
  readonly serial?: string;
  /** A stable path such as `/dev/disk/by-id/virtio-DISK0`. */
  readonly idPath?: string;
  readonly tags: readonly string[];
}

export interface PartitionTable {
  readonly diskId: number;
  readonly type: PartitionTableType;
  /** The 1 MiB partition number 1 in which GRUB keeps its second stage on a GPT disk that a BIOS starts. */
  readonly biosGrub: boolean;
}

export interface Partition {
  readonly diskId: number;
  readonly index: number;
  readonly sizeBytes: number;
  readonly uuid: string;
  readonly bootable: boolean;
}

export type FormatType = "ext2" | "ext4" | "xfs" | "fat32" | "vfat" | "btrfs" | "swap";

/** What a filesystem lies on. */
export type DeviceRef =
  | { readonly kind: "disk"; readonly diskId: number }
  | { readonly kind: "partition"; readonly diskId: number; readonly index: number };

export interface Filesystem {
  readonly on: DeviceRef;
  readonly fstype: FormatType;
  readonly uuid: string;
  readonly label: string;
  /** Absolute path, `none` for swap, undefined when it is formatted but not mounted. */
  readonly mountPoint?: string;
  readonly mountOptions?: string;
}

export interface StorageModel {
  readonly disks: readonly StorageDisk[];
  readonly bootDiskId: number | undefined;
  readonly partitionTables: readonly PartitionTable[];
  readonly partitions: readonly Partition[];
  readonly filesystems: readonly Filesystem[];
}

/** What layouts need to know of the machine, all sizes in bytes. */
export interface LayoutMachine {
  /** `amd64/generic` or `amd64`: only the part before the slash counts. */
  readonly architecture: string;
  /** `pxe` for a BIOS, `uefi`, `powernv` and so on. */
  readonly biosBootMethod: string;
  readonly disks: readonly StorageDisk[];
  readonly bootDiskId?: number;
}

/** Sizes are bytes, suffixed numbers or percentages (`size.ts`). */
export interface LayoutParams {
  /** A disk's id: where the root partition goes instead of on the boot disk. */
  readonly rootDevice?: number;
  readonly rootSize?: string | number;
  readonly bootSize?: string | number;
}

export const mainArchitecture = (architecture: string): string => architecture.split("/")[0] ?? architecture;

/** The filesystem mounted at `path`, if any. */
export function mountedAt(model: StorageModel, path: string): Filesystem | undefined {
  return model.filesystems.find((filesystem) => filesystem.mountPoint === path);
}
