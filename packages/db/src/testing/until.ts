import { setTimeout as sleep } from "node:timers/promises";

/**
 * Wait until `condition` gives something other than false, null or undefined, and return that. A condition that throws
 * is not fulfilled yet; its last error is the cause of the timeout's.
 */
export async function until<T>(
  condition: () => T | Promise<T>,
  options: { timeoutMs?: number; what?: string; everyMs?: number } = {},
): Promise<Exclude<T, false | null | undefined>> {
  const { timeoutMs = 10_000, what = "the condition", everyMs = 20 } = options;
  const deadline = performance.now() + timeoutMs;
  let cause: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value !== false && value !== null && value !== undefined)
        return value as Exclude<T, false | null | undefined>;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (performance.now() > deadline) {
      throw new Error(`waited ${timeoutMs} ms for ${what}, in vain`, cause === undefined ? {} : { cause });
    }
    await sleep(everyMs);
  }
}
