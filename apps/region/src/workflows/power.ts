/**
 * Switching power, outside of the transaction that asked for it. Steps: find who can reach the BMC; switch, going on from the steps that
 * were already taken; record what was observed. Each can run twice: the job is keyed by machine and epoch, and one of a past epoch does
 * nothing.
 */
import { insertEvidence } from "@rackwright/db/history";
import { type LoadedMachine, lockMachineById, readMachineById } from "@rackwright/db/machines";
import { addPowerStep, finishPowerAction, powerActionSteps } from "@rackwright/db/power-actions";
import type { PowerStep } from "@rackwright/contract/rack-protocol";
import { DomainError } from "@rackwright/domain/errors";
import { powerFailed } from "@rackwright/domain/machine/lifecycle/failure";
import { cycleIsOver, mayHaveBeenCut } from "@rackwright/domain/machine/lifecycle/power";
import { powerDrivers } from "@rackwright/power/registry";
import { commit } from "../app/commit.ts";
import { withDiagnosis } from "../app/diagnosis.ts";
import { flatParameters, observePower, racksFor } from "../app/machine-facts.ts";
import { readPowerParameters } from "../app/power-settings.ts";
import { POWER_QUEUE, type PowerJob } from "../app/queues.ts";
import { inTransaction, type Region, systemCtx } from "../context.ts";
import { Turns } from "../turns.ts";
import { type RackWait, rackWait } from "./rack-wait.ts";

/** Off, settle, on, settle: the driver's own limits are inside this. */
const CALL_TIMEOUT_MS = 5 * 60_000;
/** A rack that is just being restarted is waited for. */
const RACK_WAIT_MS = 30_000;

/**
 * So long, and at least for some tries, an order whose rack went away is tried again. Runs that ended with their process are tries too,
 * so tries alone say nothing of the rack.
 */
const PATIENCE_MS = 5 * 60_000;
const FEWEST_TRIES = 4;
/** More than patience lasts: whether it was long enough is decided here, with a reason for the machine. */
const QUEUE = { concurrency: 20, retryLimit: 100, longestPauseSeconds: 15, expireSeconds: 900 };

export async function startPowerWorkflow(
  region: Region,
  options: { rackWaitMs?: number; patienceMs?: number } = {},
): Promise<void> {
  // An order to switch off that is still under way must not overtake the start after it.
  const turns = new Turns<number>();
  const rackWaitMs = options.rackWaitMs ?? RACK_WAIT_MS;
  const patienceMs = options.patienceMs ?? PATIENCE_MS;
  const waitForRack = rackWait(region.racks);
  await region.jobs.handle<PowerJob>(POWER_QUEUE, QUEUE, (job) =>
    turns.take(job.data.nodeId, () => switchPower(region, job.data, { ...job, rackWaitMs, patienceMs, waitForRack })),
  );
}

interface Run {
  signal: AbortSignal;
  attempt: number;
  ageMs: number;
  rackWaitMs: number;
  patienceMs: number;
  waitForRack: RackWait;
}

/**
 * A rack tells of each step before it takes the next one. What is recorded was allowed: a machine that is recorded as found on may be cut
 * off from then on.
 * @throws DomainError conflict when the machine is wanted for something else by now, or runs already what it is wanted for: the rack leaves
 * its power alone then, and nobody takes the cycle up again
 */
export async function recordPowerStep(
  region: Region,
  nodeId: number,
  bootEpoch: number,
  step: PowerStep,
): Promise<void> {
  const refused = await inTransaction(systemCtx(region), async (tx) => {
    const loaded = await lockMachineById(tx, nodeId);
    if (!loaded) return undefined;
    const { machine } = loaded;
    if (machine.bootEpoch !== bootEpoch) return `${machine.hostname} is wanted for something else by now.`;
    const cycle = { nodeId, bootEpoch, action: "cycle" } as const;
    if (step === "found_on" && cycleIsOver(machine, (await powerActionSteps(tx, cycle))?.steps ?? [])) {
      await finishPowerAction(tx, cycle, region.now());
      return `${machine.hostname} started by itself and runs what it is wanted for.`;
    }
    await addPowerStep(tx, nodeId, bootEpoch, step);
    return undefined;
  });
  if (refused !== undefined) throw new DomainError("conflict", refused);
}

const keyOf = (job: PowerJob) => ({ nodeId: job.nodeId, bootEpoch: job.epoch, action: job.action });

/** The machine and the steps that were taken; undefined when nothing is to be done any more. */
async function stillWanted(
  region: Region,
  job: PowerJob,
): Promise<{ loaded: LoadedMachine; steps: PowerStep[] } | undefined> {
  const loaded = await readMachineById(region.db.kysely, job.nodeId);
  // Deleted, or started for another purpose since: that start has its own job.
  if (!loaded || loaded.machine.bootEpoch !== job.epoch) return undefined;
  const progress = await powerActionSteps(region.db.kysely, keyOf(job));
  if (progress?.finished) return undefined;
  const steps = (progress?.steps ?? []) as PowerStep[];
  const { machine } = loaded;
  if (job.action !== "cycle" || mayHaveBeenCut(machine, steps) || !cycleIsOver(machine, steps))
    return { loaded, steps };
  await finishPowerAction(region.db.kysely, keyOf(job), region.now());
  return undefined;
}

async function switchPower(region: Region, job: PowerJob, run: Run): Promise<void> {
  const { signal } = run;
  const waiting = await stillWanted(region, job);
  if (!waiting) return;
  try {
    const rack = await rackFor(region, waiting.loaded.row, run);
    // A rack may have been waited for: long enough for a machine that was started to do its work, and to be wanted for something else.
    const wanted = await stillWanted(region, job);
    if (!wanted) return;
    const { row } = wanted.loaded;
    await region.racks.call(
      rack,
      "power",
      {
        systemId: row.system_id,
        bootEpoch: job.epoch,
        action: job.action,
        powerType: row.power_type,
        parameters: { ...flatParameters(readPowerParameters(region, row)), ...stopMode(row, job) },
        bootDevice: job.bootDevice,
        done: wanted.steps,
      },
      { timeoutMs: CALL_TIMEOUT_MS, signal },
    );
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    // Refused by ourselves, most likely: see recordPowerStep.
    if (!(await stillWanted(region, job))) return;
    if (!isFinal(error, run)) throw error;
    await giveUp(region, job, error.message);
    return;
  }
  // With what follows from it in one transaction: who finds the action finished asks nobody again.
  await observePower(region, job.nodeId, job.action === "off" ? "off" : "on", async (tx) => {
    await finishPowerAction(tx, keyOf(job), region.now());
    await insertEvidence(tx, [
      { nodeId: job.nodeId, mac: null, bootEpoch: job.epoch, source: "bmc", text: `power ${job.action} done` },
    ]);
  });
}

/** How to switch off, for drivers that know two ways. */
function stopMode({ power_type }: { power_type: string }, job: PowerJob): Record<string, string> {
  const known = powerDrivers.get(power_type)?.settings.power_off_mode !== undefined;
  return job.stopMode !== undefined && known ? { power_off_mode: job.stopMode } : {};
}

/** What the BMC itself refused. That the link to the rack broke is not: another try finds it back. */
export function isFinal(error: DomainError, run: Pick<Run, "attempt" | "ageMs" | "patienceMs">): boolean {
  return error.code === "power_failed" || (run.attempt >= FEWEST_TRIES && run.ageMs >= run.patienceMs);
}

async function rackFor(
  region: Region,
  row: Parameters<typeof racksFor>[1] & { hostname: string },
  { signal, rackWaitMs, waitForRack }: Run,
): Promise<number> {
  const rack = await waitForRack(() => racksFor(region, row)[0], { ms: rackWaitMs, signal });
  if (rack === undefined)
    throw new DomainError("rack_unavailable", `No rack controller is connected to switch ${row.hostname}'s power.`);
  return rack;
}

async function giveUp(region: Region, job: PowerJob, reason: string): Promise<void> {
  const ctx = systemCtx(region);
  await inTransaction(ctx, async (tx) => {
    const loaded = await lockMachineById(tx, job.nodeId);
    if (!loaded || loaded.machine.bootEpoch !== job.epoch) return;
    await insertEvidence(tx, [
      {
        nodeId: job.nodeId,
        mac: null,
        bootEpoch: job.epoch,
        source: "bmc",
        text: `power ${job.action} failed: ${reason}`,
      },
    ]);
    const decision = powerFailed(loaded.machine, job.purpose, `Power ${job.action} failed: ${reason}`, region.now());
    await commit(ctx, tx, loaded, await withDiagnosis(ctx, tx, loaded, decision));
  });
}
