/** Work on something behind a power type's settings that is no power action, within a limit for the whole of it. */
import { type Attempt, bmcName, type PowerDriver, PowerError } from "./driver.ts";
import { type Outside, realOutside } from "./outside.ts";
import { type Given, settingsFor } from "./settings.ts";

export interface LimitedOrder {
  /** Power type, and kind of host or chassis. */
  type: string;
  /** Stored power parameters. */
  settings: Given;
  /** The whole of it. */
  limitMs: number;
  signal?: AbortSignal;
  outside?: Outside;
}

/** @throws PowerError */
export async function limited<T>(
  order: LimitedOrder,
  driver: PowerDriver,
  doing: string,
  act: (attempt: Attempt) => Promise<T>,
): Promise<T> {
  const limit = AbortSignal.timeout(order.limitMs);
  const signal = order.signal ? AbortSignal.any([order.signal, limit]) : limit;
  try {
    return await act({ settings: settingsFor(driver, order.settings), outside: order.outside ?? realOutside, signal });
  } catch (error) {
    order.signal?.throwIfAborted();
    if (!limit.aborted) throw error;
    const host = bmcName(driver, order.settings);
    throw new PowerError("timeout", `${doing}: ${host} did not finish within ${order.limitMs / 1000} s: look at it`, {
      cause: error,
    });
  }
}
