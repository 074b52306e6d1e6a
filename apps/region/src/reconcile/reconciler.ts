/**
 * A loop that makes what is match what is wanted. A run takes no input, it reads all it needs: so a lost wake-up costs one period, and a
 * run that failed is simply run again.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { NotifyHub } from "@rackwright/db/notify";
import type { Region } from "../context.ts";

export interface ReconcilerSpec<R> {
  name: string;
  /** A run without any wake-up, should one get lost. */
  everySeconds: number;
  /** Entities of the change record whose changes wake it. */
  on: readonly string[];
  /** Also when a rack has connected or gone. */
  onRacks?: boolean;
  /** Its runs are short, and somebody waits for them: no pause before one. */
  atOnce?: boolean;
  run(region: R, signal: AbortSignal): Promise<void>;
}

/** What the loop itself needs of the region. */
export type ReconciledRegion = Pick<Region, "log" | "racks">;

export interface Reconciler<R> {
  readonly name: string;
  /** Resolves when it listens; the first run begins at once. The hub stays the caller's. */
  start(region: R, hub: NotifyHub): Promise<void>;
  /** Run soon: something changed that the change record does not tell. */
  wake(): void;
  /** Resolves when the run under way has ended. */
  stop(): Promise<void>;
}

/** Payloads are the entities that changed; see packages/db/src/change.ts. */
const CHANNEL = "change";
/** Changes of one action come together. A run that takes long waits as long again, so that a busy hour leaves room for other work. */
const DEBOUNCE_MS = { least: 20, most: 1000 };
const BACK_OFF_MS = { first: 500, most: 60_000 };

export function reconciler<R extends ReconciledRegion>(spec: ReconcilerSpec<R>): Reconciler<R> {
  const stopping = new AbortController();
  let woken = Promise.withResolvers<void>();
  let running: Promise<void> | undefined;
  let unsubscribe = (): void => {};
  const wake = (): void => woken.resolve();
  const pause = (ms: number) => sleep(ms, undefined, { signal: stopping.signal }).catch(() => {});

  /** One run. @returns how long it took; undefined when it failed */
  async function attempt(region: R, failures: number): Promise<number | undefined> {
    woken = Promise.withResolvers();
    const started = performance.now();
    try {
      await spec.run(region, stopping.signal);
      if (failures > 0) region.log.info({ reconciler: spec.name }, "succeeded again");
      return performance.now() - started;
    } catch (error) {
      if (stopping.signal.aborted) return undefined;
      const seconds = backOffMs(failures + 1) / 1000;
      region.log.error({ err: error, reconciler: spec.name }, `failed; the next attempt is in ${seconds} s`);
      return undefined;
    }
  }

  async function loop(region: R): Promise<void> {
    let failures = 0;
    while (!stopping.signal.aborted) {
      const took = await attempt(region, failures);
      failures = took === undefined ? failures + 1 : 0;
      if (took === undefined) {
        await pause(backOffMs(failures));
        continue;
      }
      const idle = setTimeout(wake, spec.everySeconds * 1000);
      if (!stopping.signal.aborted) await woken.promise;
      clearTimeout(idle);
      if (!spec.atOnce) await pause(Math.min(Math.max(took, DEBOUNCE_MS.least), DEBOUNCE_MS.most));
    }
  }

  return {
    name: spec.name,
    wake,
    async start(region, hub) {
      if (running) throw new Error(`the reconciler ${spec.name} was started twice`);
      const heard = (entity: string) => {
        if (spec.on.includes(entity)) wake();
      };
      unsubscribe = await hub.listen(CHANNEL, heard, wake);
      if (spec.onRacks) region.racks.onChange(wake);
      running = loop(region);
    },
    async stop() {
      stopping.abort(new Error(`the reconciler ${spec.name} was stopped`));
      unsubscribe();
      wake();
      await running;
    },
  };
}

function backOffMs(failures: number): number {
  return Math.min(BACK_OFF_MS.first * 2 ** (failures - 1), BACK_OFF_MS.most);
}
