/** Taking away VM hosts, and machines that live on them. What the host has to do comes first: a row that is gone cannot be asked again. */
import { appendChange } from "@rackwright/db/change";
import type { Tx } from "@rackwright/db/connect";
import { insertEvents } from "@rackwright/db/history";
import { lockMachineById, readMachine } from "@rackwright/db/machines";
import { deleteNode } from "@rackwright/db/nodes";
import * as db from "@rackwright/db/vm-hosts";
import { DomainError } from "@rackwright/domain/errors";
import { actorName, type Ctx, inTransaction } from "../context.ts";
import { audit } from "./audit.ts";
import { partsGo } from "./devices.ts";
import { removeMachine } from "./machines.ts";
import { permitted } from "./permissions.ts";
import { decomposeOn } from "./vm-host-rack.ts";
import { refuseUnconnected } from "./vm-host-settings.ts";
import { noSuchHost } from "./vm-hosts.ts";

/**
 * @param decompose remove its machines from the host too
 * @throws DomainError not_found; bad_request when a machine on it is locked; power_failed when the host did not remove one
 */
export async function removeVmHost(ctx: Ctx, id: number, decompose: boolean): Promise<void> {
  const { kysely } = ctx.region.db;
  const host = await db.readVmHost(kysely, id);
  if (!host) throw noSuchHost(id);
  refuseLocked(host, await db.machinesOn(kysely, id));
  if (decompose) {
    refuseUnconnected(host);
    for (const vm of await db.guestRows(kysely, [id])) await decomposeOn(ctx, host, vm.uuid);
  }
  await inTransaction(ctx, async (tx) => {
    const locked = await db.lockVmHost(tx, id);
    if (locked) await forget(ctx, tx, locked);
  });
}

function refuseLocked(host: db.VmHostRow, machines: readonly { hostname: string; locked: boolean }[]): void {
  const locked = machines.filter((machine) => machine.locked).map(({ hostname }) => hostname);
  if (locked.length > 0)
    throw new DomainError(
      "bad_request",
      `VM host ${host.name} has locked machines: unlock ${locked.join(", ")} first.`,
    );
}

/** The row, and its machines. */
async function forget(ctx: Ctx, tx: Tx, host: db.VmHostRow): Promise<void> {
  const machines = await db.machinesOn(tx, host.id);
  refuseLocked(host, machines);
  for (const { nodeId } of machines) {
    const loaded = await lockMachineById(tx, nodeId);
    if (!loaded) continue;
    const { hostname, systemId } = loaded.machine;
    await partsGo(ctx, tx, loaded.machine);
    await deleteNode(tx, nodeId);
    await insertEvents(tx, { nodeId: null, hostname, username: actorName(ctx.actor) }, [
      { type: "NODE", description: `Deleted machine '${hostname}' (${systemId}), with VM host '${host.name}'.` },
    ]);
    await appendChange(tx, { kind: "delete", entity: "machine", entityId: systemId });
  }
  await db.deleteVmHostRow(tx, host.id);
  await appendChange(tx, { kind: "delete", entity: "vm_host", entityId: host.id });
  await audit(ctx, tx, "POD", `Deleted VM host '${host.name}'.`);
}

/**
 * A machine is given back: VM hosts that run on it end with its system.
 * @throws DomainError bad_request naming them, without `force`
 */
export async function forgetVmHostsOn(
  ctx: Ctx,
  tx: Tx,
  { id, hostname }: { id: number; hostname: string },
  force: boolean,
): Promise<void> {
  const hosted = await db.vmHostsOn(tx, id);
  if (hosted.length > 0 && !force)
    throw new DomainError(
      "bad_request",
      `${hostname} runs VM host ${hosted.map(({ name }) => name).join(", ")}: delete that first, or give force=true.`,
    );
  for (const host of hosted) {
    const locked = await db.lockVmHost(tx, host.id);
    if (locked) await forget(ctx, tx, locked);
  }
}

/**
 * Delete a machine: one that was composed is taken away from its host too; VM hosts that run on it go only with `force`, with their machines.
 * @throws DomainError not_found, forbidden; bad_request naming the VM hosts
 */
export async function removeMachineOrVm(ctx: Ctx, systemId: string, force: boolean): Promise<void> {
  const { kysely } = ctx.region.db;
  const { machine } = permitted(ctx.actor, "admin", await readMachine(kysely, systemId));
  const hosted = await db.vmHostsOn(kysely, machine.id);
  if (hosted.length > 0 && !force)
    throw new DomainError(
      "bad_request",
      `${machine.hostname} runs VM host ${hosted.map(({ name }) => name).join(", ")}: delete that first, or give force=true.`,
    );
  for (const { id } of hosted) await removeVmHost(ctx, id, false);
  const lives = await db.vmOfNode(kysely, machine.id);
  if (lives?.vm.composed) {
    await decomposeOn(ctx, lives.host, lives.vm.uuid);
    await inTransaction(ctx, async (tx) => {
      await db.deleteVirtualMachines(tx, [lives.vm.id]);
      await appendChange(tx, { kind: "update", entity: "vm_host", entityId: lives.host.id });
    });
  }
  await removeMachine(ctx, systemId);
}
