/** The flight recorder of one machine, as a caller may read it. */
import {
  interfaceMacs,
  readTimeline,
  timelineEnd,
  type TimelinePosition,
  type TimelineQuery,
  type TimelineRow,
} from "@rackwright/db/timeline";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { type EventLevel, eventLevel } from "@rackwright/domain/machine/event";
import { cursorText, parseCursor } from "@rackwright/domain/recorder/timeline";
import { scrubText, scrubValue } from "@rackwright/domain/recorder/scrub";
import type { Ctx } from "../context.ts";
import { machineSecrets } from "./machine-secrets.ts";
import { viewableMachine } from "./machines.ts";

/** What events come from. */
const REGION = "region";
const SOURCES = ["bmc", "dhcp", "tftp", "http", "metadata", "script", "installer", "console", REGION];
const DEFAULT_LIMIT = 100;

export interface TimelineRequest {
  limit: number | undefined;
  before: string | undefined;
  after: string | undefined;
  level: EventLevel | undefined;
  sources: readonly string[];
}

export interface TimelinePage {
  systemId: string;
  /** The earliest first, without secrets. */
  rows: TimelineRow[];
  next: string;
  prev: string | null;
}

function cursor(field: string, text: string | undefined): TimelinePosition | null {
  if (text === undefined || text.trim() === "") return null;
  const parsed = parseCursor(text);
  if (!parsed) throw invalidField(field, `'${text}' is no cursor: give next or prev of an earlier reply.`);
  return parsed;
}

/** @throws DomainError not_found, forbidden, invalid_fields */
export async function machineTimeline(ctx: Ctx, systemId: string, request: TimelineRequest): Promise<TimelinePage> {
  const { machine, row } = await viewableMachine(ctx, systemId);
  const db = ctx.region.db.kysely;
  const query: TimelineQuery = {
    nodeId: machine.id,
    macs: await interfaceMacs(db, machine.id),
    minLevel: eventLevel[request.level ?? "debug"],
    ...sourcesOf(request.sources),
    before: cursor("before", request.before),
    after: cursor("after", request.after),
    limit: request.limit ?? DEFAULT_LIMIT,
  };
  if (query.before && query.after)
    throw new DomainError("bad_request", "There is either before or after, not both: leave one out.");
  // Asked before the rows: whatever is settled by then is among them, or behind this place.
  const end = await timelineEnd(db);
  const found = await readTimeline(db, query);
  const secrets = await machineSecrets(ctx.region, row);
  const rows = found.map((r) => ({ ...r, text: scrubText(r.text, secrets), detail: scrubValue(r.detail, secrets) }));
  const [first] = rows;
  const page: TimelinePage = {
    systemId,
    rows: rows.sort((a, b) => a.at.getTime() - b.at.getTime()),
    next: cursorText(nextPlace(query, found, end)),
    prev: first === undefined ? null : cursorText(first),
  };
  return page;
}

function sourcesOf(given: readonly string[]): Pick<TimelineQuery, "sources" | "withEvents"> {
  for (const source of given)
    if (!SOURCES.includes(source)) throw invalidField("source", `'${source}' is not one of ${SOURCES.join(", ")}.`);
  const wanted = given.length === 0 ? SOURCES : given;
  return { sources: wanted.filter((s) => s !== REGION), withEvents: wanted.includes(REGION) };
}

/** Behind the last row that is settled. Rows that are not come again for whoever goes on from there. */
function nextPlace(query: TimelineQuery, rows: readonly TimelineRow[], end: TimelinePosition): TimelinePosition {
  const last = rows.findLast((r) => r.settled);
  if (last) return last;
  return query.after ?? query.before ?? end;
}
