/** Waiting for a rack that is just being restarted: who connects is told of, nobody is asked again and again. */
import type { Racks } from "../racks/racks.ts";

/** @returns what `find` found, as soon as it does; undefined when `ms` have passed or the signal is aborted */
export type RackWait = (
  find: () => number | undefined,
  options: { ms: number; signal: AbortSignal },
) => Promise<number | undefined>;

/** One for each user, for as long as the racks live. */
export function rackWait(racks: Pick<Racks, "onChange">): RackWait {
  let changed = Promise.withResolvers<void>();
  racks.onChange(() => {
    changed.resolve();
    changed = Promise.withResolvers();
  });
  return async (find, { ms, signal }) => {
    const over = AbortSignal.any([signal, AbortSignal.timeout(ms)]);
    const end = new Promise<void>((resolve) => over.addEventListener("abort", () => resolve(), { once: true }));
    for (;;) {
      const next = changed.promise; // before the look: what changes in between is not missed
      const found = find();
      if (found !== undefined || over.aborted) return found;
      await Promise.race([next, end]);
    }
  };
}
