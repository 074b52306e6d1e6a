/** Ask BMCs now and then whether their machines are on (reference: lifecycle.md section 14, "Power poll"). */
import { insertEvents } from "@rackwright/db/history";
import { readMachineById } from "@rackwright/db/machines";
import { machinesToPoll, markPolled } from "@rackwright/db/power-actions";
import { DomainError } from "@rackwright/domain/errors";
import { event } from "@rackwright/domain/machine/event";
import { powerDrivers } from "@rackwright/power/registry";
import { powerTypeNames } from "@rackwright/power/type-names";
import { askBmc, observePower } from "../app/machine-facts.ts";
import { getConfig } from "../app/config.ts";
import type { Region } from "../context.ts";

const EVERY_MS = 15_000;
/** Each machine at most this often, unless its status changed. */
const AGE_MS = 5 * 60_000;
/** One that is waited for is asked several times before its deadline: this, for each minute of node_timeout. */
const WAITING_AGE_MS = 5_000;
/** After the end of commissioning or a test a machine takes its time to switch itself off. */
const SETTLE_MS = 20_000;
/** BMCs asked at once. */
const CONCURRENCY = 5;
const BATCH = 100;

/** Emulated machines can be asked whatever they are. */
const emulated = powerTypeNames.filter((name) => name !== "manual");
const queryable = [...powerDrivers.values()].filter((driver) => driver.queryable).map((driver) => driver.name);

/** One round. @returns how many machines were asked */
export async function pollPower(region: Region): Promise<number> {
  if (region.racks.connected().length === 0) return 0;
  const now = region.now().getTime();
  const { node_timeout } = await getConfig(region.db.kysely, "node_timeout");
  const ids = await machinesToPoll(region.db.kysely, {
    checkedBefore: new Date(now - AGE_MS),
    waitingCheckedBefore: new Date(now - Math.min(AGE_MS, node_timeout * WAITING_AGE_MS)),
    changedBefore: new Date(now - SETTLE_MS),
    powerTypes: region.simulated ? emulated : queryable,
    limit: BATCH,
  });
  const waiting = [...ids];
  const worker = async () => {
    for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) await pollMachine(region, id);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
  return ids.length;
}

async function pollMachine(region: Region, id: number): Promise<void> {
  const loaded = await readMachineById(region.db.kysely, id);
  if (!loaded) return;
  try {
    const state = await askBmc(region, loaded.row);
    if (state !== "unknown") return await observePower(region, id, state);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    // Said once, not every five minutes: the state shows that it goes on.
    if (loaded.machine.powerState !== "error")
      await insertEvents(region.db.kysely, { nodeId: id, hostname: loaded.machine.hostname, username: null }, [
        event("NODE_POWER_QUERY_FAILED", error.message),
      ]);
  }
  await markPolled(region.db.kysely, id, region.now());
}

/** @returns a function that ends it */
export function startPowerPoll(region: Region): () => Promise<void> {
  const stopped = new AbortController();
  const run = async () => {
    while (!stopped.signal.aborted) {
      await pause(EVERY_MS, stopped.signal);
      if (stopped.signal.aborted) return;
      await pollPower(region).catch((error: unknown) =>
        region.log.error({ err: error }, "asking BMCs for the power state failed: trying again"),
      );
    }
  };
  const running = run();
  return async () => {
    stopped.abort();
    await running;
  };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  signal.addEventListener(
    "abort",
    () => {
      clearTimeout(timer);
      resolve();
    },
    { once: true },
  );
  return promise;
}
