/** What API 1.0 asks of machines in its own way: who may look, constraints in its words, what an administrator's own field is. */
import { stateCluster } from "@rackwright/db/clusters";
import { type LoadedMachine, readMachine } from "@rackwright/db/machines";
import { networkNamed } from "@rackwright/db/network-names";
import { defaultVlan } from "@rackwright/db/networks";
import { domainId } from "@rackwright/db/nodes";
import { listTags } from "@rackwright/db/tags";
import { DomainError, type FieldMessages, invalidField } from "@rackwright/domain/errors";
import { parseArchitecture, parseMac } from "@rackwright/domain/machine/names";
import { serialize } from "bson";
import { type Ctx, inTransaction } from "../context.ts";
import { expireCommissioning } from "../reconcile/deadlines.ts";
import { clusterOf } from "./clusters.ts";
import { getConfig } from "./config.ts";
import { createPhysical } from "./interface-create.ts";
import { deleteInterface } from "./interface-update.ts";
import { allocate } from "./allocate.ts";
import { deployMachine, powerOnMachine } from "./machine-actions.ts";
import { hardwareOutputs } from "./machine-facts.ts";
import { type CreateRequest, createMachine, type MachineFields, updateMachineFields } from "./machines.ts";
import { removeMachineOrVm } from "./vm-host-removal.ts";
import { permitted } from "./permissions.ts";
import type { PowerGiven } from "./machines.ts";

/** Any user may look at any machine, whoever holds it. @throws DomainError not_found */
export async function anyMachine(ctx: Ctx, systemId: string): Promise<LoadedMachine> {
  const found = await readMachine(ctx.region.db.kysely, systemId);
  if (!found) throw new DomainError("not_found", `There is no node '${systemId}'.`);
  return found;
}

/** Its user and administrators alone: who else could act on a machine that nobody holds by API 2.0 cannot by 1.0. @throws DomainError */
export async function ownMachine(ctx: Ctx, systemId: string): Promise<LoadedMachine> {
  return permitted(ctx.actor, "own", await anyMachine(ctx, systemId));
}

/** A BSON document with lshw's and lldpctl's output. @throws DomainError not_found */
export async function anyMachineDetails(ctx: Ctx, systemId: string): Promise<Uint8Array> {
  await anyMachine(ctx, systemId);
  return serialize((await hardwareOutputs(ctx, [systemId])).get(systemId) ?? {});
}

/** @throws DomainError not_found, forbidden, conflict while somebody holds it */
export async function removeFreeMachine(ctx: Ctx, systemId: string): Promise<void> {
  const { machine } = await ownMachine(ctx, systemId);
  if (machine.ownerId !== null)
    throw new DomainError("conflict", `${machine.hostname} is in use: release it before it is deleted.`);
  await removeMachineOrVm(ctx, systemId, false);
}

/** Fields that only administrators change; others' are passed over. */
const OPEN: readonly (keyof MachineFields)[] = ["hostname", "architecture"];

/** @returns the machine's id */
export async function updateOwnMachine(
  ctx: Ctx,
  systemId: string,
  fields: MachineFields,
  power: PowerGiven,
): Promise<number> {
  if (ctx.actor.kind === "user" && ctx.actor.isSuperuser) {
    // Taking the power type away takes its settings along.
    const given = fields.power_type === "" ? {} : power.given;
    return updateMachineFields(ctx, systemId, fields, { ...power, given, partial: true });
  }
  const open = Object.fromEntries(OPEN.map((name) => [name, fields[name]]));
  return updateMachineFields(ctx, systemId, open, { given: {}, skipCheck: false }, "own");
}

/** @param nodegroup UUID of the cluster that it is in, where it is said */
export async function enlistMachine(ctx: Ctx, request: CreateRequest, nodegroup: string | undefined): Promise<number> {
  const cluster = nodegroup ? await renamedCluster(ctx, nodegroup) : undefined;
  const admin = ctx.actor.kind === "user" && ctx.actor.isSuperuser;
  const id = await createMachine(ctx, {
    ...request,
    domain: await enlistmentDomain(ctx),
    // Somebody walks there: in its day a machine needed no power type to be commissioned.
    power_type: request.power_type || (admin ? "manual" : undefined),
    power: { ...request.power, partial: true },
  });
  if (cluster !== undefined) await inTransaction(ctx, (tx) => stateCluster(tx, id, cluster));
  return id;
}

async function renamedCluster(ctx: Ctx, uuid: string): Promise<number> {
  try {
    return (await clusterOf(ctx, uuid)).rackId;
  } catch (error) {
    if (error instanceof DomainError && error.code === "not_found") throw invalidField("nodegroup", error.message);
    throw error;
  }
}

/** The setting's, where there is a domain of this name. */
async function enlistmentDomain(ctx: Ctx): Promise<string | undefined> {
  const at = ctx.region.db.kysely;
  const { enlistment_domain: name } = await getConfig(at, "enlistment_domain");
  if (typeof name !== "string" || name === "" || name === "local") return undefined;
  return (await domainId(at, name)) === undefined ? undefined : name;
}

export interface Constraints {
  name?: string | undefined;
  arch?: string | undefined;
  cpu_count?: number | undefined;
  mem?: number | undefined;
  tags: string[];
  connected_to: string[];
  not_connected_to: string[];
  networks: string[];
  not_networks: string[];
  zone?: string | undefined;
  not_in_zone: string[];
}

/**
 * Lend the caller a Ready machine for which all holds.
 * @returns its id
 * @throws DomainError unauthorized for whoever has no API key, which is kept with the machine; invalid_fields, no_match
 */
export async function acquireMachine(ctx: Ctx, wanted: Constraints, agentName: string): Promise<number> {
  if (ctx.tokenKey === null) throw new DomainError("unauthorized", "Sign the request with an API key.");
  const problems: FieldMessages = {};
  const refuse = (field: string, message: string) => void (problems[field] ??= []).push(message);
  const macs = (field: "connected_to" | "not_connected_to") =>
    wanted[field].map((text) => parseMac(text) ?? (refuse(field, `"${text}" is no MAC address.`), ""));
  const { arch } = wanted;
  if (arch && arch !== "arm" && "problem" in parseArchitecture(arch)) refuse("arch", `"${arch}" is no architecture.`);
  const known = new Set((await listTags(ctx.region.db.kysely)).map((tag) => tag.name));
  const unknown = wanted.tags.filter((tag) => !known.has(tag));
  if (unknown.length > 0) refuse("tags", `No such tag(s): ${unknown.join(", ")}.`);
  const networks = async (field: "networks" | "not_networks") =>
    Promise.all(
      wanted[field].map(async (text) => (await networkWord(ctx, text)) ?? (refuse(field, badNetwork(text)), "")),
    );
  const criteria = {
    name: wanted.name || undefined,
    arch: arch || undefined,
    cpu_count: wanted.cpu_count?.toString(),
    mem: wanted.mem?.toString(),
    tags: wanted.tags,
    connected_to: macs("connected_to"),
    not_connected_to: macs("not_connected_to"),
    networks: await networks("networks"),
    not_networks: await networks("not_networks"),
    zone: wanted.zone || undefined,
    not_in_zone: wanted.not_in_zone,
  };
  const [first] = Object.entries(problems);
  if (first) throw new DomainError("invalid_fields", `${first[0]}: ${first[1][0]}`, { fields: problems });
  return (await allocate(ctx, { criteria, agentName, comment: "", dryRun: false })).id;
}

const badNetwork = (text: string) => `"${text}" names no network: use a name, ip:ADDRESS, or vlan:TAG from 1 to 4094.`;

/** A network in the words of 1.0 as machines are searched by it; undefined when it names none. */
async function networkWord(ctx: Ctx, text: string): Promise<string | undefined> {
  const ip = /^ip:(.+)$/.exec(text)?.[1];
  if (ip !== undefined) return /^[0-9a-f.:]+$/i.test(ip) ? `ip:${ip}` : undefined;
  const tag = /^vlan:(0x[0-9a-f]{1,4}|\d{1,5})$/i.exec(text)?.[1];
  if (tag !== undefined) return Number(tag) >= 1 && Number(tag) <= 4094 ? `vid:${Number(tag)}` : undefined;
  const found = await networkNamed(ctx.region.db.kysely, text);
  return found && `id:${found.subnetId}`;
}

/** One that its user has allocated gets a system; others are switched on. @returns its id */
export async function startMachine(
  ctx: Ctx,
  systemId: string,
  userData: Uint8Array | null,
  distroSeries: string | undefined,
): Promise<number> {
  const { machine } = await ownMachine(ctx, systemId);
  if (machine.status !== "allocated") return powerOnMachine(ctx, systemId, { userData, comment: "" });
  const kept = { hweKernel: undefined, agentName: undefined, comment: "" };
  return deployMachine(ctx, systemId, { userData, distroSeries, ...kept });
}

/** What is done at each deadline, done now. @returns ids of those that failed */
export const failLateCommissioning = (ctx: Ctx): Promise<number[]> => expireCommissioning(ctx.region);

/** A physical interface on the default VLAN. @throws DomainError not_found, forbidden, invalid_fields */
export async function addMac(ctx: Ctx, systemId: string, mac: string): Promise<void> {
  await ownMachine(ctx, systemId);
  const vlan = await defaultVlan(ctx.region.db.kysely, 0);
  const onVlan = vlan ? { vlan: String(vlan.id) } : {};
  await createPhysical(ctx, systemId, { mac_address: mac, ...onVlan }, "register");
}

/** @throws DomainError not_found, forbidden */
export async function removeMac(ctx: Ctx, systemId: string, interfaceId: number): Promise<void> {
  await ownMachine(ctx, systemId);
  await deleteInterface(ctx, systemId, String(interfaceId), "register");
}
