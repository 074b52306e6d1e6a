/** bcache: a fast device in front of a large one (reference: networking-storage, section 12). */
import { DomainError, invalidField } from "../errors.ts";
import { givenUuid, type StorageEdit } from "./edit.ts";
import { addGroupDevice, renameWithDevice } from "./group-device.ts";
import { addMembers, candidates, deviceOf, dropGroup, membersOf, partitionBootDisk } from "./members.ts";
import { type CacheMode, type CacheSet, cacheSetName, type Filesystem, type Group, type On } from "./model.ts";

export interface CacheRequest {
  readonly cacheDevice?: string | undefined;
  readonly cachePartition?: string | undefined;
}

/** Exactly one of a device and a partition, which is free. */
function oneOf(
  edit: StorageEdit,
  device: string | undefined,
  partition: string | undefined,
  fields: { blockDevices: string; partitions: string },
): On | undefined {
  if (device !== undefined && partition !== undefined)
    throw invalidField(fields.partitions, `Give either ${fields.blockDevices} or ${fields.partitions}, not both.`);
  const words = {
    ...(device === undefined ? {} : { blockDevices: [device] }),
    ...(partition === undefined ? {} : { partitions: [partition] }),
  };
  return candidates(edit, words, fields)[0];
}

const CACHE = { blockDevices: "cache_device", partitions: "cache_partition" };

export function createCacheSet(edit: StorageEdit, request: CacheRequest): CacheSet {
  const on = oneOf(edit, request.cacheDevice, request.cachePartition, CACHE);
  if (!on) throw invalidField("cache_device", "Either cache_device or cache_partition is needed.");
  return cacheSetOn(edit, on);
}

export function cacheSetOn(edit: StorageEdit, on: On): CacheSet {
  const set = { id: edit.newId() };
  edit.cacheSets.push(set);
  edit.addFilesystem({ on: partitionBootDisk(edit, on), fstype: "bcache-cache", cacheSetId: set.id });
  return set;
}

export const cacheOf = (edit: Pick<StorageEdit, "filesystems">, set: CacheSet): Filesystem | undefined =>
  edit.filesystems.find((f) => f.cacheSetId === set.id);

export function updateCacheSet(edit: StorageEdit, set: CacheSet, request: CacheRequest): void {
  const on = oneOf(edit, request.cacheDevice, request.cachePartition, CACHE);
  if (!on) return;
  edit.dropFilesystems((f) => f.cacheSetId === set.id);
  edit.addFilesystem({ on: partitionBootDisk(edit, on), fstype: "bcache-cache", cacheSetId: set.id });
}

export function deleteCacheSet(edit: StorageEdit, set: CacheSet): void {
  const user = edit.groups.find((g) => g.cacheSetId === set.id);
  if (user) throw new DomainError("bad_request", `Cannot delete ${cacheSetName(edit, set.id)}: ${user.name} uses it.`);
  edit.dropFilesystems((f) => f.cacheSetId === set.id);
  edit.cacheSets = edit.cacheSets.filter((each) => each.id !== set.id);
}

export interface BcacheRequest {
  readonly name?: string | undefined;
  readonly uuid?: string | undefined;
  /** Id, or a name such as `cache0`. */
  readonly cacheSet?: string | undefined;
  readonly backingDevice?: string | undefined;
  readonly backingPartition?: string | undefined;
  readonly cacheMode?: CacheMode | undefined;
}

const BACKING = { blockDevices: "backing_device", partitions: "backing_partition" };

function cacheSetByWord(edit: StorageEdit, word: string): CacheSet {
  const found = edit.cacheSets.find(
    (set) => String(set.id) === word.trim() || cacheSetName(edit, set.id) === word.trim(),
  );
  if (!found) throw invalidField("cache_set", `The machine has no cache set '${word}'.`);
  return found;
}

function backing(edit: StorageEdit, request: BcacheRequest): On | undefined {
  const on = oneOf(edit, request.backingDevice, request.backingPartition, BACKING);
  if (on?.kind !== "device") return on;
  const { groupId, name } = edit.device(on.id);
  if (groupId !== null && edit.group(groupId).type === "lvm-vg")
    throw invalidField("backing_device", `${name} is a logical volume, which bcache cannot lie on.`);
  return on;
}

export function createBcache(edit: StorageEdit, request: BcacheRequest & { cacheMode: CacheMode }): Group {
  const name = request.name ?? edit.freeName("bcache");
  edit.checkName("name", name);
  if (request.cacheSet === undefined) throw invalidField("cache_set", "This field is required.");
  const set = cacheSetByWord(edit, request.cacheSet);
  const on = backing(edit, request);
  if (!on) throw invalidField("backing_device", "Either backing_device or backing_partition is needed.");
  const uuid = givenUuid(request.uuid) ?? edit.newUuid();
  return bcacheOn(edit, { name, uuid, set, on, cacheMode: request.cacheMode });
}

interface BcacheParts {
  name: string;
  uuid: string;
  set: CacheSet;
  on: On;
  cacheMode: CacheMode;
}

export function bcacheOn(edit: StorageEdit, { name, uuid, set, on, cacheMode }: BcacheParts): Group {
  const group: Group = { id: edit.newId(), type: "bcache", name, uuid, cacheMode, cacheSetId: set.id };
  edit.groups.push(group);
  addMembers(edit, group, "bcache-backing", [on]);
  addGroupDevice(edit, group, { name, uuid, ...bcacheSize(edit, group) });
  return group;
}

/** Size and sector are those of what it caches. */
export function bcacheSize(edit: StorageEdit, group: Group): { sizeBytes: number; blockSizeBytes: number } {
  const [member] = membersOf(edit, group, "bcache-backing");
  if (!member) throw new Error(`${group.name} has nothing behind it`);
  return { sizeBytes: edit.sizeOf(member.on), blockSizeBytes: deviceOf(edit, member.on)?.blockSizeBytes ?? 512 };
}

export function updateBcache(edit: StorageEdit, group: Group, change: BcacheRequest): void {
  const names = renameWithDevice(edit, group, change);
  const cacheSetId = change.cacheSet === undefined ? group.cacheSetId : cacheSetByWord(edit, change.cacheSet).id;
  const changed = { ...group, ...names, cacheSetId, cacheMode: change.cacheMode ?? group.cacheMode };
  edit.putGroup(changed);
  const on = backing(edit, change);
  if (!on) return;
  edit.dropFilesystems((f) => f.groupId === group.id);
  addMembers(edit, changed, "bcache-backing", [on]);
}

export function deleteBcache(edit: StorageEdit, group: Group): void {
  dropGroup(edit, group);
}
