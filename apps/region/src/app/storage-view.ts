/** A machine's storage for whoever may see the machine. */
import type { MachineView } from "@rackwright/db/machine-views";
import { readMachine } from "@rackwright/db/machines";
import { storageModelOf } from "@rackwright/db/storage-rows";
import { DomainError } from "@rackwright/domain/errors";
import { allocatedStatuses, statusFromCode } from "@rackwright/domain/machine/status";
import { StorageEdit } from "@rackwright/domain/storage/edit";
import { cacheSetName, type CacheSet, type Device, type Group, type Partition } from "@rackwright/domain/storage/model";
import type { Ctx } from "../context.ts";
import { machineView } from "./machine-view.ts";
import { permitted } from "./permissions.ts";

export interface SeenStorage {
  systemId: string;
  /** Only looked at. */
  storage: StorageEdit;
}

/** What counts in the machine's status: the holder's copies, or the originals. */
export function storageOf(v: MachineView): SeenStorage {
  const acquired = allocatedStatuses.includes(statusFromCode(v.row.status));
  const isMember = (f: MachineView["filesystems"][number]) => f.group_id !== null || f.cache_set_id !== null;
  const model = storageModelOf(v.row, {
    devices: v.blockDevices,
    partitions: v.blockDevices.flatMap((b) => v.partitions.get(b.id) ?? []),
    filesystems: v.filesystems.filter((f) => f.acquired === acquired || isMember(f)),
    groups: v.groups,
    cacheSets: v.cacheSets,
  });
  return { systemId: v.row.system_id, storage: new StorageEdit(model, () => "") };
}

/** @throws DomainError not_found, forbidden */
export async function readStorage(ctx: Ctx, systemId: string): Promise<SeenStorage> {
  const loaded = permitted(ctx.actor, "view", await readMachine(ctx.region.db.kysely, systemId));
  return storageOf(await machineView(ctx, loaded.machine.id));
}

const missing = (what: string) => new DomainError("not_found", `No ${what} matches the given query.`);

/** By its id or its name. @throws DomainError not_found */
export function deviceOf(storage: StorageEdit, word: string): Device {
  const found = storage.devices.find((d) => String(d.id) === word) ?? storage.devices.find((d) => d.name === word);
  if (!found) throw missing("BlockDevice");
  return found;
}

/** By its id or its name (`sda-part1`), on that device. @throws DomainError not_found */
export function partitionOf(storage: StorageEdit, deviceWord: string, word: string): Partition {
  const device = deviceOf(storage, deviceWord);
  const found = storage
    .partitionsOf(device.id)
    .find((p) => String(p.id) === word || `${device.name}-part${p.index}` === word);
  if (!found) throw missing("Partition");
  return found;
}

export function groupsOf(storage: StorageEdit, family: "raid" | "lvm-vg" | "bcache" | "vmfs6"): Group[] {
  return storage.groups.filter((g) => (family === "raid" ? g.type.startsWith("raid-") : g.type === family));
}

const handlers = { raid: "RAID", "lvm-vg": "VolumeGroup", bcache: "Bcache", vmfs6: "VMFS" } as const;

/** By its id or its name. @throws DomainError not_found */
export function groupOf(storage: StorageEdit, family: keyof typeof handlers, word: string): Group {
  const all = groupsOf(storage, family);
  const found = all.find((g) => String(g.id) === word) ?? all.find((g) => g.name === word);
  if (!found) throw missing(handlers[family]);
  return found;
}

/** By its id or its name (`cache0`). @throws DomainError not_found */
export function cacheSetOf(storage: StorageEdit, word: string): CacheSet {
  const found = storage.cacheSets.find((set) => String(set.id) === word || cacheSetName(storage, set.id) === word);
  if (!found) throw missing("CacheSet");
  return found;
}
