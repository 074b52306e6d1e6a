import { invalidField } from "../../errors.ts";
import { bcacheOn, cacheSetOn } from "../bcache.ts";
import { bootDisk } from "../boot-disk.ts";
import { onDevice, onPartition, type StorageEdit } from "../edit.ts";
import { ALIGNMENT_BYTES, GIB } from "../geometry.ts";
import { type CacheMode, cacheModes, type Device, physicalDisks, type StorageModel } from "../model.ts";
import { addPartition } from "../partitions.ts";
import { raidDevice } from "../raid.ts";
import { parseSize } from "../size.ts";
import { basePartitions, diskOf, type LayoutParams, startDisk } from "./sizes.ts";

/** The smallest solid-state disk that the machine does not start from. */
export function fastDisk(model: Pick<StorageModel, "devices" | "bootDiskId">): Device | undefined {
  const boot = bootDisk(model)?.id;
  return physicalDisks(model)
    .filter((disk) => disk.id !== boot && disk.tags.includes("ssd"))
    .sort((a, b) => a.sizeBytes - b.sizeBytes)[0];
}

/** As flat, with the root filesystem on a bcache whose cache lies on another disk. */
export function bcacheLayout(edit: StorageEdit, params: LayoutParams): void {
  const boot = startDisk(edit);
  const fast = fastDisk(edit);
  if (!fast && params.cacheDevice === undefined)
    throw invalidField(
      "storage_layout",
      `bcache needs a disk tagged 'ssd' besides ${boot.name}: tag one, or name it as cache_device`,
    );
  const cache = diskOf(edit, "cache_device", params.cacheDevice, fast ?? boot);
  if (cache.id === boot.id || cache.id === params.rootDevice)
    throw invalidField("cache_device", `${cache.name} holds the root filesystem itself: choose another disk`);
  const mode = cacheMode(params.cacheMode);
  if (params.cacheNoPart && params.cacheSize !== undefined)
    throw invalidField("cache_size", "give either cache_size or cache_no_part, not both");
  const { root } = basePartitions(edit, params, { bootBytes: GIB });
  const set = cacheSetOn(edit, params.cacheNoPart ? onDevice(cache) : cachePartition(edit, cache, params));
  const name = edit.freeName("bcache");
  const group = bcacheOn(edit, { name, uuid: edit.newUuid(), set, on: onPartition(root), cacheMode: mode });
  edit.addFilesystem({ on: raidDevice(edit, group), fstype: "ext4", label: "root", mountPoint: "/" });
}

function cachePartition(edit: StorageEdit, cache: Device, { cacheSize }: LayoutParams) {
  const sizeBytes = cacheSize === undefined ? undefined : parseSize("cache_size", cacheSize, cache.sizeBytes);
  if (sizeBytes !== undefined && sizeBytes < ALIGNMENT_BYTES)
    throw invalidField("cache_size", "at least 4 MiB are needed");
  return onPartition(addPartition(edit, cache, { sizeBytes, field: "cache_size", purpose: "The cache" }));
}

function cacheMode(given: string | undefined): CacheMode {
  const found = cacheModes.find((mode) => mode === (given ?? "writethrough").toLowerCase());
  if (!found) throw invalidField("cache_mode", `'${given}' is no cache mode: choose ${cacheModes.join(", ")}`);
  return found;
}
