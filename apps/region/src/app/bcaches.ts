/** bcaches and cache sets of a machine (reference: networking-storage, sections 12 and 14). */
import { invalidField } from "@rackwright/domain/errors";
import {
  type BcacheRequest,
  type CacheRequest,
  createBcache,
  createCacheSet,
  deleteBcache,
  deleteCacheSet,
  updateBcache,
  updateCacheSet,
} from "@rackwright/domain/storage/bcache";
import { cacheModes } from "@rackwright/domain/storage/model";
import type { Ctx } from "../context.ts";
import { editStorage, makeStorage } from "./storage-edit.ts";
import { cacheSetOf, groupOf } from "./storage-view.ts";

/** @returns its id */
export function addBcache(ctx: Ctx, systemId: string, mode: string, request: BcacheRequest): Promise<number> {
  return makeStorage(ctx, systemId, "storage_group", "Made a bcache", (edit) => {
    const cacheMode = cacheModes.find((each) => each === mode.toLowerCase());
    if (!cacheMode) throw invalidField("cache_mode", `"${mode}" is not one of ${cacheModes.join(", ")}.`);
    return createBcache(edit, { ...request, cacheMode });
  });
}

/** @returns its id */
export async function changeBcache(ctx: Ctx, systemId: string, word: string, change: BcacheRequest): Promise<number> {
  const { result } = await editStorage(ctx, systemId, "configure_storage", `Changed the bcache ${word}`, (edit) => {
    const group = groupOf(edit, "bcache", word);
    updateBcache(edit, group, change);
    return group.id;
  });
  return result;
}

export async function removeBcache(ctx: Ctx, systemId: string, word: string): Promise<void> {
  await editStorage(ctx, systemId, "configure_storage", `Deleted the bcache ${word}`, (edit) =>
    deleteBcache(edit, groupOf(edit, "bcache", word)),
  );
}

/** @returns its id */
export function addCacheSet(ctx: Ctx, systemId: string, request: CacheRequest): Promise<number> {
  return makeStorage(ctx, systemId, "cache_set", "Made a cache set", (edit) => createCacheSet(edit, request));
}

/** @returns its id */
export async function changeCacheSet(ctx: Ctx, systemId: string, word: string, request: CacheRequest): Promise<number> {
  const { result } = await editStorage(ctx, systemId, "configure_storage", `Changed the cache set ${word}`, (edit) => {
    const set = cacheSetOf(edit, word);
    updateCacheSet(edit, set, request);
    return set.id;
  });
  return result;
}

export async function removeCacheSet(ctx: Ctx, systemId: string, word: string): Promise<void> {
  await editStorage(ctx, systemId, "configure_storage", `Deleted the cache set ${word}`, (edit) =>
    deleteCacheSet(edit, cacheSetOf(edit, word)),
  );
}
