/** A run of scripts as it goes on: what they print, how each ends, how all of it ends. */
import { type ResultView, resultViews } from "@rackwright/db/script-result-views";
import { liveOutputAfter, outputSlice } from "@rackwright/db/script-live-output";
import { invalidField } from "@rackwright/domain/errors";
import { type FollowPlace, parsePlace, type Told } from "@rackwright/domain/scripts/follow";
import { aggregate, scriptStatus, unfinishedStatuses } from "@rackwright/domain/scripts/status";
import type { Ctx } from "../context.ts";
import { passes, type ResultFilter, resultSet } from "./script-result-list.ts";

/** Then it is begun again: whoever follows proves anew who it is. */
const STREAM_MS = 10 * 60_000;
const BEAT_MS = 15_000;
/** Of output that was uploaded already: read piece by piece. */
const SLICE_BYTES = 64 << 10;
/** What was last sent is compared with what was uploaded: a runner may have tidied it up. */
const COMPARED_BYTES = 256;

export type FollowItem = { place: FollowPlace } & (
  | { kind: "output"; view: ResultView; offset: number; data: Uint8Array }
  /** `rewritten`: its output as it is kept now is another than what was printed until then. */
  | { kind: "result"; view: ResultView; rewritten: boolean }
  | { kind: "end"; status: number }
  | { kind: "beat" }
);

/** @throws DomainError as resultSet, and for an `after` that is no place; at once, before the first item is asked for */
export async function followRun(
  ctx: Ctx,
  systemId: string,
  which: string,
  filter: ResultFilter,
  after: string | undefined,
): Promise<(signal: AbortSignal) => AsyncGenerator<FollowItem>> {
  const { id: setId } = await resultSet(ctx, systemId, which, filter, false);
  const place = after === undefined || after.trim() === "" ? undefined : parsePlace(after.trim());
  if (after?.trim() && !place)
    throw invalidField("after", `'${after.slice(0, 40)}' is no place in a run: give the id of an event of it.`);
  return (signal) => new Follower(ctx, setId, filter, place).items(signal);
}

class Follower {
  readonly #ctx: Ctx;
  readonly #setId: number;
  readonly #filter: ResultFilter;
  /** What was over before anybody looked is told by its status alone. */
  #isFirstLook: boolean;
  readonly #told: Map<number, Told>;
  readonly #sent = new Map<number, Buffer>();

  constructor(ctx: Ctx, setId: number, filter: ResultFilter, place: Map<number, Told> | undefined) {
    this.#ctx = ctx;
    this.#setId = setId;
    this.#filter = filter;
    this.#isFirstLook = place === undefined;
    this.#told = place ?? new Map<number, Told>();
  }

  async *items(signal: AbortSignal): AsyncGenerator<FollowItem> {
    // Before the first look: what comes in between is heard.
    const ear = await this.#ctx.region.outputs.listen(this.#setId);
    const until = performance.now() + STREAM_MS;
    try {
      while (!signal.aborted && performance.now() < until) {
        const views = await this.#views();
        let isSilent = true;
        for await (const item of this.#changes(views)) {
          isSilent = false;
          yield item;
        }
        if (isSilent) yield { kind: "beat", place: this.#told };
        this.#isFirstLook = false;
        if (!views.some((v) => unfinishedStatuses.includes(v.status))) {
          const status = aggregate(views.filter((v) => !v.suppressed).map((v) => v.status));
          return yield { kind: "end", status, place: this.#told };
        }
        await ear.news(BEAT_MS, signal);
      }
    } finally {
      ear.close();
    }
  }

  async #views(): Promise<ResultView[]> {
    const views = await resultViews(this.#ctx.region.db.kysely, [this.#setId]);
    return views.filter((v) => passes(v, this.#filter));
  }

  async *#changes(views: readonly ResultView[]): AsyncGenerator<FollowItem> {
    const byId = new Map(views.map((v) => [v.id, v]));
    for (const view of views) {
      const before = this.#told.get(view.id)?.status ?? scriptStatus.pending;
      const isOver = !unfinishedStatuses.includes(view.status);
      // Its scripts are to run again: what they print begins anew.
      if (!isOver && !unfinishedStatuses.includes(before)) this.#told.delete(view.id);
      if (!isOver && view.status !== before) yield this.#tell(view, false);
    }
    const open = views.filter((v) => unfinishedStatuses.includes(v.status));
    const places = open.map((v) => ({ resultId: v.id, offset: this.#told.get(v.id)?.offset ?? 0 }));
    for (const { resultId, startAt, data } of await liveOutputAfter(this.#ctx.region.db.kysely, places)) {
      const view = byId.get(resultId);
      if (view) yield this.#send(view, startAt, data);
    }
    for (const view of views) {
      const before = this.#told.get(view.id)?.status ?? scriptStatus.pending;
      if (unfinishedStatuses.includes(view.status) || view.status === before) continue;
      const hasRest = !this.#isFirstLook && unfinishedStatuses.includes(before);
      yield this.#tell(view, hasRest && !(yield* this.#rest(view)));
    }
  }

  #tell(view: ResultView, rewritten: boolean): FollowItem {
    this.#told.set(view.id, { offset: this.#told.get(view.id)?.offset ?? 0, status: view.status });
    return { kind: "result", view, rewritten, place: this.#told };
  }

  /** What of these bytes was not sent yet. */
  #send(view: ResultView, startAt: number, data: Buffer): FollowItem {
    const before = this.#told.get(view.id)?.offset ?? 0;
    const offset = Math.max(startAt, before);
    const fresh = data.subarray(offset - startAt);
    const status = this.#told.get(view.id)?.status ?? view.status;
    this.#told.set(view.id, { offset: offset + fresh.length, status });
    const known = offset === before ? (this.#sent.get(view.id) ?? Buffer.alloc(0)) : Buffer.alloc(0);
    this.#sent.set(view.id, Buffer.concat([known, fresh]).subarray(-COMPARED_BYTES));
    return { kind: "output", view, offset, data: fresh, place: this.#told };
  }

  /** Of a result that is over: what was uploaded and not seen while it ran. @returns whether that goes on where it was */
  async *#rest(view: ResultView): AsyncGenerator<FollowItem, boolean> {
    const db = this.#ctx.region.db.kysely;
    const begun = this.#told.get(view.id)?.offset ?? 0;
    const sent = this.#sent.get(view.id) ?? Buffer.alloc(0);
    const overlap = await outputSlice(db, view.id, begun - sent.length, sent.length);
    if (!overlap || begun > overlap.total || !overlap.data.equals(sent)) return false;
    for (let offset = begun; offset < overlap.total; offset += SLICE_BYTES) {
      const slice = await outputSlice(db, view.id, offset, SLICE_BYTES);
      if (!slice) return false;
      yield this.#send(view, offset, slice.data);
    }
    return true;
  }
}
