/** The change record as a caller may read it. */
import type { Change, ChangePosition } from "@rackwright/db/change";
import { readChanges } from "@rackwright/db/change";
import { ownersOf } from "@rackwright/db/change-owners";
import { decidingMachine, maySee, parsePlace } from "@rackwright/domain/changes/visible";
import { invalidField } from "@rackwright/domain/errors";
import type { Ctx } from "../context.ts";

const DEFAULT_LIMIT = 100;
/** Rows looked through for one page, however few of them the caller may see. */
const MOST_SCANNED = 10_000;
const BATCH = 500;
/** Then it is begun again: whoever listens proves anew who it is. */
const STREAM_MS = 10 * 60_000;
const BEAT_MS = 15_000;

export interface ChangesRequest {
  after: string | undefined;
  entities: readonly string[];
}

/** @throws DomainError invalid_fields */
function placeOf(text: string | undefined): ChangePosition | undefined {
  if (text === undefined || text.trim() === "") return undefined;
  const place = parsePlace(text);
  if (!place) throw invalidField("after", `'${text}' is no place in the record: give next, or the id of a change.`);
  return place;
}

async function visible(ctx: Ctx, changes: readonly Change[], entities: readonly string[]): Promise<Change[]> {
  const wanted = entities.length === 0 ? changes : changes.filter((c) => entities.includes(c.entity));
  if (ctx.actor.kind === "user" && ctx.actor.isSuperuser) return [...wanted];
  const ids = new Set(wanted.flatMap((c) => decidingMachine(c) ?? []));
  const owners = await ownersOf(ctx.region.db.kysely, [...ids]);
  return wanted.filter((c) => maySee(ctx.actor, c, (id) => owners.get(id) ?? null));
}

export async function changesPage(
  ctx: Ctx,
  request: ChangesRequest & { limit: number | undefined },
): Promise<{ changes: Change[]; next: ChangePosition }> {
  const limit = request.limit ?? DEFAULT_LIMIT;
  let next = placeOf(request.after);
  if (!next) return { changes: [], next: await ctx.region.changes.end() };
  const found: Change[] = [];
  for (let scanned = 0; scanned < MOST_SCANNED && found.length < limit; ) {
    const batch = await readChanges(ctx.region.db, { afterTxid: next.txid, afterId: next.id, limit: BATCH });
    const last = batch.at(-1);
    if (!last) break;
    scanned += batch.length;
    const shown = (await visible(ctx, batch, request.entities)).slice(0, limit - found.length);
    found.push(...shown);
    const lastShown = shown.at(-1);
    // A full page ends with what it shows; what was looked through and not shown is passed over.
    const place: Change = found.length >= limit && lastShown ? lastShown : last;
    next = { txid: place.txid, id: place.id };
  }
  return { changes: found, next };
}

export type StreamItem = { change: Change } | { place: ChangePosition };

/**
 * What comes, change by change; a place alone now and then, as a sign of life.
 * @throws DomainError invalid_fields at once, before the first item is asked for
 */
export async function changesStream(
  ctx: Ctx,
  request: ChangesRequest,
): Promise<(signal: AbortSignal) => AsyncGenerator<StreamItem>> {
  const { changes: feed } = ctx.region;
  const from = placeOf(request.after) ?? (await feed.end());
  return async function* (signal) {
    let place = from;
    const until = performance.now() + STREAM_MS;
    let beaten = performance.now();
    yield { place };
    while (!signal.aborted && performance.now() < until) {
      const batch = await feed.after(place, BATCH);
      const last = batch.at(-1);
      if (!last) {
        await feed.wait(place, Math.max(beaten + BEAT_MS - performance.now(), 1), signal);
      } else {
        for (const change of await visible(ctx, batch, request.entities)) {
          yield { change };
          if (signal.aborted) return;
        }
        place = { txid: last.txid, id: last.id };
      }
      if (performance.now() - beaten < BEAT_MS) continue;
      beaten = performance.now();
      yield { place };
    }
  };
}
