/** A layout that a commissioning script of the administrator wrote: devices by name, and what is mounted where. */
import { DomainError, invalidField } from "../../errors.ts";
import { bcacheOn, cacheSetOn } from "../bcache.ts";
import { onDevice, onPartition, type StorageEdit } from "../edit.ts";
import { format, mount, mountSpecial } from "../filesystems.ts";
import { createVolume, createVolumeGroup } from "../lvm.ts";
import type { MemberWords } from "../members.ts";
import { type CacheSet, cacheModes, type On, physicalDisks, raidTypes } from "../model.ts";
import { addPartition, ensureTable } from "../partitions.ts";
import { createRaid, raidDevice } from "../raid.ts";
import { parseSize } from "../size.ts";

type Json = Record<string, unknown>;

const bad = (what: string) => invalidField("storage_layout", `the custom layout cannot be applied: ${what}`);
const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** What is called so in the layout, as it is made. `special` are filesystems in memory, made when they are mounted. */
interface Made {
  readonly places: Map<string, On>;
  readonly special: Map<string, string>;
  readonly caches: Map<string, CacheSet>;
}

/** @param given `storage-extra` of what commissioning said @throws DomainError invalid_fields naming what is wrong */
export function customLayout(edit: StorageEdit, given: unknown): void {
  if (!isObject(given) || !isObject(given["layout"]))
    throw bad("commissioning brought none (storage-extra with 'layout' and 'mounts'); upload a script that writes one");
  const made: Made = { places: new Map(), special: new Map(), caches: new Map() };
  try {
    let left = Object.entries(given["layout"]);
    while (left.length > 0) {
      const ready = left.filter(([, entry]) => needs(entry).every((name) => made.places.has(name)));
      const [first] = left;
      if (ready.length === 0 && first)
        throw bad(`'${first[0]}' is made of ${needs(first[1]).join(", ")}, which the layout does not make`);
      for (const [name, entry] of ready) make(edit, name, entry, made);
      left = left.filter((each) => !ready.includes(each));
    }
    mountAll(edit, given["mounts"], made);
  } catch (error) {
    // What the rules refuse names fields of other requests.
    if (error instanceof DomainError && !error.fields?.["storage_layout"]) throw bad(error.message);
    throw error;
  }
}

function needs(entry: unknown): string[] {
  if (!isObject(entry)) return [];
  const named = [...list(entry["members"]), ...list(entry["spares"]), entry["cache-device"], entry["backing-device"]];
  return named.filter((name) => typeof name === "string");
}

function make(edit: StorageEdit, name: string, entry: unknown, made: Made): void {
  if (!isObject(entry)) throw bad(`'${name}' is no object`);
  switch (entry["type"]) {
    case "disk":
      return makeDisk(edit, name, entry, made);
    case "raid": {
      const level = raidTypes.find((type) => type === `raid-${String(entry["level"])}`);
      if (!level) throw bad(`'${name}' has the RAID level ${JSON.stringify(entry["level"])}`);
      const members = wordsOf(list(entry["members"]), made);
      const group = createRaid(edit, { name, level, members, spares: wordsOf(list(entry["spares"]), made) });
      return place(edit, name, raidDevice(edit, group), entry, made);
    }
    case "lvm": {
      const group = createVolumeGroup(edit, { name, ...wordsOf(list(entry["members"]), made) });
      for (const volume of list(entry["volumes"]).filter(isObject)) {
        const called = text(volume["name"]) ?? "";
        const on = onDevice(createVolume(edit, group, { name: called, sizeBytes: sizeOf(volume, 0) }));
        place(edit, called, on, volume, made);
      }
      return;
    }
    case "bcache":
      return makeBcache(edit, name, entry, made);
    case "special":
      made.special.set(name, text(entry["fs"]) ?? "");
      return;
    default:
      throw bad(`'${name}' has the type ${JSON.stringify(entry["type"])}: disk, lvm, raid, bcache or special`);
  }
}

function makeDisk(edit: StorageEdit, name: string, entry: Json, made: Made): void {
  const disk = physicalDisks(edit).find((each) => each.name === name);
  if (!disk) throw bad(`the machine has no disk '${name}'`);
  if (entry["boot"] === true) edit.bootDiskId = disk.id;
  const partitions = list(entry["partitions"]).filter(isObject);
  const table = text(entry["ptable"])?.toLowerCase();
  if (table !== undefined && table !== "gpt" && table !== "mbr")
    throw bad(`'${name}' has the partition table ${table}`);
  if (table !== undefined || partitions.length > 0) ensureTable(edit, disk, table ?? "gpt");
  for (const wanted of partitions) {
    const bootable = wanted["bootable"] === true;
    const sizeBytes = sizeOf(wanted, disk.sizeBytes);
    const on = onPartition(addPartition(edit, edit.device(disk.id), { sizeBytes, bootable }));
    place(edit, text(wanted["name"]) ?? edit.nameOf(on), on, wanted, made);
  }
  place(edit, name, onDevice(disk), entry, made);
}

function makeBcache(edit: StorageEdit, name: string, entry: Json, made: Made): void {
  const cache = text(entry["cache-device"]) ?? "";
  const [fast, slow] = [made.places.get(cache), made.places.get(text(entry["backing-device"]) ?? "")];
  const mode = cacheModes.find((each) => each === (entry["cache-mode"] ?? "writethrough"));
  if (!fast || !slow || !mode) throw bad(`'${name}' needs cache-device, backing-device and a cache-mode`);
  const set = made.caches.get(cache) ?? cacheSetOn(edit, fast);
  made.caches.set(cache, set);
  const group = bcacheOn(edit, { name, uuid: edit.newUuid(), set, on: slow, cacheMode: mode });
  place(edit, name, raidDevice(edit, group), entry, made);
}

function place(edit: StorageEdit, name: string, on: On, entry: Json, made: Made): void {
  if (made.places.has(name)) throw bad(`'${name}' is there twice`);
  made.places.set(name, on);
  const fstype = text(entry["fs"]);
  if (fstype !== undefined) format(edit, on, { fstype });
}

const sizeOf = (entry: Json, base: number): number | undefined => {
  const size = entry["size"];
  return typeof size === "string" || typeof size === "number" ? parseSize("storage_layout", size, base) : undefined;
};

function wordsOf(names: readonly unknown[], made: Made): MemberWords {
  const all = names.flatMap((name) => made.places.get(String(name)) ?? []);
  const ids = (kind: "device" | "partition") => all.flatMap((on) => (on.kind === kind ? [String(on.id)] : []));
  return { blockDevices: ids("device"), partitions: ids("partition") };
}

function mountAll(edit: StorageEdit, mounts: unknown, made: Made): void {
  for (const [mountPoint, entry] of Object.entries(isObject(mounts) ? mounts : {})) {
    const device = isObject(entry) ? (text(entry["device"]) ?? "") : "";
    const mountOptions = isObject(entry) ? text(entry["options"]) : undefined;
    const special = made.special.get(device);
    const on = made.places.get(device);
    if (special !== undefined) mountSpecial(edit, { fstype: special, mountPoint, mountOptions });
    else if (on) mount(edit, on, { mountPoint, mountOptions });
    else throw bad(`${mountPoint} is to be on '${device}', which the layout does not make`);
  }
}
