/** VM hosts as things: add, change, tag, look anew. Making machines on them is in vm-host-compose.ts, taking them away in vm-host-removal.ts. */
import { randomInt } from "node:crypto";
import { appendChange } from "@rackwright/db/change";
import type { Tx } from "@rackwright/db/connect";
import { lockMachineById, updateMachine } from "@rackwright/db/machines";
import { poolId, zoneId } from "@rackwright/db/nodes";
import * as db from "@rackwright/db/vm-hosts";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { generateHostname } from "@rackwright/domain/machine/names";
import type { StoragePool } from "@rackwright/domain/vm-host/capacity";
import { canConnect } from "@rackwright/power/vm-host";
import { type Ctx, inTransaction } from "../context.ts";
import { audit } from "./audit.ts";
import { changedPowerParameters } from "./power-settings.ts";
import { callHost } from "./vm-host-rack.ts";
import * as settings from "./vm-host-settings.ts";
import { applyFacts, type Seen } from "./vm-host-sync.ts";

export interface VmHostFields {
  name?: string | undefined;
  zone?: string | undefined;
  pool?: string | undefined;
  tags?: readonly string[] | undefined;
  cpu_over_commit_ratio?: number | undefined;
  memory_over_commit_ratio?: number | undefined;
  default_storage_pool?: string | undefined;
  /** Empty: none. */
  default_macvlan_mode?: string | undefined;
}

export const noSuchHost = (id: number): DomainError => new DomainError("not_found", `There is no VM host ${id}.`);

export const vmHosts = (ctx: Ctx): Promise<db.VmHostView[]> => db.loadVmHosts(ctx.region.db.kysely);

/** @throws DomainError not_found */
export async function vmHost(ctx: Ctx, id: number): Promise<db.VmHostView> {
  const [view] = await db.loadVmHosts(ctx.region.db.kysely, { ids: [id] });
  if (!view) throw noSuchHost(id);
  return view;
}

/** How it is reached, with secrets. @throws DomainError not_found */
export async function vmHostParameters(ctx: Ctx, id: number): Promise<settings.VmHostParameters> {
  return settings.readParameters(ctx.region, (await vmHost(ctx, id)).row);
}

/** It is asked what it has before it is added, so that one that is there can be used. @returns its id */
export async function createVmHost(
  ctx: Ctx,
  fields: VmHostFields & settings.VmHostAccess & { type: string },
): Promise<number> {
  const type = settings.checkType(fields.type);
  if (ctx.region.simulated)
    throw invalidField("type", "Machines of this installation are emulated: it has no VM hosts.");
  const { power_address, power_user, power_pass, project, certificate, key, password } = fields;
  const given = { power_address, power_user, power_pass, project, certificate, key, password };
  const parameters = settings.checkAccess(type, given);
  const address = { type, powerAddress: parameters.power_address ?? "", project: parameters.project ?? "" };
  // What can be refused without asking the host is.
  await inTransaction(ctx, async (tx) => {
    await refuseTaken(tx, fields.name, address, null);
    await plainColumns(tx, fields, undefined);
  });
  const name = fields.name?.trim() || generateHostname(randomInt);
  const seen = canConnect(type) ? await ask(ctx, { name, type, rackId: null, parameters }) : undefined;
  return inTransaction(ctx, async (tx) => {
    await refuseTaken(tx, name, address, null);
    const columns = await plainColumns(tx, fields, seen?.facts.pools ?? []);
    const id = await db.insertVmHost(tx, {
      ...columns,
      name,
      type,
      power_address: address.powerAddress,
      project: address.project,
      power_parameters: settings.sealParameters(ctx.region, parameters),
    });
    const row = id === undefined ? undefined : await db.lockVmHost(tx, id);
    if (!row) throw new DomainError("conflict", `VM host ${name} was added by somebody else just now.`);
    if (seen) await applyFacts(ctx, tx, row, seen);
    await appendChange(tx, { kind: "create", entity: "vm_host", entityId: row.id });
    await audit(ctx, tx, "POD", `Added VM host '${name}'.`);
    return row.id;
  });
}

/** @throws DomainError not_found, power_failed, rack_unavailable */
export async function refreshVmHost(ctx: Ctx, id: number): Promise<void> {
  const { row } = await vmHost(ctx, id);
  settings.refuseUnconnected(row);
  const parameters = settings.readParameters(ctx.region, row);
  const seen = await ask(ctx, { name: row.name, type: row.type, rackId: row.rack_id, parameters });
  await inTransaction(ctx, async (tx) => {
    const locked = await db.lockVmHost(tx, id);
    if (!locked) throw noSuchHost(id);
    await applyFacts(ctx, tx, locked, seen);
    await appendChange(tx, { kind: "update", entity: "vm_host", entityId: id });
  });
}

interface Asked {
  name: string;
  type: string;
  rackId: number | null;
  parameters: settings.VmHostParameters;
}

async function ask(ctx: Ctx, { name, type, rackId, parameters }: Asked): Promise<Seen> {
  const askedAt = ctx.region.now();
  const { result, rackId: by } = await callHost(ctx.region, { name: `VM host ${name}`, rackId }, "vmHostDiscover", {
    type,
    parameters,
  });
  return { facts: result, rackId: by, askedAt };
}

/** @throws DomainError not_found, invalid_fields */
export async function updateVmHost(
  ctx: Ctx,
  id: number,
  fields: VmHostFields & {
    type?: string | undefined;
    power_address?: string | undefined;
    power_pass?: string | undefined;
  },
): Promise<void> {
  await change(ctx, id, "Updated", async (tx, row) => {
    if (fields.type && fields.type.trim().toLowerCase() !== row.type)
      throw invalidField("type", `VM host ${row.name} is of type ${row.type}: add another one for ${fields.type}.`);
    const columns = await plainColumns(tx, fields, db.poolsOf(row));
    const name = fields.name?.trim() || row.name;
    const known = settings.readParameters(ctx.region, row);
    const given: settings.VmHostAccess = { ...known, power_address: fields.power_address || known.power_address };
    if (fields.power_pass !== undefined) given[row.type === "lxd" ? "password" : "power_pass"] = fields.power_pass;
    const parameters = settings.checkAccess(row.type, given);
    const powerAddress = parameters.power_address ?? "";
    await refuseTaken(tx, name, { type: row.type, powerAddress, project: row.project }, id);
    await db.updateVmHost(tx, id, {
      ...columns,
      name,
      power_address: powerAddress,
      ...(powerAddress === row.power_address ? {} : { host_node_id: null }),
      power_parameters: settings.sealParameters(ctx.region, parameters),
    });
    if (JSON.stringify(parameters) !== JSON.stringify(known)) await reachAnew(ctx, tx, row.id, parameters);
  });
}

/** Its machines are switched where it is now. */
async function reachAnew(ctx: Ctx, tx: Tx, hostId: number, parameters: settings.VmHostParameters): Promise<void> {
  for (const { nodeId, systemId } of await db.machinesOn(tx, hostId)) {
    const loaded = await lockMachineById(tx, nodeId);
    const columns = loaded && changedPowerParameters(ctx.region, loaded.row, parameters);
    if (columns) await updateMachine(tx, nodeId, {}, columns);
    await appendChange(tx, { kind: "update", entity: "machine", entityId: systemId });
  }
}

/** @throws DomainError not_found, invalid_fields */
export async function tagVmHost(ctx: Ctx, id: number, tag: string, on: boolean): Promise<void> {
  const word = tag.trim();
  if (word.includes(",")) throw invalidField("tag", "A tag has no comma.");
  await change(ctx, id, on ? "Tagged" : "Untagged", async (tx, row) => {
    const others = row.tags.filter((one) => one !== word);
    await db.updateVmHost(tx, id, { tags: on ? [...others, word] : others });
  });
}

async function change(
  ctx: Ctx,
  id: number,
  what: string,
  work: (tx: Tx, row: db.VmHostRow) => Promise<void>,
): Promise<void> {
  await inTransaction(ctx, async (tx) => {
    const row = await db.lockVmHost(tx, id);
    if (!row) throw noSuchHost(id);
    await work(tx, row);
    await appendChange(tx, { kind: "update", entity: "vm_host", entityId: id });
    await audit(ctx, tx, "POD", `${what} VM host '${row.name}'.`);
  });
}

async function refuseTaken(
  tx: Tx,
  name: string | undefined,
  at: { type: string; powerAddress: string; project: string },
  exceptId: number | null,
): Promise<void> {
  if (name && (await db.vmHostNameTaken(tx, name.trim(), exceptId)))
    throw invalidField("name", `There is a VM host '${name.trim()}' already.`);
  const other = await db.vmHostAt(tx, at, exceptId);
  if (other !== undefined)
    throw invalidField("power_address", `This is VM host '${other}' already: refresh that one to find new machines.`);
}

/** @param pools undefined: not known yet, so that the default one is not looked for */
async function plainColumns(
  tx: Tx,
  fields: VmHostFields,
  pools: readonly StoragePool[] | undefined,
): Promise<Record<string, unknown>> {
  const columns: Record<string, unknown> = {};
  for (const name of ["zone", "pool"] as const) {
    const word = fields[name];
    if (!word) continue;
    const id = await (name === "zone" ? zoneId : poolId)(tx, word);
    if (id === undefined) throw invalidField(name, `There is no ${name} '${word}'.`);
    columns[`${name}_id`] = id;
  }
  for (const name of ["cpu_over_commit_ratio", "memory_over_commit_ratio"] as const) {
    const ratio = fields[name];
    if (ratio === undefined) continue;
    if (ratio > 10) throw invalidField(name, "Ensure this value is less than or equal to 10.");
    columns[name] = ratio;
  }
  if (fields.tags) columns.tags = [...new Set(fields.tags)];
  if (fields.default_macvlan_mode !== undefined) columns.default_macvlan_mode = fields.default_macvlan_mode || null;
  if (fields.default_storage_pool && pools) {
    const word = fields.default_storage_pool;
    const found = pools.find(({ id, name }) => id === word || name === word);
    if (!found)
      throw invalidField(
        "default_storage_pool",
        `There is no storage pool '${word}' on it: it has ${pools.map(({ name }) => name).join(", ") || "none"}.`,
      );
    columns.default_storage_pool = found.id;
  }
  return columns;
}
