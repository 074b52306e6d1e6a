/** Availability zones and resource pools: list, read, create, change, delete. */
import { appendChange, appendChanges } from "@rackwright/db/change";
import type { Tx } from "@rackwright/db/connect";
import * as db from "@rackwright/db/places";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { type Ctx, inTransaction } from "../context.ts";
import { audit } from "./audit.ts";
import { entityOf } from "./node-zones.ts";

type Place = db.Place;
/** A pool's id, or its name. */
export type PoolKey = { id: number } | { name: string };
export interface PlaceFields {
  name?: string | undefined;
  description?: string | undefined;
}

/** Rows that every installation begins with, and keeps. */
const DEFAULT_ZONE_ID = 1;
const DEFAULT_POOL_ID = 0;

interface Kind {
  table: db.PlaceTable;
  /** In the change record. */
  entity: string;
  words: string;
}
const ZONE: Kind = { table: "zone", entity: "zone", words: "zone" };
const POOL: Kind = { table: "resource_pool", entity: "pool", words: "resource pool" };

export const zones = (ctx: Ctx): Promise<Place[]> => db.listZones(ctx.region.db.kysely);
export const pools = (ctx: Ctx): Promise<Place[]> => db.listPools(ctx.region.db.kysely);

function found(place: Place | undefined, kind: Kind, word: string | number): Place {
  if (!place) throw new DomainError("not_found", `There is no ${kind.words} '${word}'.`);
  return place;
}

/** @throws DomainError not_found */
export const zone = async (ctx: Ctx, name: string): Promise<Place> =>
  found(await db.zoneByName(ctx.region.db.kysely, name), ZONE, name);

/** @throws DomainError not_found */
export const pool = async (ctx: Ctx, key: PoolKey): Promise<Place> =>
  found(await db.poolBy(ctx.region.db.kysely, key), POOL, wordOf(key));

const wordOf = (key: PoolKey) => ("id" in key ? key.id : key.name);

const taken = (kind: Kind, name: string) => invalidField("name", `There is a ${kind.words} '${name}' already.`);

async function create(ctx: Ctx, kind: Kind, { name, description = "" }: PlaceFields & { name: string }) {
  return inTransaction(ctx, async (tx) => {
    const made = await db.insertPlace(tx, kind.table, { name, description });
    if (!made) throw taken(kind, name);
    await appendChange(tx, { kind: "create", entity: kind.entity, entityId: made.id });
    await audit(ctx, tx, "SETTINGS", `Created ${kind.words} '${name}'.`);
    return made;
  });
}

async function change(ctx: Ctx, tx: Tx, kind: Kind, before: Place, fields: PlaceFields): Promise<Place> {
  // Empty names are no names: they are left as they were.
  const name = fields.name || before.name;
  if (await db.placeNameTaken(tx, kind.table, name, before.id)) throw taken(kind, name);
  const after = { name, description: fields.description ?? before.description };
  const place = await db.updatePlace(tx, kind.table, before.id, after);
  await appendChange(tx, { kind: "update", entity: kind.entity, entityId: place.id });
  await audit(ctx, tx, "SETTINGS", `Updated ${kind.words} '${name}'.`);
  return place;
}

async function remove(ctx: Ctx, tx: Tx, kind: Kind, place: Place): Promise<void> {
  await db.deletePlace(tx, kind.table, place.id);
  await appendChange(tx, { kind: "delete", entity: kind.entity, entityId: place.id });
  await audit(ctx, tx, "SETTINGS", `Deleted ${kind.words} '${place.name}'.`);
}

/** @throws DomainError invalid_fields when the name is taken */
export const createZone = (ctx: Ctx, fields: PlaceFields & { name: string }): Promise<Place> =>
  create(ctx, ZONE, fields);

/** @throws DomainError not_found; invalid_fields for a name that is taken, or another one for the default zone */
export async function updateZone(ctx: Ctx, name: string, fields: PlaceFields): Promise<Place> {
  return inTransaction(ctx, async (tx) => {
    const before = found(await db.lockPlace(tx, "zone", { name }), ZONE, name);
    if (before.id === DEFAULT_ZONE_ID && fields.name && fields.name !== before.name)
      throw invalidField("name", "This is the default zone: it keeps its name.");
    return change(ctx, tx, ZONE, before, fields);
  });
}

/** Nodes in it are in the default zone then. One that is gone already stays so. @throws DomainError bad_request */
export async function deleteZone(ctx: Ctx, name: string): Promise<void> {
  await inTransaction(ctx, async (tx) => {
    const place = await db.lockPlace(tx, "zone", { name });
    if (!place) return;
    if (place.id === DEFAULT_ZONE_ID)
      throw new DomainError("bad_request", "This is the default zone: it cannot be deleted.");
    const moved = await db.moveNodesOfZone(tx, place.id, DEFAULT_ZONE_ID);
    for (const entity of new Set(moved.map((node) => entityOf(node.nodeType)))) {
      const entityIds = moved.filter((n) => entityOf(n.nodeType) === entity).map((n) => n.systemId);
      await appendChanges(tx, { kind: "update", entity, entityIds });
    }
    await remove(ctx, tx, ZONE, place);
  });
}

/** @throws DomainError invalid_fields when the name is taken */
export const createPool = (ctx: Ctx, fields: PlaceFields & { name: string }): Promise<Place> =>
  create(ctx, POOL, fields);

/** @throws DomainError not_found, invalid_fields when the name is taken */
export async function updatePool(ctx: Ctx, key: PoolKey, fields: PlaceFields): Promise<Place> {
  return inTransaction(ctx, async (tx) =>
    change(ctx, tx, POOL, found(await db.lockPlace(tx, "resource_pool", key), POOL, wordOf(key)), fields),
  );
}

/** @throws DomainError not_found; bad_request for the default pool, and one with machines */
export async function deletePool(ctx: Ctx, key: PoolKey): Promise<void> {
  await inTransaction(ctx, async (tx) => {
    const place = found(await db.lockPlace(tx, "resource_pool", key), POOL, wordOf(key));
    if (place.id === DEFAULT_POOL_ID)
      throw new DomainError("bad_request", "This is the default resource pool: it cannot be deleted.");
    const count = await db.countNodesInPool(tx, place.id);
    if (count > 0)
      throw new DomainError(
        "bad_request",
        `Resource pool '${place.name}' has ${count} machine(s): move them to another pool first.`,
      );
    await remove(ctx, tx, POOL, place);
  });
}
