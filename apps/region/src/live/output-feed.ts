/** Wakes those who follow a run of scripts: one subscription for all of this process, and nothing is asked of the database for it. */
import { OUTPUT_CHANNEL } from "@rackwright/db/script-live-output";
import type { NotifyHub } from "@rackwright/db/notify";

export interface Ear {
  /** Resolves when something was heard since the last time, when `ms` have passed, or when `signal` says so. */
  news(ms: number, signal: AbortSignal): Promise<void>;
  close(): void;
}

export interface OutputFeed {
  /** Hear of this run from now on. */
  listen(setId: number): Promise<Ear>;
  close(): void;
}

export function outputFeed(hub: NotifyHub): OutputFeed {
  const ears = new Map<string, Set<() => void>>();
  let listening: Promise<() => void> | undefined;

  /** On the first ear: a region that nobody listens to hears nothing. */
  function start(): Promise<() => void> {
    const wakeAll = () => {
      // What was told while the connection was broken is lost.
      for (const set of ears.values()) for (const wake of set) wake();
    };
    listening ??= hub.listen(OUTPUT_CHANNEL, (setId) => ears.get(setId)?.forEach((wake) => wake()), wakeAll);
    listening.catch(() => (listening = undefined));
    return listening;
  }

  return {
    async listen(setId) {
      await start();
      const key = String(setId);
      let heard = Promise.withResolvers<void>();
      const wake = () => heard.resolve();
      const set = ears.get(key) ?? new Set();
      ears.set(key, set.add(wake));
      return {
        async news(ms, signal) {
          const done = Promise.withResolvers<unknown>();
          const timer = setTimeout(done.resolve, ms);
          signal.addEventListener("abort", done.resolve, { once: true });
          if (!signal.aborted) await Promise.race([heard.promise, done.promise]);
          clearTimeout(timer);
          signal.removeEventListener("abort", done.resolve);
          heard = Promise.withResolvers();
        },
        close() {
          set.delete(wake);
          if (set.size === 0 && ears.get(key) === set) ears.delete(key);
        },
      };
    },
    close: () => void listening?.then((stop) => stop()).catch(() => undefined),
  };
}
