/** Machines as things: create (and enlist), change, delete. What they do is in machine-actions.ts. */
import { randomInt } from "node:crypto";
import { bootedFrom } from "@rackwright/db/boot-secrets";
import { appendChange } from "@rackwright/db/change";
import type { Tx } from "@rackwright/db/connect";
import { insertEvents } from "@rackwright/db/history";
import {
  type LoadedMachine,
  type NodeRow,
  lockMachine,
  lockMachineById,
  readMachine,
  updateMachine,
} from "@rackwright/db/machines";
import {
  defaultDomainId,
  deleteNode,
  domainId,
  hostnameTaken,
  insertBootInterfaces,
  insertNode,
  poolId,
  statusByMac,
  takenMacs,
  zoneId,
} from "@rackwright/db/nodes";
import { DomainError, type FieldMessages, invalidField } from "@rackwright/domain/errors";
import { commissionInPlace } from "@rackwright/domain/machine/lifecycle/commission";
import {
  generateHostname,
  generateSystemId,
  parseArchitecture,
  parseHostname,
  parseMac,
} from "@rackwright/domain/machine/names";
import {
  enlistableStatuses,
  type MachineStatus,
  inProgressStatuses,
  statusCode,
  statusFromCode,
  unregisteredStatuses,
} from "@rackwright/domain/machine/status";
import { newNodeToken } from "../auth/tokens.ts";
import { actorName, type Ctx, inTransaction } from "../context.ts";
import { commit } from "./commit.ts";
import { adoptByBmc } from "./enlist-by-bmc.ts";
import { hardwareSyncInterval, lifecycleTimes } from "./config.ts";
import { partsGo } from "./devices.ts";
import { type CommissionRequest, startCommission } from "./machine-actions.ts";
import { type PresetFields, presetColumns, presetOf } from "./deploy-preset.ts";
import { permitted } from "./permissions.ts";
import { powerColumns, readPowerParameters, reportedPowerColumns, unsaidPowerType } from "./power-settings.ts";
import { createDeployInfoSet, createEnlistingSet } from "./script-sets.ts";

/** What callers may state of a machine; undefined stays as it is. */
export interface MachineFields extends PresetFields {
  hostname?: string | undefined;
  description?: string | undefined;
  domain?: string | undefined;
  architecture?: string | undefined;
  min_hwe_kernel?: string | undefined;
  power_type?: string | undefined;
  pool?: string | undefined;
  zone?: string | undefined;
  swap_size?: string | undefined;
  cpu_count?: number | undefined;
  memory?: number | undefined;
  /** Disk space in MB, shown where no disks are known. */
  storage?: number | undefined;
}

export interface PowerGiven {
  given: Record<string, unknown>;
  skipCheck: boolean;
  /** Settings that the power type needs may still be missing: API 1.0 has none that must be there. */
  partial?: boolean;
}

async function placeColumns(tx: Tx, fields: MachineFields): Promise<Record<string, unknown>> {
  const columns: Record<string, unknown> = {};
  const find = async (field: "zone" | "pool" | "domain", word: string | undefined, lookUp: typeof zoneId) => {
    if (word === undefined || word === "") return;
    const id = await lookUp(tx, word);
    if (id === undefined) throw invalidField(field, `There is no ${field} '${word}'.`);
    columns[`${field}_id`] = id;
  };
  await find("zone", fields.zone, zoneId);
  await find("pool", fields.pool, poolId);
  await find("domain", fields.domain, domainId);
  return columns;
}

/** Bytes; K, M, G, T, P, E are powers of 1000. */
function parseSize(field: string, text: string): number | null {
  if (text.trim() === "") return null;
  const match = /^(\d{1,15})([KMGTPE]?)$/i.exec(text.trim());
  const bytes = match ? Number(match[1]) * 1000 ** " KMGTPE".indexOf((match[2] || " ").toUpperCase()) : Number.NaN;
  if (!Number.isSafeInteger(bytes))
    throw invalidField(field, `"${text}" is no size: a whole number, K, M, G, T, P or E may follow.`);
  return bytes;
}

/** Columns for the plain fields. */
function plainColumns(fields: MachineFields, subarchitecture?: string): Record<string, unknown> {
  const columns: Record<string, unknown> = {};
  if (fields.description !== undefined) columns.description = fields.description;
  if (fields.cpu_count !== undefined) columns.cpu_count = fields.cpu_count;
  if (fields.memory !== undefined) columns.memory_mib = fields.memory;
  if (fields.storage !== undefined) columns.stated_storage_mb = fields.storage;
  if (fields.swap_size !== undefined) columns.swap_size = parseSize("swap_size", fields.swap_size);
  if (fields.min_hwe_kernel !== undefined) {
    if (fields.min_hwe_kernel !== "" && !/^(hwe|ga)-/.test(fields.min_hwe_kernel))
      throw invalidField("min_hwe_kernel", `"${fields.min_hwe_kernel}" is no kernel: it begins with hwe- or ga-.`);
    columns.min_hwe_kernel = fields.min_hwe_kernel;
  }
  if (fields.architecture !== undefined && fields.architecture !== "") {
    const parsed = parseArchitecture(fields.architecture, subarchitecture);
    if ("problem" in parsed) throw invalidField("architecture", parsed.problem);
    columns.architecture = parsed.architecture;
  }
  return columns;
}

const hasSystem: readonly MachineStatus[] = ["deploying", "deployed"];

/** What is preset for its deploys, by the architecture and oldest kernel that it will have. */
function presetsOf(
  tx: Tx,
  row: NodeRow | undefined,
  columns: Record<string, unknown>,
  fields: PresetFields,
): Promise<Record<string, unknown>> {
  const after = { architecture: row?.architecture ?? null, minimum: row?.min_hwe_kernel ?? "" };
  if (typeof columns.architecture === "string") after.architecture = columns.architecture;
  if (typeof columns.min_hwe_kernel === "string") after.minimum = columns.min_hwe_kernel;
  const runs = row && hasSystem.includes(statusFromCode(row.status)) ? { reports: row.enable_hw_sync } : {};
  // Rescue mode and tests come between a system and its next start.
  const kept = row && (row.osystem !== "" || "reports" in runs) ? { inMemory: row.ephemeral_deploy } : {};
  return presetColumns(tx, { ...after, preset: row ? presetOf(row) : {}, ...runs, ...kept }, fields);
}

/** Where a machine belongs is not for everybody to say (of strangers it is not taken at all). @throws DomainError forbidden */
function forAdministrators(ctx: Ctx, fields: MachineFields): void {
  if (ctx.actor.kind !== "user" || ctx.actor.isSuperuser) return;
  for (const name of ["zone", "pool", "description"] as const)
    if (fields[name]) throw new DomainError("forbidden", `Only an administrator chooses the ${name} of a new machine.`);
}

/** Host name and domain as columns; a fully qualified name sets both. */
async function nameColumns(
  tx: Tx,
  wanted: string,
  domain: number,
  exceptId: number | null,
): Promise<{ hostname: string; domain_id: number }> {
  const parsed = parseHostname(wanted);
  if (!parsed)
    throw invalidField("hostname", `"${wanted}" is no host name: letters, digits and hyphens, at most 63 to a label.`);
  let domain_id = domain;
  if (parsed.domain !== undefined) {
    const found = await domainId(tx, parsed.domain);
    if (found === undefined)
      throw invalidField("hostname", `There is no domain '${parsed.domain}': create it, or give the host name alone.`);
    domain_id = found;
  }
  if (await hostnameTaken(tx, domain_id, parsed.hostname, exceptId))
    throw invalidField("hostname", `Node with hostname '${parsed.hostname}' already exists.`);
  return { hostname: parsed.hostname, domain_id };
}

/** The name that was asked for; a machine that enlists under one that is taken or makes no sense gets another (lifecycle.md section 6). */
async function wantedName(
  ctx: Ctx,
  tx: Tx,
  wanted: string | undefined,
  domain: number,
): Promise<{ hostname: string; domain_id: number } | undefined> {
  if (!wanted) return undefined;
  try {
    return await nameColumns(tx, wanted, domain, null);
  } catch (error) {
    if (ctx.actor.kind === "anonymous" && error instanceof DomainError) return undefined;
    throw error;
  }
}

export interface CreateRequest extends MachineFields {
  subarchitecture?: string | undefined;
  macAddresses: string[];
  /** undefined: yes for administrators, no for others. */
  commission: boolean | undefined;
  deployed: boolean;
  /** Where the request came from. */
  address: string;
  power: PowerGiven;
  options: CommissionRequest;
}

function parseMacs(given: readonly string[]): string[] {
  const macs = given.map((text) => {
    const mac = parseMac(text);
    if (mac === undefined) throw invalidField("mac_addresses", `One or more MAC addresses is invalid. ('${text}')`);
    return mac;
  });
  return [...new Set(macs)];
}

/** Add a machine: by a user, or by the machine itself, which nobody knows yet (lifecycle.md section 6). @returns its id */
export async function createMachine(ctx: Ctx, request: CreateRequest): Promise<number> {
  const { actor } = ctx;
  const admin = actor.kind === "user" && actor.isSuperuser;
  const macs = parseMacs(request.macAddresses);
  const missing: FieldMessages = {};
  if (actor.kind === "anonymous" && !request.architecture) missing.architecture = ["This field is required."];
  // One that runs already need not be found by its network; but what switches it may have to know it.
  const unswitched = ["", "unknown"].includes(request.power_type ?? "");
  const known = request.power_type === "ipmi" || (request.deployed && unswitched);
  if (macs.length === 0 && !known) missing.mac_addresses = ["This field is required."];
  if (Object.keys(missing).length > 0)
    throw new DomainError("invalid_fields", "Required fields are missing.", { fields: missing });
  if (request.deployed && actor.kind !== "user")
    throw new DomainError("forbidden", "A machine that is deployed already is its user's: log in to add it.");
  const id = await inTransaction(
    ctx,
    async (tx) => (await reEnlist(ctx, tx, request, macs)) ?? (await insertMachine(ctx, tx, request, macs)),
  );
  if (admin && request.commission !== false && !request.deployed) await commissionIfPossible(ctx, id, request.options);
  return id;
}

/** In the transaction of whoever calls. @returns its id */
export async function insertMachine(ctx: Ctx, tx: Tx, request: CreateRequest, macs: string[]): Promise<number> {
  const taken = await takenMacs(tx, macs);
  if (taken[0])
    throw invalidField("mac_addresses", `MAC address ${taken[0].mac} already in use on ${taken[0].systemId}.`);
  forAdministrators(ctx, request);
  const places = await placeColumns(tx, ctx.actor.kind === "user" ? request : { domain: request.domain });
  const domain = (places.domain_id as number | undefined) ?? (await defaultDomainId(tx));
  const columns = {
    ...plainColumns({ ...request, architecture: request.architecture || "amd64/generic" }, request.subarchitecture),
    ...places,
  };
  if (request.deployed && request.ephemeral_deploy)
    throw invalidField("ephemeral_deploy", "A machine that runs already was not deployed in memory: leave it out.");
  if (ctx.actor.kind === "user") Object.assign(columns, await presetsOf(tx, undefined, columns, request));
  for (let attempt = 0; attempt < 50; attempt++) {
    const systemId = generateSystemId(randomInt);
    const name = (await wantedName(ctx, tx, request.hostname, domain)) ?? {
      hostname: generateHostname(randomInt),
      domain_id: domain,
    };
    const power =
      ctx.actor.kind === "anonymous" && request.power_type
        ? reportedPowerColumns(ctx.region, systemId, request.power_type, request.power.given)
        : powerColumns(
            ctx.region,
            systemId,
            { powerType: "", parameters: {} },
            { powerType: request.power_type || unsaidPowerType(ctx), ...request.power },
          );
    const deployed = request.deployed
      ? {
          status: statusCode.deployed,
          previous_status: statusCode.new,
          owner_id: ctx.actor.kind === "user" ? ctx.actor.userId : null,
          netboot: false,
          // Its timer is for whoever adds it to set up.
          ...(request.enable_hw_sync ? { sync_interval_s: await hardwareSyncInterval(tx) } : {}),
        }
      : {};
    const id = await insertNode(tx, {
      systemId,
      nodeType: 0,
      hostname: name.hostname,
      domainId: name.domain_id,
      columns: { ...columns, ...power, ...deployed, domain_id: name.domain_id },
    });
    if (id === undefined) continue; // the generated name or id was taken: another one
    // It was not commissioned by us, so nothing else gives it credentials to report its hardware with.
    if (request.deployed) await newNodeToken(ctx.region, tx, id);
    await insertBootInterfaces(tx, id, macs);
    if (request.deployed) await createDeployInfoSet(ctx, tx, id);
    await insertEvents(tx, { nodeId: id, hostname: name.hostname, username: actorName(ctx.actor) }, [
      { type: "NEW", description: "" },
      ...(request.deployed ? [{ type: "DEPLOYED" as const, description: "as it was added" }] : []),
      ...(ctx.actor.kind === "user"
        ? [{ type: "NODE" as const, description: `Added machine '${name.hostname}' (${systemId}).` }]
        : []),
    ]);
    await appendChange(tx, { kind: "create", entity: "machine", entityId: systemId });
    if (ctx.actor.kind === "anonymous" && request.commission) await enlistInPlace(ctx, tx, id);
    return id;
  }
  throw new DomainError("conflict", "No free host name was found for the new machine: give it one.");
}

/** The machine is running the enlistment right now: it goes on as its commissioning. */
async function enlistInPlace(ctx: Ctx, tx: Tx, id: number): Promise<void> {
  const loaded = await lockMachineById(tx, id);
  if (!loaded) throw new Error(`machine ${id} vanished`);
  const after = await commit(ctx, tx, loaded, commissionInPlace(loaded.machine, await lifecycleTimes(ctx, tx)));
  await createEnlistingSet(ctx, tx, after.machine.id);
}

/**
 * A machine that enlists again is found by its BMC or its MAC addresses, while it is New or Commissioning.
 * @returns its id; undefined when it is a stranger
 */
async function reEnlist(ctx: Ctx, tx: Tx, request: CreateRequest, macs: string[]): Promise<number | undefined> {
  if (ctx.actor.kind !== "anonymous") return undefined;
  const adopted = await adoptByBmc(ctx, tx, {
    macs,
    address: request.address,
    powerType: request.power_type,
    powerAddress: request.power.given.power_address,
  });
  if (adopted) {
    const { id, status, systemId } = adopted.machine;
    if (request.commission && status === "new") await enlistInPlace(ctx, tx, id);
    await appendChange(tx, { kind: "update", entity: "machine", entityId: systemId });
    return id;
  }
  const open = (status: number) => enlistableStatuses.includes(statusFromCode(status));
  const match = (await takenMacs(tx, macs)).find((m) => open(m.status));
  if (!match) return undefined;
  const loaded = await lockMachineById(tx, match.nodeId);
  if (!loaded || !open(loaded.row.status)) return undefined;
  // One that a user commissions has its own credentials to speak by. A stranger's word would add an interface to it, and boot as it.
  if (loaded.machine.status === "commissioning" && !loaded.machine.enlisting) return loaded.machine.id;
  // Anybody can name a MAC address. What is known of a machine (its BMC above all) changes by the word of the machine alone, which is
  // where its boot script was sent to.
  if (!(await bootedFrom(tx, { nodeId: loaded.machine.id, macs, address: request.address }))) {
    ctx.region.log.warn(
      { machine: loaded.machine.hostname, from: request.address },
      "a machine that is known was announced by an address that it did not boot from: nothing of it was changed",
    );
    return loaded.machine.id;
  }
  const power = request.power_type
    ? reportedPowerColumns(ctx.region, loaded.row.system_id, request.power_type, request.power.given)
    : {};
  await updateMachine(
    tx,
    loaded.machine.id,
    {},
    { ...plainColumns({ architecture: request.architecture }, request.subarchitecture), ...power },
  );
  const fresh = new Set((await takenMacs(tx, macs)).map((t) => t.mac));
  await insertBootInterfaces(
    tx,
    loaded.machine.id,
    macs.filter((m) => !fresh.has(m)),
    loaded.machine.interfaceCount,
  );
  if (request.commission && loaded.machine.status === "new") await enlistInPlace(ctx, tx, loaded.machine.id);
  await appendChange(tx, { kind: "update", entity: "machine", entityId: loaded.row.system_id });
  return loaded.machine.id;
}

/** A new machine that cannot be commissioned yet (no power type, no image) stays New: that is no error of creating it. */
export async function commissionIfPossible(ctx: Ctx, id: number, options: CommissionRequest): Promise<void> {
  try {
    await inTransaction(ctx, async (tx) => {
      const loaded = await lockMachineById(tx, id);
      if (loaded) await startCommission(ctx, tx, loaded, options);
    });
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    ctx.region.log.info({ machine: id, reason: error.message }, "a new machine was not commissioned");
  }
}

/** @returns the machine's id */
export async function updateMachineFields(
  ctx: Ctx,
  systemId: string,
  fields: MachineFields,
  power: PowerGiven,
  permission: "admin" | "own" = "admin",
): Promise<number> {
  return inTransaction(ctx, async (tx) => {
    const { machine, row } = permitted(ctx.actor, permission, await lockMachine(tx, systemId));
    const places = await placeColumns(tx, fields);
    const columns: Record<string, unknown> = { ...plainColumns(fields), ...places };
    if (fields.hostname)
      Object.assign(
        columns,
        await nameColumns(tx, fields.hostname, (places.domain_id as number | undefined) ?? row.domain_id, machine.id),
      );
    if (fields.power_type !== undefined || Object.keys(power.given).length > 0) {
      const known = { powerType: row.power_type, parameters: readPowerParameters(ctx.region, row) };
      Object.assign(columns, powerColumns(ctx.region, systemId, known, { powerType: fields.power_type, ...power }));
    }
    Object.assign(columns, await presetsOf(tx, row, columns, fields));
    await updateMachine(tx, machine.id, {}, columns);
    await insertEvents(tx, { nodeId: machine.id, hostname: machine.hostname, username: actorName(ctx.actor) }, [
      {
        type: "NODE",
        description: `Updated ${
          Object.keys(columns)
            .filter((c) => c !== "power_parameters")
            .join(", ") || "nothing"
        }.`,
      },
    ]);
    await appendChange(tx, { kind: "update", entity: "machine", entityId: systemId });
    return machine.id;
  });
}

export async function removeMachine(ctx: Ctx, systemId: string): Promise<void> {
  await inTransaction(ctx, async (tx) => {
    const { machine } = permitted(ctx.actor, "admin", await lockMachine(tx, systemId));
    await partsGo(ctx, tx, machine);
    await deleteNode(tx, machine.id);
    await insertEvents(tx, { nodeId: null, hostname: machine.hostname, username: actorName(ctx.actor) }, [
      { type: "NODE", description: `Deleted machine '${machine.hostname}' (${systemId}).` },
    ]);
    await appendChange(tx, { kind: "delete", entity: "machine", entityId: systemId });
  });
}

/** @throws DomainError not_found, forbidden */
export async function viewableMachine(
  ctx: Ctx,
  systemId: string,
  permission: "view" | "admin_read" = "view",
): Promise<LoadedMachine> {
  return permitted(ctx.actor, permission, await readMachine(ctx.region.db.kysely, systemId));
}

function macParam(text: string): string {
  const mac = parseMac(text);
  if (mac === undefined) throw invalidField("mac_address", `'${text}' is not a valid MAC address.`);
  return mac;
}

/** Whether a MAC address belongs to a machine past enlistment; logged-in callers also see New and Commissioning ones. */
export async function isRegistered(ctx: Ctx, text: string): Promise<boolean> {
  const found = await statusByMac(ctx.region.db.kysely, macParam(text));
  const hidden = unregisteredStatuses[ctx.actor.kind === "anonymous" ? "anonymous" : "user"];
  return found !== undefined && !hidden.includes(statusFromCode(found.status));
}

export async function isActionInProgress(ctx: Ctx, text: string): Promise<boolean> {
  const found = await statusByMac(ctx.region.db.kysely, macParam(text));
  return found !== undefined && inProgressStatuses.includes(statusFromCode(found.status));
}
