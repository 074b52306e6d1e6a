/** Ends what was started, last first. What fails or hangs at its end does not keep the others from theirs. */
import type { Logger } from "pino";

export interface Teardown {
  /** @param limitMs after which it is left alone */
  add(what: string, end: () => Promise<void> | void, limitMs?: number): void;
  /** Never throws; what went wrong is logged. */
  run(): Promise<void>;
}

export function teardown(log: Pick<Logger, "warn">): Teardown {
  const steps: { what: string; end: () => Promise<void> | void; limitMs: number }[] = [];
  return {
    add: (what, end, limitMs = 15_000) => void steps.push({ what, end, limitMs }),
    async run() {
      for (const { what, end, limitMs } of steps.splice(0).reverse()) {
        const late = Promise.withResolvers<never>();
        const timer = setTimeout(() => late.reject(new Error(`not done after ${limitMs} ms`)), limitMs);
        try {
          await Promise.race([end(), late.promise]);
        } catch (error) {
          log.warn(`${what} did not stop in order: ${error instanceof Error ? error.message : String(error)}`);
        } finally {
          clearTimeout(timer);
        }
      }
    },
  };
}
