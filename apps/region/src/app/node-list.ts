/** Nodes of all kinds, with what their replies show beyond their rows. */
import { parentSystemIds } from "@rackwright/db/devices";
import type { MachineCriteria } from "@rackwright/db/machine-search";
import type { MachineView, SharedRows } from "@rackwright/db/machine-views";
import { regionProcesses } from "@rackwright/db/region-process";
import type { Ctx } from "../context.ts";
import type { DocumentKind } from "./machine-documents.ts";
import { machineTexts, nodeViewBatches } from "./machine-list.ts";
import { searchMachines } from "./machine-view.ts";
import { nodeView } from "./node-view.ts";
import { linkOf, type RackView } from "./rack-controllers.ts";

export interface AnyNodeView extends RackView {
  /** System id of the node that a device is a part of. */
  parent: string | null;
}

/** Devices, machines, rack controllers, the other region controllers (enums.json NODE_TYPE). */
const MACHINES: readonly number[] = [0];
const KINDS: readonly (readonly number[])[] = [[1], MACHINES, [2, 4], [3]];

/** Kind after kind, each by id; each text is made when it is asked for. @throws DomainError invalid_fields, before the first batch */
export async function* nodeTexts(
  ctx: Ctx,
  criteria: MachineCriteria,
  machines: DocumentKind<MachineView, SharedRows>,
  textOf: (node: AnyNodeView) => () => string,
): AsyncGenerator<(() => string)[]> {
  for (const nodeTypes of KINDS) {
    if (nodeTypes === MACHINES) yield* machineTexts(ctx, criteria, machines);
    else
      for await (const batch of nodeViewBatches(ctx, criteria, { nodeTypes }))
        yield (await withSurroundings(ctx, batch)).map(textOf);
  }
}

export async function nodesWith(ctx: Ctx, criteria: MachineCriteria): Promise<AnyNodeView[]> {
  return withSurroundings(ctx, await searchMachines(ctx, criteria, { nodeTypes: KINDS.flat() }));
}

/** @throws DomainError not_found, forbidden */
export async function anyNode(ctx: Ctx, systemId: string): Promise<AnyNodeView> {
  const [node] = await withSurroundings(ctx, [await nodeView(ctx, systemId)]);
  if (!node) throw new Error("one view became none");
  return node;
}

async function withSurroundings(ctx: Ctx, views: readonly MachineView[]): Promise<AnyNodeView[]> {
  const { kysely } = ctx.region.db;
  const parentIds = views.flatMap(({ row }) => row.parent_id ?? []);
  const parents = parentIds.length === 0 ? new Map<number, string>() : await parentSystemIds(kysely, parentIds);
  const connected = new Map(ctx.region.racks.connected().map((rack) => [rack.nodeId, rack]));
  const regions = views.some(({ row }) => row.node_type === 4) ? await regionProcesses(kysely) : undefined;
  return views.map((view) => {
    const { id, parent_id: parentId } = view.row;
    const region = regions?.get(id);
    return {
      view,
      parent: parentId === null ? null : (parents.get(parentId) ?? null),
      ...linkOf(connected.get(id)),
      ...(region ? { regionRuns: region.running } : {}),
    };
  });
}
