/** The items of curtin's storage configuration, version 1, that we use. Sizes are `<n>B`, the only unit that curtin never rounds. */
interface Item {
  readonly id: string;
}

export interface CurtinDisk extends Item {
  readonly type: "disk";
  readonly name: string;
  readonly ptable?: "gpt" | "msdos";
  readonly model?: string;
  readonly serial?: string;
  readonly path?: string;
  readonly wipe: "superblock";
  readonly grub_device?: true;
}

export interface CurtinPartition extends Item {
  readonly type: "partition";
  readonly name: string;
  readonly device: string;
  readonly number: number;
  readonly size: string;
  readonly offset?: string;
  readonly uuid?: string;
  readonly flag?: "bios_grub" | "boot" | "logical" | "extended";
  readonly wipe?: "superblock";
}

export interface CurtinRaid extends Item {
  readonly type: "raid";
  readonly name: string;
  readonly raidlevel: number;
  readonly devices: readonly string[];
  readonly spare_devices: readonly string[];
  readonly ptable?: "gpt" | "msdos";
}

export interface CurtinVolumeGroup extends Item {
  readonly type: "lvm_volgroup";
  readonly name: string;
  readonly uuid: string;
  readonly devices: readonly string[];
}

export interface CurtinVolume extends Item {
  readonly type: "lvm_partition";
  readonly name: string;
  readonly volgroup: string;
  readonly size: string;
}

export interface CurtinBcache extends Item {
  readonly type: "bcache";
  readonly name: string;
  readonly backing_device: string;
  readonly cache_device: string;
  readonly cache_mode: string;
}

export interface CurtinVmfs extends Item {
  readonly type: "vmfs6";
  readonly name: string;
  readonly devices: readonly string[];
}

export interface CurtinFormat extends Item {
  readonly type: "format";
  readonly volume: string;
  readonly fstype: string;
  readonly uuid: string;
  readonly label?: string;
}

export interface CurtinMount extends Item {
  readonly type: "mount";
  /** The format item; of a filesystem in memory there is none, and `fstype` and `spec` say what it is. */
  readonly device?: string;
  readonly fstype?: string;
  readonly spec?: string;
  readonly path: string;
  readonly options?: string;
}

export type CurtinItem =
  | CurtinDisk
  | CurtinPartition
  | CurtinRaid
  | CurtinVolumeGroup
  | CurtinVolume
  | CurtinBcache
  | CurtinVmfs
  | CurtinFormat
  | CurtinMount;

export interface CurtinStorage {
  readonly version: 1;
  readonly config: readonly CurtinItem[];
}

/** Ids of the items that have to come before this one. */
export function requiredBy(item: CurtinItem): readonly string[] {
  switch (item.type) {
    case "disk":
      return [];
    case "partition":
      return [item.device];
    case "raid":
      return [...item.devices, ...item.spare_devices];
    case "lvm_volgroup":
    case "vmfs6":
      return item.devices;
    case "lvm_partition":
      return [item.volgroup];
    case "bcache":
      return [item.backing_device, item.cache_device];
    case "format":
      return [item.volume];
    case "mount":
      return item.device === undefined ? [] : [item.device];
  }
}
