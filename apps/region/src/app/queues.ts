/** Queues of work outside the database, and how a decision's jobs get there. */
import type { Tx } from "@rackwright/db/connect";
import { recordPowerAction } from "@rackwright/db/power-actions";
import type { Job, Machine, PowerPurpose } from "@rackwright/domain/machine/machine";
import type { Ctx } from "../context.ts";

export const POWER_QUEUE = "power";
export const POWER_QUERY_QUEUE = "power-query";

export interface PowerJob {
  nodeId: number;
  epoch: number;
  action: "on" | "off" | "cycle";
  bootDevice: "network" | "disk" | null;
  purpose: PowerPurpose;
}

export async function enqueueJob(ctx: Ctx, tx: Tx, machine: Machine, job: Job): Promise<void> {
  switch (job.queue) {
    case "power": {
      const data: PowerJob = {
        nodeId: machine.id,
        epoch: job.epoch,
        action: job.action,
        bootDevice: job.bootDevice,
        purpose: job.purpose,
      };
      await recordPowerAction(tx, { nodeId: machine.id, bootEpoch: job.epoch, action: job.action });
      await ctx.region.jobs.enqueue(tx, POWER_QUEUE, data, { key: `${machine.id}:${job.epoch}:${job.action}` });
      return;
    }
    case "power_query":
      await ctx.region.jobs.enqueue(tx, POWER_QUERY_QUEUE, { nodeId: machine.id }, { key: String(machine.id) });
  }
}
