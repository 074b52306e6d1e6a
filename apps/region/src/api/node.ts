/** nodes/ID: decode, one call, encode. */
import { node } from "@rackwright/contract/resources/node";
import { anyNode } from "../app/node-list.ts";
import { deleteNodeOfAnyKind, nodeDetails, nodePower } from "../app/node-view.ts";
import { Raw } from "../http/reply.ts";
import type { Routes } from "../http/route.ts";
import { wireNode } from "./wire/node.ts";

const idOf = ({ path }: { path: Record<string, string> }) => path.system_id ?? "";

export function nodeRoutes(routes: Routes): void {
  const { actions } = node;
  routes.on(actions.read, async (call) => wireNode(await anyNode(call.ctx, idOf(call))));
  routes.on(actions.delete, (call) => deleteNodeOfAnyKind(call.ctx, idOf(call)));
  routes.on(actions.details, async (call) => new Raw(await nodeDetails(call.ctx, idOf(call)), "application/bson"));
  routes.on(actions.power_parameters, (call) => nodePower(call.ctx, idOf(call)));
}
