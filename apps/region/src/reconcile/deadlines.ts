/** Every waiting status has a deadline; this is what keeps them. Wakes at the next one, and when a machine changed. */
import { setTimeout as sleep } from "node:timers/promises";
import { lastEvidence } from "@rackwright/db/history";
import { lockMachineById, readMachineById, nextDeadline, overdueMachineIds } from "@rackwright/db/machines";
import { isDatabaseAway } from "@rackwright/db/connect";
import type { NotifyHub } from "@rackwright/db/notify";
import { type OverdueResult, overdueResults, timeOutResults } from "@rackwright/db/script-results";
import { dropOldNonces } from "@rackwright/db/users";
import type { Finding } from "@rackwright/domain/diagnosis/case";
import { expire, overrun } from "@rackwright/domain/machine/lifecycle/failure";
import { commit } from "../app/commit.ts";
import { diagnoseLoaded, withFinding } from "../app/diagnosis.ts";
import { inTransaction, type Region, systemCtx } from "../context.ts";

/** A look without any wake-up, should one get lost; scripts that overrun are found by it too. */
const PERIOD_MS = 60_000;
/**
 * After a time in which nobody here could have seen a sign of life, whoever tried to give one gets so long to try again. Runner, installer,
 * cloud-init and firmware ask again within 35 s.
 */
const GRACE_MS = 60_000;
const NONCE_AGE_MS = 20 * 60_000;
const BATCH = 100;
/** Between two looks, and as a multiple of what the last one took: then they take at most a twentieth of the time. */
const REST_MS = { least: 250, most: 5_000 };
const REST_FACTOR = 20;

/** One sweep over everything that is overdue. */
export async function sweepDeadlines(region: Region): Promise<void> {
  const failures: unknown[] = [];
  // One machine that cannot be helped holds up no other.
  const attempt = (work: Promise<void>) => work.catch((error: unknown) => void failures.push(error));
  for (const id of await overdueMachineIds(region.db.kysely, region.now(), BATCH))
    await attempt(expireMachine(region, id));
  for (const result of await overdueResults(region.db.kysely, region.now())) await attempt(failOverrun(region, result));
  if (failures.length > 0)
    throw new AggregateError(failures, `${failures.length} overdue machines could not be failed`);
}

/** Only those that are being commissioned. @returns their ids */
export async function expireCommissioning(region: Region): Promise<number[]> {
  const ids: number[] = [];
  for (const id of await overdueMachineIds(region.db.kysely, region.now(), BATCH)) {
    const loaded = await readMachineById(region.db.kysely, id);
    if (loaded?.machine.status !== "commissioning") continue;
    await expireMachine(region, id);
    ids.push(id);
  }
  return ids;
}

async function expireMachine(region: Region, id: number): Promise<void> {
  const ctx = systemCtx(region);
  const finding = await findingOf(region, id);
  await inTransaction(ctx, async (tx) => {
    const loaded = await lockMachineById(tx, id);
    if (!loaded) return;
    const seen = await lastEvidence(tx, id, loaded.machine.bootEpoch);
    const text = seen ? `${seen.text} (${seen.at.toISOString()})` : null;
    const decision = expire(loaded.machine, text, region.now());
    await commit(ctx, tx, loaded, await withFinding(tx, loaded, decision, finding));
  });
}

/** Why it got no further, as far as the evidence tells. It fails in time also where the diagnosis itself does not succeed. */
async function findingOf(region: Region, id: number): Promise<Finding | undefined> {
  try {
    const loaded = await readMachineById(region.db.kysely, id);
    return loaded && (await diagnoseLoaded(region, region.db.kysely, loaded)).findings[0];
  } catch (error) {
    region.log.error({ err: error, nodeId: id }, "an overdue machine could not be diagnosed");
    return undefined;
  }
}

/** That script's result is timed out; whatever else has not ended is aborted with the machine's work. */
async function failOverrun(region: Region, late: OverdueResult): Promise<void> {
  const ctx = systemCtx(region);
  const finding = await findingOf(region, late.nodeId);
  await inTransaction(ctx, async (tx) => {
    const loaded = await lockMachineById(tx, late.nodeId);
    if (!loaded) return;
    await timeOutResults(tx, [late.id], region.now());
    const reason = `The script ${late.name} ran longer than its ${late.timeoutSeconds} s and 5 minutes more.`;
    const decision = overrun(loaded.machine, reason, region.now());
    await commit(ctx, tx, loaded, await withFinding(tx, loaded, decision, finding));
  });
}

/** @returns a function that ends it */
export async function startDeadlines(
  region: Region,
  hub: NotifyHub,
  graceMs: number = GRACE_MS,
): Promise<() => Promise<void>> {
  const stopping = new AbortController();
  /** Nothing is overdue before. */
  let graceUntil = performance.now() + graceMs;
  let wake = Promise.withResolvers<void>();
  const awaken = () => wake.resolve();
  const unsubscribe = await hub.listen("change", (entity) => entity === "machine" && awaken(), awaken);

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      wake = Promise.withResolvers<void>();
      let pauseMs = PERIOD_MS;
      const began = performance.now();
      try {
        if (performance.now() >= graceUntil) await sweepDeadlines(region);
        await dropOldNonces(region.db.kysely, new Date(region.now().getTime() - NONCE_AGE_MS));
        const next = await nextDeadline(region.db.kysely);
        const earliestMs = Math.max(100, graceUntil - performance.now());
        if (next) pauseMs = Math.min(PERIOD_MS, Math.max(earliestMs, next.getTime() - region.now().getTime()));
      } catch (error) {
        if (isDatabaseAway(error)) graceUntil = performance.now() + graceMs;
        region.log.error({ err: error }, "looking after deadlines failed: trying again");
        pauseMs = 5_000;
      }
      const restMs = (performance.now() - began) * REST_FACTOR;
      const timer = setTimeout(awaken, pauseMs);
      if (!stopping.signal.aborted) await wake.promise;
      clearTimeout(timer);
      // Each signal of each machine wakes us; deadlines are minutes away.
      await sleep(Math.min(REST_MS.most, Math.max(REST_MS.least, restMs)), undefined, {
        signal: stopping.signal,
      }).catch(() => undefined);
    }
  }

  const running = run();
  return async () => {
    stopping.abort();
    unsubscribe();
    awaken();
    await running;
  };
}
