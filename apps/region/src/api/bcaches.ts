/** bcaches, bcache, bcache-cache-sets, bcache-cache-set: decode, one call, encode. */
import { bcache, bcacheCacheSet, bcacheCacheSets, bcaches } from "@rackwright/contract/resources/bcaches";
import { addBcache, addCacheSet, changeBcache, changeCacheSet, removeBcache, removeCacheSet } from "../app/bcaches.ts";
import { cacheSetOf, groupOf, groupsOf, readStorage } from "../app/storage-view.ts";
import type { Ctx } from "../context.ts";
import type { Routes } from "../http/route.ts";
import { wireBcache, wireCacheSet } from "./wire/storage-groups.ts";

async function shown(ctx: Ctx, systemId: string, word: string | number) {
  const of = await readStorage(ctx, systemId);
  return wireBcache(groupOf(of.storage, "bcache", String(word)), of);
}

async function shownSet(ctx: Ctx, systemId: string, word: string | number) {
  const of = await readStorage(ctx, systemId);
  return wireCacheSet(cacheSetOf(of.storage, String(word)), of);
}

/** An empty field is one that was not given. */
const given = (text: string | undefined) => text?.trim() || undefined;

interface Fields {
  name?: string | undefined;
  uuid?: string | undefined;
  cache_set?: string | undefined;
  backing_device?: string | undefined;
  backing_partition?: string | undefined;
}

const requestOf = (p: Fields) => ({
  name: given(p.name),
  uuid: p.uuid,
  cacheSet: given(p.cache_set),
  backingDevice: given(p.backing_device),
  backingPartition: given(p.backing_partition),
});
const cacheOf = (p: { cache_device?: string | undefined; cache_partition?: string | undefined }) => ({
  cacheDevice: given(p.cache_device),
  cachePartition: given(p.cache_partition),
});

export function bcachesRoutes(routes: Routes): void {
  routes.on(bcaches.actions.read, async ({ ctx, path: { system_id = "" } }) => {
    const of = await readStorage(ctx, system_id);
    return groupsOf(of.storage, "bcache").map((group) => wireBcache(group, of));
  });
  routes.on(bcaches.actions.create, async ({ ctx, path: { system_id = "" }, params }) =>
    shown(ctx, system_id, await addBcache(ctx, system_id, params.cache_mode.trim(), requestOf(params))),
  );
  const one = bcache.actions;
  routes.on(one.read, ({ ctx, path: { system_id = "", id = "" } }) => shown(ctx, system_id, id));
  routes.on(one.update, async ({ ctx, path: { system_id = "", id = "" }, params }) => {
    const change = { ...requestOf(params), cacheMode: params.cache_mode };
    return shown(ctx, system_id, await changeBcache(ctx, system_id, id, change));
  });
  routes.on(one.delete, ({ ctx, path: { system_id = "", id = "" } }) => removeBcache(ctx, system_id, id));
  routes.on(bcacheCacheSets.actions.read, async ({ ctx, path: { system_id = "" } }) => {
    const of = await readStorage(ctx, system_id);
    return of.storage.cacheSets.map((set) => wireCacheSet(set, of));
  });
  routes.on(bcacheCacheSets.actions.create, async ({ ctx, path: { system_id = "" }, params }) =>
    shownSet(ctx, system_id, await addCacheSet(ctx, system_id, cacheOf(params))),
  );
  const set = bcacheCacheSet.actions;
  routes.on(set.read, ({ ctx, path: { system_id = "", id = "" } }) => shownSet(ctx, system_id, id));
  routes.on(set.update, async ({ ctx, path: { system_id = "", id = "" }, params }) =>
    shownSet(ctx, system_id, await changeCacheSet(ctx, system_id, id, cacheOf(params))),
  );
  routes.on(set.delete, ({ ctx, path: { system_id = "", id = "" } }) => removeCacheSet(ctx, system_id, id));
}
