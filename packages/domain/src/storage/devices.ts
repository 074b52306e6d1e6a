/** Block devices: those of the machine, and what groups offer (reference: networking-storage, sections 11 and 14). */
import { DomainError, invalidField } from "../errors.ts";
import { deleteBcache } from "./bcache.ts";
import { givenUuid, onDevice, type StorageEdit } from "./edit.ts";
import { ALIGNMENT_BYTES } from "./geometry.ts";
import { deleteVolume, checkVolumeName, resizeVolume, volumeName } from "./lvm.ts";
import { type Device, filesystemOn, type PartitionTableType } from "./model.ts";
import { ensureTable } from "./partitions.ts";
import { deleteRaid } from "./raid.ts";

const MIN_BLOCK_BYTES = 512;

export interface DiskRequest {
  readonly name: string;
  readonly model?: string | undefined;
  readonly serial?: string | undefined;
  readonly idPath?: string | undefined;
  readonly sizeBytes: number;
  readonly blockSizeBytes: number;
  readonly numaNode?: number | undefined;
}

const given = (text: string | undefined | null): string | null => (text?.trim() ? text.trim() : null);

function checkDisk(disk: Pick<Device, "sizeBytes" | "blockSizeBytes" | "model" | "serial" | "idPath">): void {
  if (disk.sizeBytes < ALIGNMENT_BYTES) throw invalidField("size", `At least ${ALIGNMENT_BYTES} bytes (4 MiB).`);
  if (disk.blockSizeBytes < MIN_BLOCK_BYTES) throw invalidField("block_size", `At least ${MIN_BLOCK_BYTES} bytes.`);
  if (disk.blockSizeBytes > disk.sizeBytes) throw invalidField("block_size", "A block is larger than the disk.");
  if (disk.idPath !== null && !/^\/\S+$/.test(disk.idPath))
    throw invalidField("id_path", `'${disk.idPath}' is no absolute path without blanks.`);
  if (disk.idPath !== null || (disk.model !== null && disk.serial !== null)) return;
  const field = disk.serial !== null ? "model" : disk.model !== null ? "serial" : "id_path";
  throw invalidField(field, "Give model and serial, or id_path: the installer finds the disk by them.");
}

/** A disk that commissioning did not find. */
export function createDisk(edit: StorageEdit, request: DiskRequest): Device {
  edit.checkName("name", request.name);
  const disk: Device = {
    id: edit.newId(),
    type: "physical",
    name: request.name,
    uuid: null,
    sizeBytes: request.sizeBytes,
    blockSizeBytes: request.blockSizeBytes,
    model: given(request.model),
    serial: given(request.serial),
    idPath: given(request.idPath),
    numaNode: request.numaNode ?? null,
    tags: [],
    table: null,
    groupId: null,
  };
  checkDisk(disk);
  edit.devices.push(disk);
  return disk;
}

export interface DiskChange {
  readonly name?: string | undefined;
  readonly model?: string | undefined;
  readonly serial?: string | undefined;
  readonly idPath?: string | undefined;
  readonly sizeBytes?: number | undefined;
  readonly blockSizeBytes?: number | undefined;
  readonly uuid?: string | undefined;
  readonly numaNode?: number | undefined;
  readonly table?: PartitionTableType | undefined;
}

/** What of a change reaches a machine that runs from its disks: how they are called. */
export function namesOnly({ name, model, serial, idPath }: DiskChange): DiskChange {
  return { name, model, serial, idPath };
}

export function updateDevice(edit: StorageEdit, device: Device, change: DiskChange): void {
  if (device.type === "physical") updateDisk(edit, device, change);
  else updateVirtual(edit, device, change);
  if (change.table !== undefined) setTable(edit, device.id, change.table);
}

function updateDisk(edit: StorageEdit, disk: Device, change: DiskChange): void {
  const changed: Device = {
    ...disk,
    name: change.name ?? disk.name,
    model: change.model === undefined ? disk.model : given(change.model),
    serial: change.serial === undefined ? disk.serial : given(change.serial),
    idPath: change.idPath === undefined ? disk.idPath : given(change.idPath),
    sizeBytes: change.sizeBytes ?? disk.sizeBytes,
    blockSizeBytes: change.blockSizeBytes ?? disk.blockSizeBytes,
    numaNode: change.numaNode ?? disk.numaNode,
  };
  if (changed.name !== disk.name) edit.checkName("name", changed.name, disk.id);
  // One that commissioning found without any of these stays as it is while they are not touched.
  const renamed = changed.model !== disk.model || changed.serial !== disk.serial || changed.idPath !== disk.idPath;
  checkDisk(renamed ? changed : { ...changed, idPath: changed.idPath ?? "/dev/disk" });
  edit.putDevice(changed);
}

function updateVirtual(edit: StorageEdit, device: Device, change: DiskChange): void {
  const group = edit.group(device.groupId ?? 0);
  const uuid = givenUuid(change.uuid) ?? device.uuid;
  if (group.type === "lvm-vg") {
    const short = change.name ?? volumeName(group, device);
    const name = short.startsWith(`${group.name}-`) ? short : `${group.name}-${short}`;
    if (name !== device.name) checkVolumeName(edit, group, name, { ownId: device.id });
    const sized = change.sizeBytes === undefined ? device : resizeVolume(edit, group, device, change.sizeBytes);
    edit.putDevice({ ...sized, name, uuid });
    return;
  }
  if (change.sizeBytes !== undefined && change.sizeBytes !== device.sizeBytes)
    throw invalidField("size", `${device.name} is as large as its members make it.`);
  const name = change.name ?? device.name;
  if (name !== device.name) edit.checkName("name", name, device.id);
  edit.putDevice({ ...device, name, uuid });
  edit.putGroup({ ...group, name, uuid: uuid ?? group.uuid });
}

function setTable(edit: StorageEdit, deviceId: number, table: PartitionTableType): void {
  const device = edit.device(deviceId);
  if (device.table === table) return;
  if (edit.partitionsOf(deviceId).length > 0)
    throw invalidField("partition_table_type", `${device.name} has partitions: delete them first.`);
  ensureTable(edit, { ...device, table: null }, table);
}

/** A disk, or what a group offers: a RAID and a bcache go with their device. */
export function deleteDevice(edit: StorageEdit, device: Device): void {
  edit.refuseMembers(device, `delete ${device.name}`);
  const group = device.groupId === null ? undefined : edit.group(device.groupId);
  if (!group) edit.dropDevice(device.id);
  else if (group.type === "lvm-vg") deleteVolume(edit, device);
  else if (group.type === "bcache") deleteBcache(edit, group);
  else deleteRaid(edit, group);
}

/** What is formatted on the whole of it has to go: the boot loader needs the room. */
export function setBootDisk(edit: StorageEdit, device: Device): void {
  if (device.type !== "physical")
    throw new DomainError("bad_request", `Cannot start from ${device.name}: it is no physical disk.`);
  const on = onDevice(device);
  const group = edit.memberOf(on);
  if (group !== undefined)
    throw new DomainError("bad_request", `Cannot start from ${device.name}: it is part of ${group} as a whole.`);
  const filesystem = filesystemOn(edit, on);
  if (filesystem) edit.dropFilesystems((f) => f.id === filesystem.id);
  edit.bootDiskId = device.id;
}

export function checkTag(tag: string): string {
  const word = tag.trim();
  if (/^[^\s,]{1,255}$/u.test(word)) return word;
  throw invalidField("tag", `'${tag}' is no tag: one word without commas.`);
}

export function tagged(tags: readonly string[], tag: string, on: boolean): readonly string[] {
  const others = tags.filter((each) => each !== tag);
  return on ? [...others, tag] : others;
}
