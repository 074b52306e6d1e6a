import type { Event as WireEvent, EventsPage } from "@rackwright/contract/objects/common";
import { events } from "@rackwright/contract/resources/misc";
import { API_ROOT } from "@rackwright/contract/table";
import { eventTypes } from "@rackwright/domain/machine/event";
import { scrubText } from "@rackwright/domain/recorder/scrub";
import { findEvents } from "../app/events.ts";
import type { Call, Routes } from "../http/route.ts";
import { eventDate } from "./wire/dates.ts";

type Row = Awaited<ReturnType<typeof findEvents>>[number];
type Query = Call<typeof events.actions.query.params>;

const DEFAULT_LIMIT = 100;
const LEVEL_NAMES: Record<number, string> = {
  0: "AUDIT",
  10: "DEBUG",
  20: "INFO",
  30: "WARNING",
  40: "ERROR",
  50: "CRITICAL",
};

function wireEvent(row: Row): WireEvent {
  const known = Object.hasOwn(eventTypes, row.type) ? eventTypes[row.type as keyof typeof eventTypes] : undefined;
  return {
    username: row.username ?? "unknown",
    node: row.systemId,
    hostname: row.hostname,
    id: row.id,
    level: LEVEL_NAMES[row.level] ?? String(row.level),
    created: eventDate(row.createdAt),
    type: known?.text ?? row.type,
    description: scrubText(row.description),
  };
}

/** The same question with another cursor. */
function pageUri(params: Query["params"], cursor: Record<string, number>): string {
  const search = new URLSearchParams({ op: "query" });
  for (const [name, value] of Object.entries({ ...params, before: undefined, after: undefined, ...cursor }))
    for (const item of Array.isArray(value) ? value : [value])
      if (item !== undefined) search.append(name, String(item));
  return `${API_ROOT}/events/?${search.toString()}`;
}

/** next: what is newer, always, since that may come yet. prev: what is older; null when nothing can be. */
function cursors(params: Query["params"], rows: readonly Row[]): { next: number; prev: number | null } {
  const [newest, oldest] = [rows[0], rows.at(-1)];
  if (newest && oldest) return { next: newest.id, prev: oldest.id };
  if (params.after !== undefined) return { next: params.after, prev: params.after + 1 };
  return { next: Math.max((params.before ?? 1) - 1, 0), prev: null };
}

async function query({ ctx, params }: Query): Promise<EventsPage> {
  const rows = await findEvents(ctx, {
    hostnames: params.hostname,
    macs: params.mac_address,
    systemIds: params.id,
    domains: params.domain,
    zones: params.zone,
    pools: params.pool,
    agentNames: params.agent_name,
    usernames: params.owner,
    level: params.level,
    limit: params.limit ?? DEFAULT_LIMIT,
    before: params.before,
    after: params.after,
  });
  const { next, prev } = cursors(params, rows);
  return {
    count: rows.length,
    events: rows.map(wireEvent),
    next_uri: pageUri(params, { after: next }),
    prev_uri: prev === null ? null : pageUri(params, { before: prev }),
  };
}

export function eventsRoutes(routes: Routes): void {
  routes.on(events.actions.query, query);
}
