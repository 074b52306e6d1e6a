/** Queues of work outside the database, and how a decision's jobs get there. */
import type { Tx } from "@rackwright/db/connect";
import { recordPowerAction } from "@rackwright/db/power-actions";
import type { Job, Machine, PowerPurpose, StopMode } from "@rackwright/domain/machine/machine";
import type { Ctx } from "../context.ts";

export const POWER_QUEUE = "power";

export interface PowerJob {
  nodeId: number;
  epoch: number;
  action: "on" | "off" | "cycle";
  bootDevice: "network" | "disk" | null;
  purpose: PowerPurpose;
  stopMode?: StopMode;
}

export async function enqueueJob(ctx: Ctx, tx: Tx, machine: Machine, job: Job): Promise<void> {
  const { epoch, action, bootDevice, purpose, stopMode } = job;
  const data: PowerJob = {
    nodeId: machine.id,
    epoch,
    action,
    bootDevice,
    purpose,
    ...(stopMode === undefined ? {} : { stopMode }),
  };
  await recordPowerAction(tx, { nodeId: machine.id, bootEpoch: epoch, action });
  await ctx.region.jobs.enqueue(tx, POWER_QUEUE, data, { key: `${machine.id}:${epoch}:${action}` });
}

export const VM_HOST_QUEUE = "vm-host";

/** A deployed system that is to become a VM host, in the boot that it was deployed in. */
export interface VmHostJob {
  nodeId: number;
  epoch: number;
}

export async function enqueueRegistration(ctx: Ctx, tx: Tx, machine: Machine): Promise<void> {
  const data: VmHostJob = { nodeId: machine.id, epoch: machine.bootEpoch };
  await ctx.region.jobs.enqueue(tx, VM_HOST_QUEUE, data, { key: `${data.nodeId}:${data.epoch}` });
}
