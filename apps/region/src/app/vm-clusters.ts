/** Clusters of VM hosts. Only LXD has them, so there are none until a host of LXD can be connected. */
import { appendChange } from "@rackwright/db/change";
import { poolId, zoneId } from "@rackwright/db/nodes";
import * as db from "@rackwright/db/vm-hosts";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { type Ctx, inTransaction } from "../context.ts";
import { audit } from "./audit.ts";
import { visibility } from "./machine-view.ts";
import { removeVmHost } from "./vm-host-removal.ts";

export interface VmClusterView {
  row: db.VmClusterRow;
  hosts: db.VmHostView[];
}

async function views(ctx: Ctx, rows: readonly db.VmClusterRow[]): Promise<VmClusterView[]> {
  const hosts = Map.groupBy(await db.loadVmHosts(ctx.region.db.kysely), (host) => host.row.cluster_id);
  return rows.map((row) => ({ row, hosts: hosts.get(row.id) ?? [] }));
}

const noSuchCluster = (id: number) => new DomainError("not_found", `There is no VM cluster ${id}.`);

export const vmClusters = async (ctx: Ctx): Promise<VmClusterView[]> =>
  views(ctx, await db.listVmClusters(ctx.region.db.kysely));

/** @throws DomainError not_found */
export async function vmCluster(ctx: Ctx, id: number): Promise<VmClusterView> {
  const [view] = await views(ctx, await db.listVmClusters(ctx.region.db.kysely, id));
  if (!view) throw noSuchCluster(id);
  return view;
}

/** @throws DomainError not_found, invalid_fields */
export async function updateVmCluster(
  ctx: Ctx,
  id: number,
  fields: { name?: string | undefined; zone?: string | undefined; pool?: string | undefined },
): Promise<void> {
  await inTransaction(ctx, async (tx) => {
    const row = await db.lockVmCluster(tx, id);
    if (!row) throw noSuchCluster(id);
    const place = async (name: "zone" | "pool", now: number) => {
      const word = fields[name];
      const found = word ? await (name === "zone" ? zoneId : poolId)(tx, word) : now;
      if (found === undefined) throw invalidField(name, `There is no ${name} '${word}'.`);
      return found;
    };
    const name = fields.name?.trim() || row.name;
    const set = { name, zone_id: await place("zone", row.zone_id), pool_id: await place("pool", row.pool_id) };
    if (!(await db.updateVmCluster(tx, id, set)))
      throw invalidField("name", `There is a VM cluster '${name}' already.`);
    await appendChange(tx, { kind: "update", entity: "vm_cluster", entityId: id });
    await audit(ctx, tx, "POD", `Updated VM cluster '${name}'.`);
  });
}

/** With its hosts and their machines. @throws DomainError not_found */
export async function removeVmCluster(ctx: Ctx, id: number, decompose: boolean): Promise<void> {
  const { hosts, row } = await vmCluster(ctx, id);
  for (const host of hosts) await removeVmHost(ctx, host.row.id, decompose);
  await inTransaction(ctx, async (tx) => {
    if (!(await db.lockVmCluster(tx, id))) return;
    await db.deleteVmClusterRow(tx, id);
    await appendChange(tx, { kind: "delete", entity: "vm_cluster", entityId: id });
    await audit(ctx, tx, "POD", `Deleted VM cluster '${row.name}'.`);
  });
}

/** Of machines that the caller sees. */
export const virtualMachines = (ctx: Ctx): Promise<db.VirtualMachineRow[]> =>
  db.listVirtualMachines(ctx.region.db.kysely, visibility(ctx));

/** @throws DomainError not_found */
export async function virtualMachine(ctx: Ctx, id: number): Promise<db.VirtualMachineRow> {
  const [row] = await db.listVirtualMachines(ctx.region.db.kysely, visibility(ctx), id);
  if (!row) throw new DomainError("not_found", `There is no virtual machine ${id}.`);
  return row;
}
