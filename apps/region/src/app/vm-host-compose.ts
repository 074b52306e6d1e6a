/**
 * Make a virtual machine on a host. Steps: set its resources aside, with all ids chosen; have the host make it; add the machine. After a
 * crash in between the next refresh of the host finds what is there, or gives back what was set aside.
 */
import { randomInt, randomUUID } from "node:crypto";
import { appendChange } from "@rackwright/db/change";
import type { Tx } from "@rackwright/db/connect";
import { interfaceItems } from "@rackwright/db/machine-parts";
import { updateMachine } from "@rackwright/db/machines";
import { defaultDomainId, domainName, hostnameTaken, poolId, takenMacs, zoneId } from "@rackwright/db/nodes";
import {
  deleteVirtualMachines,
  guestOf,
  guestRows,
  insertVirtualMachine,
  lockVmHost,
  poolsOf,
  updateVirtualMachine,
  type VmHostRow,
} from "@rackwright/db/vm-hosts";
import { parseParts } from "@rackwright/domain/allocation/fit";
import { matchInterfaces, subnetFor } from "@rackwright/domain/allocation/interfaces";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { generateHostname, parseArchitecture, parseHostname } from "@rackwright/domain/machine/names";
import { type ComposableHost, planMachine, USUAL_CORES, USUAL_MEMORY_MIB } from "@rackwright/domain/vm-host/compose";
import type { VmAttachment, VmOrder } from "@rackwright/domain/vm-host/facts";
import { type Ctx, inTransaction } from "../context.ts";
import { audit } from "./audit.ts";
import { commissionIfPossible } from "./machines.ts";
import { addMachine, homeOn, usualCommissioning, vmParameters } from "./vm-host-machines.ts";
import { callHost, outcomeUnknown } from "./vm-host-rack.ts";
import { readParameters, refuseUnconnected } from "./vm-host-settings.ts";

export interface ComposeRequest {
  cores: number | undefined;
  memory: number | undefined;
  hugepages_backed: boolean;
  pinned_cores: string[];
  cpu_speed: number | undefined;
  architecture: string | undefined;
  storage: string | undefined;
  interfaces: string | undefined;
  hostname: string | undefined;
  domain: number | undefined;
  zone: number | undefined;
  pool: number | undefined;
  skip_commissioning: boolean;
}

/** Chosen and set aside. */
export interface Reserved {
  vmId: number;
  host: VmHostRow;
  order: VmOrder;
  domain: string;
  /** Where it begins. */
  places: { zone_id: number; pool_id: number };
  /** Of each interface of the order: where it is, as far as the host's own interfaces tell; null where nothing does. */
  networks: { vlanId: number | null; subnetId: number | null }[];
  /** Allocating has it made. */
  dynamic: boolean;
}

/**
 * @returns the new machine's id
 * @throws DomainError not_found, invalid_fields for what the host has not, power_failed with the host's reason
 */
export async function composeMachine(ctx: Ctx, hostId: number, request: ComposeRequest): Promise<number> {
  const reserved = await inTransaction(ctx, (tx) => reserve(ctx, tx, hostId, request));
  await make(ctx, reserved);
  const id = await inTransaction(ctx, (tx) => settle(ctx, tx, reserved));
  if (!request.skip_commissioning) await commissionIfPossible(ctx, id, usualCommissioning);
  return id;
}

/** @throws DomainError not_found, power_failed, conflict; invalid_fields for what the host has not */
export async function reserve(
  ctx: Ctx,
  tx: Tx,
  hostId: number,
  request: ComposeRequest,
  dynamic = false,
): Promise<Reserved> {
  const host = await lockVmHost(tx, hostId);
  if (!host) throw new DomainError("not_found", `There is no VM host ${hostId}.`);
  refuseUnconnected(host);
  const pinnedCores = request.pinned_cores.map(coreNumber);
  if (pinnedCores.length > 0 && request.cores !== undefined && request.cores !== pinnedCores.length)
    throw invalidField("cores", `${request.cores} cores and ${pinnedCores.length} pinned ones: give one of the two.`);
  const memoryMib = request.memory ?? USUAL_MEMORY_MIB;
  const plan = planMachine(composable(host), (await guestRows(tx, [host.id])).map(guestOf), {
    cores: request.cores ?? USUAL_CORES,
    pinnedCores,
    memoryMib,
    cpuSpeedMhz: request.cpu_speed,
    architecture: request.architecture ? architectureOf(request.architecture) : undefined,
    storage: request.storage ?? "",
  });
  const attachments = await attach(tx, host, request.interfaces);
  const { hostname, domain } = await nameOf(tx, request);
  const order: VmOrder = {
    name: hostname,
    uuid: randomUUID(),
    architecture: plan.architecture,
    cores: plan.cores,
    pinnedCores,
    memoryMib,
    hugepages: request.hugepages_backed,
    disks: plan.disks,
    interfaces: await Promise.all(attachments.map(async ({ attach: to }) => ({ mac: await freeMac(tx), attach: to }))),
  };
  const vmId = await insertVirtualMachine(tx, {
    vm_host_id: host.id,
    identifier: order.name,
    uuid: order.uuid,
    pinned_cores: pinnedCores,
    unpinned_cores: pinnedCores.length > 0 ? 0 : plan.cores,
    memory_mib: memoryMib,
    hugepages_backed: order.hugepages,
    disks: JSON.stringify(plan.disks),
    composed: true,
    composing_since: ctx.region.now(),
    dynamic,
  });
  const networks = attachments.map(({ vlanId, subnetId }) => ({ vlanId, subnetId }));
  return { vmId, host, order, domain, places: await placesOf(tx, host, request), networks, dynamic };
}

/** Have the host make what was set aside. @throws DomainError as `callHost` */
export async function make(ctx: Ctx, { vmId, host, order, dynamic }: Reserved): Promise<void> {
  try {
    const target = { type: host.type, parameters: readParameters(ctx.region, host) };
    await callHost(ctx.region, { name: `VM host ${host.name}`, rackId: host.rack_id }, "vmHostCompose", {
      ...target,
      machine: order,
    });
  } catch (error) {
    // What came of an order that nobody answered is found out by the next refresh, or by the one after a crash: as a machine that
    // nobody has, where it was asked for by itself; it is removed, where somebody was to have it at once.
    if (!dynamic || !outcomeUnknown(error)) await inTransaction(ctx, (tx) => deleteVirtualMachines(tx, [vmId]));
    throw error;
  }
}

async function settle(ctx: Ctx, tx: Tx, { vmId, host, order, domain, places }: Reserved): Promise<number> {
  const taken = await hostnameIsTaken(tx, order.name, domain);
  const id = await addMachine(ctx, tx, homeOn(ctx, host), {
    ...order,
    // Somebody was faster: the machine is there, so it gets another name.
    hostname: taken ? undefined : order.name,
    domain,
    macs: order.interfaces.map(({ mac }) => mac),
    parameters: vmParameters(order),
  });
  await updateMachine(tx, id, {}, places);
  await updateVirtualMachine(tx, vmId, { node_id: id, composing_since: null, confirmed_at: ctx.region.now() });
  await appendChange(tx, { kind: "update", entity: "vm_host", entityId: host.id });
  await audit(ctx, tx, "POD", `Composed machine '${order.name}' on VM host '${host.name}'.`);
  return id;
}

export const composable = (host: VmHostRow): ComposableHost => ({
  name: host.name,
  capabilities: host.capabilities,
  architectures: host.architectures,
  cores: host.cores,
  cpuSpeedMhz: host.cpu_speed,
  memoryMib: host.memory_mib,
  cpuOverCommitRatio: host.cpu_over_commit_ratio,
  memoryOverCommitRatio: host.memory_over_commit_ratio,
  storagePools: poolsOf(host),
  defaultPool: host.default_storage_pool,
});

function coreNumber(text: string): number {
  if (/^\d{1,4}$/.test(text)) return Number(text);
  throw invalidField("pinned_cores", `"${text}" is no core: give numbers from 0 on.`);
}

function architectureOf(text: string): string {
  const parsed = parseArchitecture(text);
  if ("problem" in parsed) throw invalidField("architecture", parsed.problem);
  return parsed.architecture;
}

async function placesOf(tx: Tx, host: VmHostRow, { zone, pool }: ComposeRequest): Promise<Reserved["places"]> {
  const one = async (name: "zone" | "pool", id: number | undefined, fallback: number, find: typeof zoneId) => {
    if (id === undefined) return fallback;
    const found = await find(tx, String(id));
    if (found === undefined) throw invalidField(name, `There is no ${name} ${id}.`);
    return found;
  };
  return {
    zone_id: await one("zone", zone, host.zone_id, zoneId),
    pool_id: await one("pool", pool, host.pool_id, poolId),
  };
}

const hostnameIsTaken = async (tx: Tx, hostname: string, domain: string): Promise<boolean> =>
  hostnameTaken(tx, Number(domain), hostname, null);

/** The domain as the text of its id. */
async function nameOf(tx: Tx, request: ComposeRequest): Promise<{ hostname: string; domain: string }> {
  const domainId = request.domain ?? (await defaultDomainId(tx));
  await domainName(tx, domainId).catch(() => {
    throw invalidField("domain", `There is no domain ${domainId}.`);
  });
  const domain = String(domainId);
  if (!request.hostname) {
    for (let attempt = 0; attempt < 50; attempt++) {
      const hostname = generateHostname(randomInt);
      if (!(await hostnameIsTaken(tx, hostname, domain))) return { hostname, domain };
    }
    throw new DomainError("conflict", "No free host name was found for the new machine: give it one.");
  }
  const parsed = parseHostname(request.hostname);
  if (!parsed || parsed.domain !== undefined)
    throw invalidField(
      "hostname",
      `"${request.hostname}" is no host name: letters, digits and hyphens, without a domain.`,
    );
  if (await hostnameIsTaken(tx, parsed.hostname, domain))
    throw invalidField("hostname", `Node with hostname '${parsed.hostname}' already exists.`);
  return { hostname: parsed.hostname, domain };
}

/** Networks that machines are put on when nobody says which. */
const USUAL_NETWORKS = ["maas", "default"];

interface Attachment {
  attach: VmAttachment;
  vlanId: number | null;
  subnetId: number | null;
}

async function attach(tx: Tx, host: VmHostRow, interfaces: string | undefined): Promise<Attachment[]> {
  const parts = parseParts({ interfaces });
  if (!parts.interfaces) {
    const to = USUAL_NETWORKS.find((name) => host.networks.includes(name)) ?? host.networks[0];
    if (to !== undefined) return [{ attach: { kind: "network", to }, vlanId: null, subnetId: null }];
    throw invalidField(
      "interfaces",
      `VM host ${host.name} has no network: make one named maas there, then refresh it.`,
    );
  }
  if (host.host_node_id === null)
    throw invalidField(
      "interfaces",
      `It is not known on which networks VM host ${host.name} is, since no machine here has its address: leave interfaces out.`,
    );
  const wants = parts.interfaces;
  const items = (await interfaceItems(tx, [host.host_node_id])).get(host.host_node_id) ?? [];
  const found = matchInterfaces(wants, items);
  if (!found)
    throw invalidField("interfaces", `The machine of VM host ${host.name} has no interfaces that are all of this.`);
  return wants.flatMap((want, at): Attachment[] => {
    const one = found[at]?.[0];
    if (!one) return [];
    const mode = (host.default_macvlan_mode ?? "bridge") as "bridge" | "passthru" | "private" | "vepa";
    const attachment: VmAttachment =
      one.type === "bridge" ? { kind: "bridge", to: one.name } : { kind: "macvlan", to: one.name, mode };
    return [{ attach: attachment, vlanId: one.vlan?.id ?? null, subnetId: subnetFor(want, one) }];
  });
}

/** QEMU's prefix, which is of the locally administered ones. */
async function freeMac(tx: Tx): Promise<string> {
  for (;;) {
    const tail = Array.from({ length: 3 }, () => randomInt(256).toString(16).padStart(2, "0"));
    const mac = ["52", "54", "00", ...tail].join(":");
    if ((await takenMacs(tx, [mac])).length === 0) return mac;
  }
}
