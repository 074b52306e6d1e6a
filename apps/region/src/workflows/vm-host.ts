/**
 * A deployed system that says it has set up libvirt becomes a VM host: a rack asks it what it has, then the VM host and the end of the
 * deployment are one transaction. Until then nothing of it is there, so a run that is cut short is simply run again.
 */
import { appendChange } from "@rackwright/db/change";
import type { Tx } from "@rackwright/db/connect";
import { insertEvidence } from "@rackwright/db/history";
import { type LoadedMachine, lockMachineById, readMachineById } from "@rackwright/db/machines";
import * as db from "@rackwright/db/vm-hosts";
import { DomainError } from "@rackwright/domain/errors";
import { fail } from "@rackwright/domain/machine/lifecycle/failure";
import { isRegistering, vmHostRegistered } from "@rackwright/domain/machine/lifecycle/vm-host";
import { VM_HOST_USER } from "@rackwright/domain/vm-host/setup";
import { commit } from "../app/commit.ts";
import { audit } from "../app/audit.ts";
import { VM_HOST_QUEUE, type VmHostJob } from "../app/queues.ts";
import { readVmHostPassword } from "../app/vm-host-deploy.ts";
import { callHost } from "../app/vm-host-rack.ts";
import { sealParameters } from "../app/vm-host-settings.ts";
import { applyFacts, type Seen } from "../app/vm-host-sync.ts";
import { inTransaction, type Region, systemCtx } from "../context.ts";

/** Its services may be a little later than its word, and a rack may be restarting. */
const PATIENCE_MS = 3 * 60_000;
const QUEUE = { concurrency: 4, retryLimit: 100, longestPauseSeconds: 10, expireSeconds: 900 };

export async function startVmHostWorkflow(region: Region, options: { patienceMs?: number } = {}): Promise<void> {
  const patienceMs = options.patienceMs ?? PATIENCE_MS;
  await region.jobs.handle<VmHostJob>(VM_HOST_QUEUE, QUEUE, ({ data, ageMs }) =>
    register(region, data, ageMs < patienceMs),
  );
}

/** How it is reached. */
interface Access extends Record<string, string> {
  power_address: string;
  power_pass: string;
}

async function register(region: Region, job: VmHostJob, mayTryAgain: boolean): Promise<void> {
  const loaded = await readMachineById(region.db.kysely, job.nodeId);
  if (!loaded || !isWanted(loaded, job)) return;
  try {
    const access = await accessOf(region, loaded);
    const seen = await ask(region, loaded, access);
    await inTransaction(systemCtx(region), (tx) => finish(region, tx, job, access, seen));
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    // The queue tries again.
    if (mayTryAgain && error.code !== "conflict") throw error;
    await giveUp(region, job, error.message);
  }
}

const isWanted = ({ machine }: LoadedMachine, job: VmHostJob): boolean =>
  machine.bootEpoch === job.epoch && isRegistering(machine);

/** @throws DomainError conflict when it cannot be known */
async function accessOf(region: Region, { machine, row }: LoadedMachine): Promise<Access> {
  const ip = await db.addressOfHost(region.db.kysely, machine.id);
  const password = readVmHostPassword(region, row);
  if (ip === undefined) throw new DomainError("conflict", `${machine.hostname} has no address that is known here.`);
  if (password === undefined) throw new DomainError("conflict", `${machine.hostname} was given no password.`);
  const host = ip.includes(":") ? `[${ip}]` : ip;
  return { power_address: `qemu+ssh://${VM_HOST_USER}@${host}/system`, power_pass: password };
}

async function ask(region: Region, { machine }: LoadedMachine, parameters: Access): Promise<Seen> {
  const askedAt = region.now();
  const { result, rackId } = await callHost(
    region,
    { name: `VM host ${machine.hostname}`, rackId: null },
    "vmHostDiscover",
    { type: "virsh", parameters, installedAnew: true },
  );
  return { facts: result, rackId, askedAt };
}

/** @throws DomainError conflict when another VM host is in its way */
async function finish(region: Region, tx: Tx, job: VmHostJob, access: Access, seen: Seen): Promise<void> {
  const ctx = systemCtx(region);
  const loaded = await lockMachineById(tx, job.nodeId);
  if (!loaded || !isWanted(loaded, job)) return;
  const { machine, row } = loaded;
  const name = (await db.vmHostNameTaken(tx, machine.hostname, null))
    ? `${machine.hostname}-${machine.systemId}`
    : machine.hostname;
  const id = await db.insertVmHost(tx, {
    name,
    type: "virsh",
    power_address: access.power_address,
    power_parameters: sealParameters(region, access),
    zone_id: row.zone_id,
    ...(row.pool_id === null ? {} : { pool_id: row.pool_id }),
    host_node_id: machine.id,
  });
  const host = id === undefined ? undefined : await db.lockVmHost(tx, id);
  if (!host)
    throw new DomainError(
      "conflict",
      `There is a VM host named ${name} or at ${access.power_address} already: delete that one, then deploy again.`,
    );
  await applyFacts(ctx, tx, host, seen);
  await appendChange(tx, { kind: "create", entity: "vm_host", entityId: host.id });
  await audit(ctx, tx, "POD", `Added VM host '${name}', which is machine ${machine.systemId}.`);
  await commit(ctx, tx, loaded, vmHostRegistered(machine, region.now()), { vm_host_password: null });
}

async function giveUp(region: Region, job: VmHostJob, why: string): Promise<void> {
  const ctx = systemCtx(region);
  await inTransaction(ctx, async (tx) => {
    const loaded = await lockMachineById(tx, job.nodeId);
    if (!loaded || !isWanted(loaded, job)) return;
    const reason = `Registering it as a VM host failed: ${why}`;
    const { id: nodeId, bootEpoch } = loaded.machine;
    await insertEvidence(tx, [{ nodeId, mac: null, bootEpoch, source: "metadata", text: reason.slice(0, 1000) }]);
    await commit(ctx, tx, loaded, fail(loaded.machine, reason, region.now(), "failed"));
  });
}
