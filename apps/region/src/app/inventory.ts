/** What a commissioning found beside what the one before it found: remembered, told as an event, and shown when it is asked for. */
import type { Tx } from "@rackwright/db/connect";
import { insertEvents } from "@rackwright/db/history";
import {
  confirmInventory,
  insertInventory,
  inventoriesOf,
  type InventoryRow,
  replaceInventory,
} from "@rackwright/db/inventories";
import { type LoadedMachine, readMachineById } from "@rackwright/db/machines";
import { invalidField } from "@rackwright/domain/errors";
import { inventoryOf, withSwitchPorts } from "@rackwright/domain/hardware/inventory";
import {
  type ChangedPart,
  compareInventories,
  comparePorts,
  type InventoryChange,
  isLoss,
  isNews,
} from "@rackwright/domain/hardware/inventory-diff";
import { lldpPorts } from "@rackwright/domain/hardware/lldp";
import type { HardwareReport } from "@rackwright/domain/hardware/report";
import { event, type EventType } from "@rackwright/domain/machine/event";
import type { Machine } from "@rackwright/domain/machine/machine";
import type { Ctx } from "../context.ts";
import { viewableMachine } from "./machines.ts";

/** Of one event: who wants all of them asks for the comparison. */
const MOST_TOLD = 12;

/** The caller holds the machine's row, in `tx`. */
export async function noteInventory(tx: Tx, machine: Machine, report: HardwareReport): Promise<void> {
  const [newest] = await inventoriesOf(tx, machine.id, 1);
  const inventory = inventoryOf(report);
  const preflight = report.preflight ?? null;
  const changes = newest ? compareInventories(newest.inventory, inventory) : [];
  const setId = machine.commissioningSetId;
  // A deployed machine tells the same again and again, with one set of scripts.
  if (newest && newest.setId === setId && changes.length === 0) return confirmInventory(tx, newest.id, preflight);
  await insertInventory(tx, { nodeId: machine.id, setId, inventory, preflight });
  await tell(tx, machine, changes);
}

/** What cards are plugged into is heard after the rest was told. The caller holds the machine's row. */
export async function noteSwitchPorts(tx: Tx, machineId: number, lldp: string): Promise<void> {
  const [newest, before] = await inventoriesOf(tx, machineId, 2);
  const loaded = newest && (await readMachineById(tx, machineId));
  if (!loaded) return;
  const inventory = withSwitchPorts(newest.inventory, lldpPorts(lldp));
  await replaceInventory(tx, newest.id, inventory);
  // Neighbours may be listened to again for one inventory: what was said of the move then is not said twice.
  const known = newest.inventory.nics.some((nic) => nic.switchPort !== undefined);
  const earlier = known ? newest : before;
  if (earlier) await tell(tx, loaded.machine, comparePorts(earlier.inventory, inventory));
}

async function tell(tx: Tx, machine: Machine, all: readonly InventoryChange[]): Promise<void> {
  const news = all.filter(isNews);
  const { id: nodeId, hostname, bootEpoch } = machine;
  // Of a system in use: one event for each part, so that they can be followed by their type.
  const types = machine.status === "deployed" ? syncTypes : {};
  const groups = Map.groupBy(
    news,
    ({ part }) =>
      types[part] ??
      (news.some((change) => !types[change.part] && isLoss(change)) ? "HARDWARE_LOST" : "HARDWARE_CHANGED"),
  );
  const events = [...groups].map(([type, changes]) => event(type, `${words(changes)}.`));
  await insertEvents(tx, { nodeId, hostname, username: null, bootEpoch }, events);
}

const syncTypes: Partial<Record<ChangedPart, EventType>> = {
  cpu: "NODE_HARDWARE_SYNC_CPU",
  memory: "NODE_HARDWARE_SYNC_MEMORY",
  disk: "NODE_HARDWARE_SYNC_BLOCK_DEVICE",
  nic: "NODE_HARDWARE_SYNC_INTERFACE",
  device: "NODE_HARDWARE_SYNC_PCI_DEVICE",
};

function words(changes: readonly InventoryChange[]): string {
  const told = changes.slice(0, MOST_TOLD).map(({ text }) => text);
  if (changes.length > MOST_TOLD) told.push(`${changes.length - MOST_TOLD} more (machine inventory-diff)`);
  return told.join("; ");
}

export interface InventoryComparison {
  loaded: LoadedMachine;
  from: InventoryRow | undefined;
  to: InventoryRow | undefined;
  changes: InventoryChange[];
  /** All that are kept, the newest first. */
  known: readonly InventoryRow[];
}

/**
 * @param chosen commissionings, by the id of their script sets; default: the newest, and the one before it
 * @throws DomainError not_found, forbidden, invalid_fields
 */
export async function inventoryDiff(
  ctx: Ctx,
  systemId: string,
  chosen: { from?: number | undefined; to?: number | undefined },
): Promise<InventoryComparison> {
  const loaded = await viewableMachine(ctx, systemId);
  const known = await inventoriesOf(ctx.region.db.kysely, loaded.machine.id);
  const named = (field: "from" | "to"): InventoryRow | undefined => {
    const found = known.find(({ setId }) => setId === chosen[field]);
    if (found) return found;
    const ids = [...new Set(known.map(({ setId }) => setId))].join(", ");
    const which = ids === "" ? "no inventory of this machine is kept: commission it" : `kept are those of ${ids}`;
    throw invalidField(field, `no inventory of the commissioning ${chosen[field]} is kept; ${which}.`);
  };
  const to = chosen.to === undefined ? known[0] : named("to");
  const from = chosen.from === undefined ? known.find(({ id }) => to !== undefined && id < to.id) : named("from");
  return { loaded, from, to, changes: from && to ? compareInventories(from.inventory, to.inventory) : [], known };
}
