/**
 * The change record, followed once per process for all who listen. The newest changes are kept in memory; whoever stands further back reads
 * the database. Both give the same order, so a reader may go from one to the other.
 */
import {
  beforeAllChanges,
  type Change,
  type ChangePosition,
  followChanges,
  latestPosition,
  readChanges,
} from "@rackwright/db/change";
import type { Database } from "@rackwright/db/connect";
import type { NotifyHub } from "@rackwright/db/notify";
import { comparePlaces } from "@rackwright/domain/changes/visible";
import { DomainError } from "@rackwright/domain/errors";

export interface ChangeFeed {
  /** Behind everything that may be read now. */
  end(): Promise<ChangePosition>;
  /** The changes after a place, the oldest first. */
  after(place: ChangePosition, limit: number): Promise<Change[]>;
  /** Resolves when there is something after `place`, when `ms` have passed, or when `signal` says so. */
  wait(place: ChangePosition, ms: number, signal: AbortSignal): Promise<void>;
  /** Count a stream in, until `signal`. @returns aborted when the stream is to end. @throws DomainError conflict when there are too many */
  enter(signal: AbortSignal): AbortSignal;
  /** End all streams: their server closes. */
  endStreams(): void;
  close(): Promise<void>;
}

export interface ChangeFeedOptions {
  db: Database;
  hub: NotifyHub;
  onError: (error: unknown) => void;
  /** Changes kept in memory. */
  keep?: number;
  /** Streams at once. */
  most?: number;
}

export function changeFeed(options: ChangeFeedOptions): ChangeFeed {
  const { db, hub, keep = 5000, most = 500 } = options;
  const ending = new AbortController();
  /** Contiguous: everything between `floor` and `place`. */
  let recent: Change[] = [];
  let floor: ChangePosition = beforeAllChanges;
  let place: ChangePosition = beforeAllChanges;
  let news = Promise.withResolvers<void>();
  let following: Promise<() => Promise<void>> | undefined;
  let streams = 0;

  /** On the first wait: a region that nobody listens to follows nothing. */
  async function follow(): Promise<() => Promise<void>> {
    floor = place = await latestPosition(db);
    return followChanges({
      db,
      hub,
      after: place,
      onError: options.onError,
      onChanges: async (changes) => {
        recent.push(...changes);
        place = changes.at(-1) ?? place;
        const excess = recent.length - keep;
        if (excess > 0) {
          floor = recent[excess - 1] ?? floor;
          recent = recent.slice(excess);
        }
        const heard = news;
        news = Promise.withResolvers();
        heard.resolve();
      },
    });
  }

  function start(): Promise<unknown> {
    following ??= follow();
    // The next who waits tries again.
    following.catch(() => (following = undefined));
    return following;
  }

  return {
    end: () => latestPosition(db),
    async after(from, limit) {
      if (following === undefined || comparePlaces(from, floor) < 0)
        return readChanges(db, { afterTxid: from.txid, afterId: from.id, limit });
      const first = firstAfter(recent, from);
      return recent.slice(first, first + limit);
    },
    async wait(from, ms, signal) {
      await start();
      if (signal.aborted || comparePlaces(place, from) > 0) return;
      const done = Promise.withResolvers<void>();
      const timer = setTimeout(done.resolve, ms);
      const onAbort = () => done.resolve();
      signal.addEventListener("abort", onAbort, { once: true });
      await Promise.race([news.promise, done.promise]);
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
    },
    enter(signal) {
      if (streams >= most)
        throw new DomainError(
          "conflict",
          `${most} streams of changes are open on this region: close some, or read them by pages.`,
        );
      streams += 1;
      signal.addEventListener("abort", () => (streams -= 1), { once: true });
      return AbortSignal.any([signal, ending.signal]);
    },
    endStreams: () => ending.abort(),
    async close() {
      ending.abort();
      const stop = await following?.catch(() => undefined);
      await stop?.();
    },
  };
}

/** Index of the first change behind a place, by halves: many ask at once. */
function firstAfter(changes: readonly Change[], place: ChangePosition): number {
  let [low, high] = [0, changes.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const change = changes[middle];
    if (change && comparePlaces(change, place) > 0) high = middle;
    else low = middle + 1;
  }
  return low;
}
