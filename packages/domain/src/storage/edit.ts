/** A storage model that is being changed. Each rule (`partitions.ts`, `raid.ts` ...) is a function that takes it. */
import { DomainError, invalidField } from "../errors.ts";
import { bootDisk } from "./boot-disk.ts";
import { isGroupName, isItemOf } from "./installer-limits.ts";
import {
  type CacheSet,
  type Device,
  type Filesystem,
  filesystemOn,
  type FilesystemType,
  type Group,
  type On,
  type Partition,
  type StorageModel,
} from "./model.ts";

type NewFilesystem = { on: On; fstype: FilesystemType; uuid?: string | undefined } & Partial<
  Pick<Filesystem, "label" | "mountPoint" | "mountOptions" | "groupId" | "cacheSetId">
>;

export class StorageEdit {
  readonly architecture: string;
  readonly biosBootMethod: string;
  bootDiskId: number | null;
  devices: Device[];
  partitions: Partition[];
  filesystems: Filesystem[];
  groups: Group[];
  cacheSets: CacheSet[];
  readonly newUuid: () => string;
  #lastId: number;

  constructor(model: StorageModel, newUuid: () => string) {
    this.architecture = model.architecture;
    this.biosBootMethod = model.biosBootMethod;
    this.bootDiskId = model.bootDiskId;
    this.devices = [...model.devices];
    this.partitions = [...model.partitions];
    this.filesystems = [...model.filesystems];
    this.groups = [...model.groups];
    this.cacheSets = [...model.cacheSets];
    this.newUuid = newUuid;
    const all = [this.devices, this.partitions, this.filesystems, this.groups, this.cacheSets].flat();
    this.#lastId = Math.min(0, ...all.map((each) => each.id));
  }

  result(): StorageModel {
    const { architecture, biosBootMethod, bootDiskId, devices, partitions, filesystems, groups, cacheSets } = this;
    return { architecture, biosBootMethod, bootDiskId, devices, partitions, filesystems, groups, cacheSets };
  }

  newId(): number {
    this.#lastId -= 1;
    return this.#lastId;
  }

  /** @throws DomainError not_found */
  device(id: number): Device {
    return found(this.devices, id, "BlockDevice");
  }
  partition(id: number): Partition {
    return found(this.partitions, id, "Partition");
  }
  group(id: number): Group {
    return found(this.groups, id, "Group");
  }

  partitionsOf(deviceId: number): Partition[] {
    return this.partitions.filter((p) => p.deviceId === deviceId).sort((a, b) => a.index - b.index);
  }

  isBootDisk(device: Device): boolean {
    return bootDisk(this)?.id === device.id;
  }

  /** `sda` or `sda-part2`. */
  nameOf(on: On): string {
    if (on.kind === "nothing") return "memory";
    if (on.kind === "device") return this.device(on.id).name;
    const partition = this.partition(on.id);
    return `${this.device(partition.deviceId).name}-part${partition.index}`;
  }

  sizeOf(on: On): number {
    if (on.kind === "nothing") return 0;
    return on.kind === "device" ? this.device(on.id).sizeBytes : this.partition(on.id).sizeBytes;
  }

  /** What group or cache set a device or partition is in, as words; undefined when it is in none. */
  memberOf(on: On): string | undefined {
    const filesystem = filesystemOn(this, on);
    if (!filesystem) return undefined;
    if (filesystem.groupId !== null) return this.group(filesystem.groupId).name;
    return filesystem.cacheSetId === null ? undefined : "a cache set";
  }

  /** @throws DomainError bad_request when the device or one of its partitions is in a group or cache set */
  refuseMembers(device: Device, doing: string): void {
    const all: On[] = [{ kind: "device", id: device.id }, ...this.partitionsOf(device.id).map(onPartition)];
    for (const on of all) {
      const group = this.memberOf(on);
      if (group !== undefined)
        throw new DomainError(
          "bad_request",
          `Cannot ${doing}: ${this.nameOf(on)} is part of ${group}. Take it out of there first.`,
        );
    }
  }

  putDevice(changed: Device): void {
    this.devices = replace(this.devices, changed);
  }
  putPartition(changed: Partition): void {
    this.partitions = replace(this.partitions, changed);
  }
  putFilesystem(changed: Filesystem): void {
    this.filesystems = replace(this.filesystems, changed);
  }
  putGroup(changed: Group): void {
    this.groups = replace(this.groups, changed);
  }

  addFilesystem(of: NewFilesystem): Filesystem {
    const filesystem: Filesystem = {
      id: this.newId(),
      label: null,
      mountPoint: null,
      mountOptions: null,
      groupId: null,
      cacheSetId: null,
      ...of,
      uuid: of.uuid ?? this.newUuid(),
    };
    this.filesystems.push(filesystem);
    return filesystem;
  }

  dropFilesystems(which: (filesystem: Filesystem) => boolean): void {
    this.filesystems = this.filesystems.filter((f) => !which(f));
  }

  /** The device with its partitions and their filesystems. */
  dropDevice(id: number): void {
    const partitions = new Set(this.partitionsOf(id).map((p) => p.id));
    this.dropFilesystems(
      ({ on }) => (on.kind === "device" && on.id === id) || (on.kind === "partition" && partitions.has(on.id)),
    );
    this.partitions = this.partitions.filter((p) => p.deviceId !== id);
    this.devices = this.devices.filter((d) => d.id !== id);
    if (this.bootDiskId === id) this.bootDiskId = null;
  }

  /** Forget what is planned; the disks stay. */
  clear(): void {
    this.filesystems = [];
    this.partitions = [];
    this.groups = [];
    this.cacheSets = [];
    this.devices = this.devices
      .filter((d) => d.type === "physical")
      .map((d) => (d.table === null ? d : { ...d, table: null }));
  }

  /** @throws DomainError invalid_fields when another device is called so */
  checkName(field: string, name: string, ownId?: number): void {
    if (!isGroupName(name))
      throw invalidField(
        field,
        `'${name}' is no name: use letters, digits, '_', '.', '+' and '-', and begin with none of the last three.`,
      );
    if (this.devices.some((d) => d.name === name && d.id !== ownId))
      throw invalidField(field, `The machine has a block device called '${name}' already.`);
    // The plan of the installation calls everything by its name.
    const own = this.devices.find((d) => d.id === ownId);
    const others = this.devices.filter((d) => d !== own);
    const groups = this.groups.filter((g) => g.id !== own?.groupId);
    const clash =
      groups.find((g) => g.name === name) ??
      others.find((d) => isItemOf(d.name, name)) ??
      [...others, ...groups].find((each) => isItemOf(name, each.name));
    if (clash)
      throw invalidField(field, `'${name}' would be taken for '${clash.name}' or a part of it: choose another name.`);
  }

  /** The first of `md0`, `md1` ... that is free. */
  freeName(prefix: string): string {
    const taken = new Set([...this.devices, ...this.groups].map((each) => each.name));
    let number = 0;
    while (taken.has(`${prefix}${number}`)) number += 1;
    return `${prefix}${number}`;
  }
}

export const onPartition = (partition: { id: number }): On => ({ kind: "partition", id: partition.id });
export const onDevice = (device: { id: number }): On => ({ kind: "device", id: device.id });

function found<T extends { id: number }>(all: readonly T[], id: number, what: string): T {
  const one = all.find((each) => each.id === id);
  if (!one) throw new DomainError("not_found", `No ${what} matches the given query.`);
  return one;
}

function replace<T extends { id: number }>(all: readonly T[], changed: T): T[] {
  return all.map((each) => (each.id === changed.id ? changed : each));
}

const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** A uuid as given, or undefined for none. @throws DomainError invalid_fields */
export function givenUuid(uuid: string | undefined): string | undefined {
  if (uuid === undefined || uuid.trim() === "") return undefined;
  if (uuidPattern.test(uuid.trim())) return uuid.trim().toLowerCase();
  throw invalidField("uuid", `'${uuid}' is no UUID.`);
}
