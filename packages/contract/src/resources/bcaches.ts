import { action, resource } from "../action.ts";
import { choice, requiredText, text } from "../params.ts";
import { groupRefused, groupSeen, groupUuid } from "./storage-groups.ts";

const MODES = ["writeback", "writethrough", "writearound"] as const;
const refusals = (what: string) => groupRefused(what, "members, name or mode are refused");
const fields = {
  name: text("Name. Default: bcache0, bcache1 ..."),
  uuid: groupUuid,
  backing_device: text("The slow block device, by id or name. Either this or backing_partition."),
  backing_partition: text("The slow partition, by id or name."),
} as const;
const cacheFields = {
  cache_device: text("The fast block device, by id or name. Either this or cache_partition."),
  cache_partition: text("The fast partition, by id or name."),
} as const;

export const bcaches = resource({
  name: "Bcaches",
  path: "/nodes/{system_id}/bcaches/",
  doc: "The bcaches of a machine: slow devices with a fast one in front.",
  actions: {
    read: action({ method: "GET", doc: "List bcaches", returns: "Bcache[]", errors: groupSeen("bcache") }),
    create: action({
      method: "POST",
      access: "admin",
      doc: "Make a bcache",
      params: {
        ...fields,
        cache_set: requiredText("Cache set, by id or name."),
        cache_mode: requiredText("writeback, writethrough or writearound."),
      },
      returns: "Bcache",
      errors: refusals("bcache"),
    }),
  },
});

export const bcache = resource({
  name: "Bcache",
  path: "/nodes/{system_id}/bcache/{id}/",
  doc: "One bcache, by its id or name.",
  actions: {
    read: action({ method: "GET", doc: "Read a bcache", returns: "Bcache", errors: groupSeen("bcache") }),
    update: action({
      method: "PUT",
      access: "admin",
      doc: "Change a bcache",
      params: {
        ...fields,
        cache_set: text("Cache set, by id or name."),
        cache_mode: choice("How it is written.", MODES),
      },
      returns: "Bcache",
      errors: refusals("bcache"),
    }),
    delete: action({
      method: "DELETE",
      access: "admin",
      success: 204,
      doc: "Delete a bcache\n\nWith what was planned on it.",
      errors: groupRefused("bcache", "it is part of another group"),
    }),
  },
});

export const bcacheCacheSets = resource({
  name: "BcacheCacheSets",
  path: "/nodes/{system_id}/bcache-cache-sets/",
  doc: "The fast devices that bcaches of a machine use.",
  actions: {
    read: action({ method: "GET", doc: "List cache sets", returns: "CacheSet[]", errors: groupSeen("cache set") }),
    create: action({
      method: "POST",
      access: "admin",
      doc: "Make a cache set",
      params: cacheFields,
      returns: "CacheSet",
      errors: refusals("cache set"),
    }),
  },
});

export const bcacheCacheSet = resource({
  name: "BcacheCacheSet",
  path: "/nodes/{system_id}/bcache-cache-set/{id}/",
  doc: "One cache set, by its id or name.",
  actions: {
    read: action({ method: "GET", doc: "Read a cache set", returns: "CacheSet", errors: groupSeen("cache set") }),
    update: action({
      method: "PUT",
      access: "admin",
      doc: "Put a cache set on another device",
      params: cacheFields,
      returns: "CacheSet",
      errors: refusals("cache set"),
    }),
    delete: action({
      method: "DELETE",
      access: "admin",
      success: 204,
      doc: "Delete a cache set",
      errors: groupRefused("cache set", "a bcache uses it"),
    }),
  },
});
