/** machines, nodes: what is done to several at once. */
import { machines, nodes } from "@rackwright/contract/resources/machines";
import { cloneMachine } from "../app/machine-clone.ts";
import { moveToZone } from "../app/node-zones.ts";
import type { Routes } from "../http/route.ts";

export function machinesManyRoutes(routes: Routes): void {
  routes.on(machines.actions.set_zone, async ({ ctx, params }) => {
    await moveToZone(ctx, params.nodes, params.zone, [0]);
    return null;
  });
  routes.on(nodes.actions.set_zone, async ({ ctx, params }) => {
    await moveToZone(ctx, params.nodes, params.zone, [0, 1, 2, 3, 4]);
    return null;
  });
  routes.on(machines.actions.clone, ({ ctx, params }) => cloneMachine(ctx, params));
}
