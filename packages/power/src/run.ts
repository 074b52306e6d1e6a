/** Retries, time limits and waiting until the hardware shows what was asked for: once, for all drivers. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Attempt, BootDevice, PowerDriver, PowerState } from "./driver.ts";
import { bmcName, PowerError } from "./driver.ts";
import type { Outside } from "./outside.ts";
import { realOutside } from "./outside.ts";
import type { Given } from "./settings.ts";
import { settingsFor } from "./settings.ts";

/** What a power action has done so far, in the order of a cycle. */
export type PowerStep = "found_on" | "off_sent" | "observed_off" | "boot_device_set" | "on_sent" | "observed_on";

export interface Timing {
  /** Attempts while the BMC is unreachable; other errors are final at once. */
  attempts: number;
  /** Pause after the first attempt; doubles each time. */
  pauseMs: number;
  /** One call to the BMC. */
  attemptMs: number;
  /** From an accepted switch to its observation. A soft power off may close a whole operating system in that time. */
  settleMs: number;
  pollMs: number;
}

export const usualTiming: Timing = { attempts: 3, pauseMs: 1000, attemptMs: 30_000, settleMs: 120_000, pollMs: 2000 };

export interface PowerOrder {
  driver: PowerDriver;
  /** Stored power parameters. */
  settings: Given;
  outside?: Outside;
  /** The caller gives up: everything stops and the call rejects with the signal's reason. */
  signal?: AbortSignal;
  timing?: Partial<Timing>;
  /** Told of each step after it happened and awaited before the next, so that what is stored is never ahead of the truth. */
  steps?: (step: PowerStep) => void | Promise<void>;
  /** Start from this next time, where the driver can say so. A BMC that refuses is not in the way of switching on. */
  bootDevice?: BootDevice;
}

/** The state as the BMC tells it; `unknown` for power types that cannot be asked. @throws PowerError */
export const powerQuery = (order: PowerOrder): Promise<PowerState> =>
  retried(order, "query", (attempt) => order.driver.query(attempt));

/** Switch on and wait until it is. Switching on what is on is no error. @throws PowerError */
export async function powerOn(order: PowerOrder): Promise<void> {
  await chooseBootDevice(order);
  await retried(order, "on", (attempt) => order.driver.on(attempt));
  await order.steps?.("on_sent");
  await settle(order, "on");
}

/** Switch off and wait until it is. @throws PowerError */
export async function powerOff(order: PowerOrder): Promise<void> {
  await retried(order, "off", (attempt) => order.driver.off(attempt));
  await order.steps?.("off_sent");
  await settle(order, "off");
}

/**
 * Off, observed off, on, observed on. A cycle that was cut short goes on with the same steps in `done`: what the BMC shows
 * decides, so nothing is switched off twice. A machine that is off is only switched on.
 * @throws PowerError
 */
export async function powerCycle(order: PowerOrder, done: readonly PowerStep[] = []): Promise<void> {
  const { driver } = order;
  if (!driver.queryable) return blindCycle(order, done);
  const wasOff = done.includes("observed_off") || done.includes("on_sent");
  const now = await powerQuery(order);
  if (now === "on" && wasOff) {
    // It can only be on again because our switch reached it before we could note that.
    if (!done.includes("on_sent")) await order.steps?.("on_sent");
    await order.steps?.("observed_on");
    return;
  }
  // Told each time: who is told may know that the machine runs what it is wanted for, or is wanted for something else, and stop this.
  await order.steps?.(now === "off" ? "observed_off" : "found_on");
  if (now !== "off") await powerOff(order);
  await powerOn(order);
}

async function blindCycle(order: PowerOrder, done: readonly PowerStep[]): Promise<void> {
  const { driver, steps } = order;
  if (driver.cycle) {
    const { cycle } = driver;
    if (!done.includes("off_sent")) await retried(order, "cycle", (attempt) => cycle(attempt));
    await steps?.("off_sent");
    await steps?.("on_sent");
    return;
  }
  if (!done.includes("off_sent")) await powerOff(order);
  if (!done.includes("on_sent")) await powerOn(order);
}

async function chooseBootDevice(order: PowerOrder): Promise<void> {
  const { driver, bootDevice } = order;
  const { setBootDevice } = driver;
  if (bootDevice === undefined || setBootDevice === undefined) return;
  try {
    await retried(order, `boot from ${bootDevice}`, (attempt) => setBootDevice(attempt, bootDevice));
  } catch (error) {
    if (error instanceof PowerError && (error.kind === "refused" || error.kind === "unsupported")) return;
    throw error;
  }
  await order.steps?.("boot_device_set");
}

/** Wait until the BMC shows `want`. Some BMCs drop off the network while the machine switches: silence is waited out too. */
async function settle(order: PowerOrder, want: "on" | "off"): Promise<void> {
  if (!order.driver.queryable) return;
  const { settleMs, pollMs } = timingOf(order);
  const deadline = performance.now() + settleMs;
  for (;;) {
    const state = await powerQuery(order).catch((error: unknown) => {
      const isSilence = error instanceof PowerError && (error.kind === "unreachable" || error.kind === "timeout");
      if (!isSilence || performance.now() > deadline) throw error;
      return "unknown" as const;
    });
    if (state === want) {
      await order.steps?.(want === "on" ? "observed_on" : "observed_off");
      return;
    }
    if (performance.now() + pollMs > deadline) throw notSettled(order, want, state, settleMs);
    await pause(pollMs, order.signal);
  }
}

function notSettled(order: PowerOrder, want: string, state: PowerState, settleMs: number): PowerError {
  const soft = want === "off" && order.settings["power_off_mode"] === "soft";
  const advice = soft
    ? "set power_off_mode to hard if the operating system does not react"
    : "check the machine itself";
  const bmc = bmcName(order.driver, order.settings);
  return new PowerError(
    "timeout",
    `${bmc} took the order to switch ${want}, and ${settleMs / 1000} s later the machine is ${state}: ${advice}`,
  );
}

/** One action with its time limit, again while the BMC is unreachable. */
async function retried<T>(order: PowerOrder, doing: string, act: (attempt: Attempt) => Promise<T>): Promise<T> {
  const { attempts, pauseMs, attemptMs } = timingOf(order);
  const settings = settingsFor(order.driver, order.settings);
  for (let attempt = 1; ; attempt++) {
    order.signal?.throwIfAborted();
    const limit = AbortSignal.timeout(attemptMs);
    const signal = order.signal ? AbortSignal.any([order.signal, limit]) : limit;
    try {
      return await act({ settings, outside: order.outside ?? realOutside, signal });
    } catch (error) {
      order.signal?.throwIfAborted();
      if (limit.aborted) throw outOfTime(order, doing, attemptMs, error);
      if (!(error instanceof PowerError) || error.kind !== "unreachable" || attempt >= attempts) throw error;
    }
    await pause(pauseMs * 2 ** (attempt - 1), order.signal);
  }
}

function outOfTime(order: PowerOrder, doing: string, attemptMs: number, cause: unknown): PowerError {
  const bmc = bmcName(order.driver, order.settings);
  return new PowerError(
    "timeout",
    `power ${doing}: ${bmc} did not finish within ${attemptMs / 1000} s: reset it if it stays so`,
    { cause },
  );
}

/** Wait, or reject with the signal's reason. */
async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await sleep(ms, undefined, signal ? { signal } : {}).catch(() => signal?.throwIfAborted());
}

const timingOf = (order: PowerOrder): Timing => ({ ...usualTiming, ...order.timing });
