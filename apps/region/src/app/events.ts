/** What happened, as far as the caller may see it. */
import { type EventFilter, type EventRow, queryEvents } from "@rackwright/db/events";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { eventLevel } from "@rackwright/domain/machine/event";
import { parseMac } from "@rackwright/domain/machine/names";
import type { Ctx } from "../context.ts";
import { visibility } from "./machine-view.ts";

export interface EventRequest extends EventFilter {
  level: string | undefined;
  limit: number;
  before: number | undefined;
  after: number | undefined;
}

const LEVELS: Record<string, number> = { ...eventLevel, critical: 50 };

function levelOf(word: string | undefined): number {
  const name = word?.trim().toLowerCase() || "info";
  const level = Object.hasOwn(LEVELS, name) ? LEVELS[name] : undefined;
  if (level === undefined)
    throw invalidField("level", `'${word}' is not one of ${Object.keys(LEVELS).join(", ").toUpperCase()}.`);
  return level;
}

/** Newest first. @throws DomainError for a level or MAC address that makes no sense, or both cursors at once */
export async function findEvents(ctx: Ctx, { level, ...request }: EventRequest): Promise<EventRow[]> {
  if (request.before !== undefined && request.after !== undefined)
    throw new DomainError("bad_request", "There is either before or after, not both: leave one out.");
  const macs = request.macs.map((text) => {
    const mac = parseMac(text);
    if (mac === undefined) throw invalidField("mac_address", `'${text}' is not a valid MAC address.`);
    return mac;
  });
  return queryEvents(ctx.region.db.kysely, {
    ...request,
    macs,
    minLevel: levelOf(level),
    before: request.before ?? null,
    after: request.after ?? null,
    visibleTo: visibility(ctx),
  });
}
