/** What the addresses of a subnet are used for. */
import { type SubnetOccupancy, subnetOccupancy } from "@rackwright/db/addresses";
import { type SubnetAddress, subnetAddresses } from "@rackwright/db/subnet-addresses";
import {
  type RangeUsage,
  rangeUsage,
  shownRange,
  subnetFigures,
  type SubnetFigures,
} from "@rackwright/domain/addressing/usage";
import type { Ctx } from "../context.ts";
import { subnetOf } from "./named.ts";

async function occupancyOf(ctx: Ctx, word: string): Promise<SubnetOccupancy> {
  const db = ctx.region.db.kysely;
  return subnetOccupancy(db, (await subnetOf(db, word)).id);
}

export async function usedRanges(ctx: Ctx, word: string): Promise<RangeUsage[]> {
  const subnet = await occupancyOf(ctx, word);
  return rangeUsage(subnet).used.map((span) => shownRange(subnet, span, span.purposes));
}

export async function freeRanges(ctx: Ctx, word: string): Promise<RangeUsage[]> {
  const subnet = await occupancyOf(ctx, word);
  return rangeUsage(subnet).free.map((span) => shownRange(subnet, span, []));
}

/** Figures, and all ranges, free ones too. */
export async function subnetStatistics(
  ctx: Ctx,
  word: string,
): Promise<{ figures: SubnetFigures; ranges: RangeUsage[] }> {
  const subnet = await occupancyOf(ctx, word);
  const { used, free } = rangeUsage(subnet);
  const all = [...used, ...free.map((span) => ({ ...span, purposes: ["unused" as const] }))];
  const ranges = all
    .sort((a, b) => (a.first < b.first ? -1 : 1))
    .map((span) => shownRange(subnet, span, span.purposes));
  return { figures: subnetFigures(subnet), ranges };
}

export async function addressesInSubnet(ctx: Ctx, word: string): Promise<SubnetAddress[]> {
  const db = ctx.region.db.kysely;
  return subnetAddresses(db, (await subnetOf(db, word)).id);
}
