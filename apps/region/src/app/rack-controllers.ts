/** Rack controllers: what they last said of themselves, and whether they are connected now. */
import type { MachineCriteria } from "@rackwright/db/machine-search";
import type { MachineView } from "@rackwright/db/machine-views";
import { DomainError } from "@rackwright/domain/errors";
import type { Ctx } from "../context.ts";
import { searchMachines } from "./machine-view.ts";

export const RACK_TYPES = [2, 4];

export interface RackView {
  view: MachineView;
  connected: boolean;
}

export async function rackViews(ctx: Ctx, criteria: MachineCriteria): Promise<RackView[]> {
  const connected = new Set(ctx.region.racks.connected().map((r) => r.nodeId));
  const views = await searchMachines(ctx, criteria, { nodeTypes: RACK_TYPES });
  return views.map((view) => ({ view, connected: connected.has(view.row.id) }));
}

/** @throws DomainError not_found */
export async function rackView(ctx: Ctx, systemId: string): Promise<RackView> {
  const [rack] = await rackViews(ctx, { id: [systemId] });
  if (!rack) throw new DomainError("not_found", "No RackController matches the given query.");
  return rack;
}
