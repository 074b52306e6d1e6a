/** Availability zones and resource pools. */
import { listPools, listZones, type Place } from "@rackwright/db/places";
import type { Ctx } from "../context.ts";

export const zones = (ctx: Ctx): Promise<Place[]> => listZones(ctx.region.db.kysely);
export const pools = (ctx: Ctx): Promise<Place[]> => listPools(ctx.region.db.kysely);
