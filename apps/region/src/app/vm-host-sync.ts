/** What a host said that it has, written down: its resources, and its virtual machines as machines of ours. */
import { isIP } from "node:net";
import { appendChange } from "@rackwright/db/change";
import type { Tx } from "@rackwright/db/connect";
import { insertEvents } from "@rackwright/db/history";
import { lockMachineById, readMachineById, updateMachine } from "@rackwright/db/machines";
import { takenMacs } from "@rackwright/db/nodes";
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
import type { VmFacts, VmHostFacts } from "@rackwright/domain/vm-host/facts";
import { actorName, type Ctx } from "../context.ts";
import { changedPowerParameters } from "./power-settings.ts";
import { unwanted } from "./vm-discard.ts";
import { addMachine, freeHostname, homeOn, vmParameters } from "./vm-host-machines.ts";

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
    // That it is a machine of ours may be known without the address: it was deployed as a VM host.
    host_node_id: (await nodeAtAddress(tx, addressesOf(row.power_address))) ?? row.host_node_id,
    refreshed_at: ctx.region.now(),
  });
  const known = await guestRows(tx, [row.id]);
  for (const machine of facts.machines) {
    const vm = known.find(({ uuid }) => uuid === machine.uuid);
    const id =
      vm?.id ?? (await insertVirtualMachine(tx, { vm_host_id: row.id, uuid: machine.uuid, ...columnsOf(machine) }));
    // It goes away soon; or the region that makes it is still at it.
    if (vm?.unwanted_since || (vm?.composing_since && !isStale(vm, seen))) continue;
    // It was made for somebody who has had no answer.
    if (vm?.composing_since && vm.dynamic) {
      await unwanted(ctx.region, tx, vm.id);
      continue;
    }
    const nodeId = vm?.node_id ?? (await machineFor(ctx, tx, row, machine));
    if (vm?.node_id && vm.identifier !== machine.name) await renamed(ctx, tx, vm.node_id, machine);
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

/** It is switched by its name. */
async function renamed(ctx: Ctx, tx: Tx, nodeId: number, machine: VmFacts): Promise<void> {
  const loaded = await lockMachineById(tx, nodeId);
  const columns = loaded && changedPowerParameters(ctx.region, loaded.row, vmParameters(machine));
  if (columns) await updateMachine(tx, nodeId, {}, columns);
}

/** One that we know by its MAC address, else a new one; null for one that no network would show. */
async function machineFor(ctx: Ctx, tx: Tx, host: VmHostRow, machine: VmFacts): Promise<number | null> {
  const macs = [...new Set(machine.interfaces.map(({ mac }) => mac))];
  if (macs.length === 0) return null;
  const [taken] = await takenMacs(tx, macs);
  // A node that is no machine, or is another host's machine, stays what it is.
  if (taken) return (await adoptable(tx, taken.nodeId)) ? taken.nodeId : null;
  const hostname = await freeHostname(tx, machine.name);
  return addMachine(ctx, tx, homeOn(ctx, host), { ...machine, macs, hostname, parameters: vmParameters(machine) });
}

async function adoptable(tx: Tx, nodeId: number): Promise<boolean> {
  return (await readMachineById(tx, nodeId)) !== undefined && (await vmOfNode(tx, nodeId)) === undefined;
}

/** The address in where the host is; none for a name, or for the rack's own. */
function addressesOf(powerAddress: string): string[] {
  const url = URL.canParse(powerAddress) ? new URL(powerAddress) : undefined;
  const host = (url?.hostname ?? powerAddress.replace(/:\d+$/, "")).replace(/^\[|\]$/g, "");
  return isIP(host) === 0 ? [] : [host];
}
