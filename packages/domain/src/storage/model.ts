/**
 * What is to stand on a machine's disks, as plain values (reference: networking-storage, sections 11 to 13). Layouts and the API edit it
 * (`edit.ts`), `curtin.ts` turns it into what the installer executes. Everything has an id; one that is not stored yet has a negative one.
 */
import type { Firmware } from "./geometry.ts";

export type PartitionTableType = "gpt" | "mbr";

/** A disk as commissioning found it, or what a group offers in place of one: `/dev/md0`, a logical volume, `/dev/bcache0`. */
export interface Device {
  readonly id: number;
  readonly type: "physical" | "virtual";
  /** `sda`, `md0`, `bcache0`; of a logical volume `<group>-<volume>`. */
  readonly name: string;
  readonly sizeBytes: number;
  readonly blockSizeBytes: number;
  /** Of virtual devices. */
  readonly uuid: string | null;
  readonly model: string | null;
  readonly serial: string | null;
  /** A stable path such as `/dev/disk/by-id/virtio-DISK0`. */
  readonly idPath: string | null;
  readonly numaNode: number | null;
  /** As commissioning read it; shown, and not changed. */
  readonly firmwareVersion?: string | null;
  readonly tags: readonly string[];
  readonly table: PartitionTableType | null;
  /** The group that offers it; null for disks. */
  readonly groupId: number | null;
}

export interface Partition {
  readonly id: number;
  readonly deviceId: number;
  /** The number in its name: `sda-part2`. */
  readonly index: number;
  readonly sizeBytes: number;
  readonly uuid: string;
  readonly bootable: boolean;
  readonly tags: readonly string[];
}

/** What users format. */
export const formatTypes = ["ext2", "ext4", "xfs", "fat32", "vfat", "btrfs", "swap", "zfsroot"] as const;
/** Filesystems in memory: mounted, and on no device. */
export const specialTypes = ["ramfs", "tmpfs"] as const;
/** What makes a device or partition a member of something larger: nobody mounts it. */
export const memberTypes = ["lvm-pv", "raid", "raid-spare", "bcache-cache", "bcache-backing", "vmfs6"] as const;
export type MemberType = (typeof memberTypes)[number];
export type FilesystemType = (typeof formatTypes)[number] | (typeof specialTypes)[number] | MemberType;

/** What a filesystem lies on. */
export type On =
  | { readonly kind: "device"; readonly id: number }
  | { readonly kind: "partition"; readonly id: number }
  | { readonly kind: "nothing" };

export interface Filesystem {
  readonly id: number;
  readonly on: On;
  readonly fstype: FilesystemType;
  readonly uuid: string;
  readonly label: string | null;
  /** Absolute path, `none` for swap, null when it is formatted but not mounted. */
  readonly mountPoint: string | null;
  readonly mountOptions: string | null;
  /** What it is a member of. */
  readonly groupId: number | null;
  readonly cacheSetId: number | null;
}

export const raidTypes = ["raid-0", "raid-1", "raid-5", "raid-6", "raid-10"] as const;
export type RaidType = (typeof raidTypes)[number];
export const cacheModes = ["writeback", "writethrough", "writearound"] as const;
export type CacheMode = (typeof cacheModes)[number];
export type GroupType = RaidType | "lvm-vg" | "bcache" | "vmfs6";

export interface Group {
  readonly id: number;
  readonly type: GroupType;
  readonly name: string;
  readonly uuid: string;
  /** Both of bcache alone. */
  readonly cacheMode: CacheMode | null;
  readonly cacheSetId: number | null;
}

export interface CacheSet {
  readonly id: number;
}

export interface StorageModel extends Firmware {
  /** As configured; `bootDisk` says which one it is. */
  readonly bootDiskId: number | null;
  readonly devices: readonly Device[];
  readonly partitions: readonly Partition[];
  /** Those that count: of a machine that somebody holds, the holder's. */
  readonly filesystems: readonly Filesystem[];
  readonly groups: readonly Group[];
  readonly cacheSets: readonly CacheSet[];
}

export const mainArchitecture = (architecture: string): string => architecture.split("/")[0] ?? architecture;

export const physicalDisks = (model: Pick<StorageModel, "devices">): Device[] =>
  model.devices.filter((device) => device.type === "physical");

export const isMember = (filesystem: Pick<Filesystem, "fstype">): boolean =>
  (memberTypes as readonly string[]).includes(filesystem.fstype);

/** The filesystem mounted at `path`, if any. */
export function mountedAt(model: Pick<StorageModel, "filesystems">, path: string): Filesystem | undefined {
  return model.filesystems.find((filesystem) => filesystem.mountPoint === path);
}

export function filesystemOn(model: Pick<StorageModel, "filesystems">, on: On): Filesystem | undefined {
  if (on.kind === "nothing") return undefined;
  return model.filesystems.find((f) => f.on.kind === on.kind && f.on.id === on.id);
}

/** `cache0`, `cache1` ... in the order in which they were made. */
export function cacheSetName(model: Pick<StorageModel, "cacheSets">, id: number): string {
  return `cache${model.cacheSets.findIndex((set) => set.id === id)}`;
}
