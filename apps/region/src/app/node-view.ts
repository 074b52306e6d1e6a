/** One node of whatever kind, by its system id. */
import type { MachineView } from "@rackwright/db/machine-views";
import { nodeIdBySystemId } from "@rackwright/db/nodes";
import { DomainError } from "@rackwright/domain/errors";
import type { Ctx } from "../context.ts";
import { removeDevice } from "./devices.ts";
import { emptyDetails, machineDetails, powerParametersOf } from "./machine-facts.ts";
import { searchMachines } from "./machine-view.ts";
import { removeMachineOrVm } from "./vm-host-removal.ts";
import type { PowerParameters } from "./power-settings.ts";

/** enums.json NODE_TYPE. */
const MACHINE = 0;
const DEVICE = 1;
const ANY_NODE = [MACHINE, DEVICE, 2, 3, 4];

/** @throws DomainError not_found; forbidden when it is another user's machine */
export async function nodeView(ctx: Ctx, systemId: string): Promise<MachineView> {
  const [view] = await searchMachines(ctx, { id: [systemId] }, { nodeTypes: ANY_NODE });
  if (view) return view;
  if ((await nodeIdBySystemId(ctx.region.db.kysely, systemId)) === undefined)
    throw new DomainError("not_found", "No Node matches the given query.");
  throw new DomainError("forbidden", `${systemId} is not yours to see.`);
}

/** What is no machine is never commissioned, so nothing of it was captured. @throws DomainError not_found, forbidden */
export async function nodeDetails(ctx: Ctx, systemId: string): Promise<Uint8Array> {
  const { row } = await nodeView(ctx, systemId);
  return row.node_type === MACHINE ? machineDetails(ctx, systemId) : emptyDetails();
}

/** Passwords included. @throws DomainError not_found, forbidden */
export async function nodePower(ctx: Ctx, systemId: string): Promise<PowerParameters> {
  return powerParametersOf(ctx, (await nodeView(ctx, systemId)).row);
}

/** @throws DomainError not_found, forbidden; bad_request for a controller */
export async function deleteNodeOfAnyKind(ctx: Ctx, systemId: string): Promise<void> {
  const { row } = await nodeView(ctx, systemId);
  if (row.node_type === MACHINE) return removeMachineOrVm(ctx, systemId, false);
  if (row.node_type === DEVICE) return removeDevice(ctx, systemId);
  throw new DomainError("bad_request", `${row.hostname} is a controller: it is not deleted as a node.`);
}
