/** What a host said that it has, written down: its resources, and its virtual machines as machines of ours. */
import { isIP } from "node:net";
import { appendChange } from "@rackwright/db/change";
import type { Tx } from "@rackwright/db/connect";
import { insertEvents } from "@rackwright/db/history";
import { readMachineById, updateMachine } from "@rackwright/db/machines";
import { defaultDomainId, hostnameTaken, takenMacs } from "@rackwright/db/nodes";
import {
  deleteVirtualMachines,
  guestRows,
  insertVirtualMachine,
  nodeAtAddress,
  updateVirtualMachine,
  updateVmHost,
  type VirtualMachineRow,
  type VmHostRow,
  vmOfNode,
} from "@rackwright/db/vm-hosts";
import { parseHostname } from "@rackwright/domain/machine/names";
import type { VmFacts, VmHostFacts } from "@rackwright/domain/vm-host/facts";
import { domainComplaint } from "@rackwright/power/drivers/virsh-tool";
import { actorName, type Ctx } from "../context.ts";
import { insertMachine } from "./machines.ts";
import { machineParameters, readParameters } from "./vm-host-settings.ts";

/** An order that is older has been given up: the region that gave it has ended. */
const COMPOSING_MS = 10 * 60_000;

export interface Seen {
  facts: VmHostFacts;
  rackId: number;
  /** When the question was asked: what was made since need not be in the answer. */
  askedAt: Date;
}

/** @param row locked */
export async function applyFacts(ctx: Ctx, tx: Tx, row: VmHostRow, seen: Seen): Promise<void> {
  const { facts } = seen;
  await updateVmHost(tx, row.id, {
    architectures: facts.architectures,
    capabilities: facts.capabilities,
    version: facts.version,
    cores: facts.cores,
    cpu_speed: facts.cpuSpeedMhz,
    memory_mib: facts.memoryMib,
    storage_pools: JSON.stringify(facts.pools),
    networks: facts.networks,
    rack_id: seen.rackId,
    host_node_id: (await nodeAtAddress(tx, addressesOf(row.power_address))) ?? null,
    refreshed_at: ctx.region.now(),
  });
  const known = await guestRows(tx, [row.id]);
  for (const machine of facts.machines) {
    const vm = known.find(({ uuid }) => uuid === machine.uuid);
    const id =
      vm?.id ?? (await insertVirtualMachine(tx, { vm_host_id: row.id, uuid: machine.uuid, ...columnsOf(machine) }));
    if (vm?.composing_since && !isStale(vm, seen)) continue;
    const nodeId = vm?.node_id ?? (await machineFor(ctx, tx, row, machine));
    await updateVirtualMachine(tx, id, {
      ...columnsOf(machine),
      node_id: nodeId,
      composing_since: null,
      confirmed_at: seen.askedAt,
    });
  }
  const gone = known.filter((vm) => isGone(vm, seen));
  await deleteVirtualMachines(
    tx,
    gone.map(({ id }) => id),
  );
  for (const vm of gone) await tellGone(ctx, tx, row, vm);
}

function columnsOf(machine: VmFacts): Record<string, unknown> {
  return {
    identifier: machine.name,
    pinned_cores: machine.pinnedCores,
    unpinned_cores: Math.max(0, machine.cores - machine.pinnedCores.length),
    memory_mib: machine.memoryMib,
    hugepages_backed: machine.hugepages,
    disks: JSON.stringify(machine.disks),
  };
}

const isStale = (vm: VirtualMachineRow, { askedAt }: Seen) =>
  vm.composing_since !== null && vm.composing_since.getTime() < askedAt.getTime() - COMPOSING_MS;

function isGone(vm: VirtualMachineRow, seen: Seen): boolean {
  if (seen.facts.machines.some(({ uuid }) => uuid === vm.uuid)) return false;
  if (vm.composing_since !== null) return isStale(vm, seen);
  return (vm.confirmed_at ?? vm.created_at) < seen.askedAt;
}

async function tellGone(ctx: Ctx, tx: Tx, host: VmHostRow, vm: VirtualMachineRow): Promise<void> {
  const loaded = vm.node_id === null ? undefined : await readMachineById(tx, vm.node_id);
  if (!loaded) return;
  const { id, hostname, systemId } = loaded.machine;
  await insertEvents(tx, { nodeId: id, hostname, username: actorName(ctx.actor) }, [
    {
      type: "NODE",
      description: `Its virtual machine is gone from VM host '${host.name}': delete it, or make it there again.`,
    },
  ]);
  await appendChange(tx, { kind: "update", entity: "machine", entityId: systemId });
}

/** One that we know by its MAC address, else a new one; null for one that no network would show. */
async function machineFor(ctx: Ctx, tx: Tx, host: VmHostRow, machine: VmFacts): Promise<number | null> {
  const macs = [...new Set(machine.interfaces.map(({ mac }) => mac))];
  if (macs.length === 0) return null;
  const [taken] = await takenMacs(tx, macs);
  // A node that is no machine, or is another host's machine, stays what it is.
  if (taken) return (await adoptable(tx, taken.nodeId)) ? taken.nodeId : null;
  // Names of hypervisors need not be host names, and may be taken: one is made up then.
  const parsed = parseHostname(machine.name);
  const free = parsed && !parsed.domain && !(await hostnameTaken(tx, await defaultDomainId(tx), parsed.hostname, null));
  return addMachine(ctx, tx, host, { ...machine, macs, hostname: free ? parsed.hostname : undefined });
}

async function adoptable(tx: Tx, nodeId: number): Promise<boolean> {
  return (await readMachineById(tx, nodeId)) !== undefined && (await vmOfNode(tx, nodeId)) === undefined;
}

export interface NewVm {
  name: string;
  uuid: string;
  /** undefined, or taken: one is made up. */
  hostname: string | undefined;
  domain?: string | undefined;
  architecture: string;
  cores: number;
  memoryMib: number;
  macs: string[];
}

/** A machine that is New, switched by its host's libvirt, in the host's zone and pool. @returns its id */
export async function addMachine(ctx: Ctx, tx: Tx, host: VmHostRow, vm: NewVm): Promise<number> {
  const id = await insertMachine(
    ctx,
    tx,
    {
      hostname: vm.hostname,
      domain: vm.domain,
      architecture: vm.architecture,
      power_type: host.type,
      macAddresses: vm.macs,
      commission: false,
      deployed: false,
      address: "",
      power: { given: machineParameters(readParameters(ctx.region, host), powerIdOf(vm)), skipCheck: true },
      options: {
        enableSsh: false,
        skipBmcConfig: true,
        skipNetworking: false,
        skipStorage: false,
        commissioningScripts: [],
        testingScripts: [],
        scriptParams: {},
        comment: "",
      },
    },
    vm.macs,
  );
  await updateMachine(
    tx,
    id,
    {},
    {
      zone_id: host.zone_id,
      pool_id: host.pool_id,
      cpu_count: vm.cores,
      cpu_speed: host.cpu_speed,
      memory_mib: vm.memoryMib,
    },
  );
  return id;
}

/** The name that people know, where the driver takes it. */
const powerIdOf = ({ name, uuid }: NewVm): string => (domainComplaint(name) === undefined ? name : uuid);

/** The address in where the host is; none for a name, or for the rack's own. */
function addressesOf(powerAddress: string): string[] {
  const url = URL.canParse(powerAddress) ? new URL(powerAddress) : undefined;
  const host = (url?.hostname ?? powerAddress.replace(/:\d+$/, "")).replace(/^\[|\]$/g, "");
  return isIP(host) === 0 ? [] : [host];
}
