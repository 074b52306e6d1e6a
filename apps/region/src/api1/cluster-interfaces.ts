/** Interfaces of nodegroups of API 1.0: decode, one call, encode. */
import { nodeGroupInterface, nodeGroupInterfaces } from "@rackwright/contract/resources-1.0/clusters";
import * as app from "../app/cluster-interfaces.ts";
import type { Routes } from "../http/route.ts";
import { uuidOf, wireInterface } from "./wire/cluster.ts";

const nameOf = ({ path }: { path: Record<string, string> }) => path.interface ?? "";

export function clusterInterfacesRoutes(routes: Routes): void {
  const { actions: all } = nodeGroupInterfaces;
  const { actions: one } = nodeGroupInterface;
  routes.on(all.list, async (call) => (await app.clusterInterfaces(call.ctx, uuidOf(call))).map(wireInterface));
  routes.on(all.new, async (call) =>
    wireInterface(await app.createClusterInterface(call.ctx, uuidOf(call), call.params)),
  );
  routes.on(one.read, async (call) => wireInterface(await app.clusterInterface(call.ctx, uuidOf(call), nameOf(call))));
  routes.on(one.update, async (call) =>
    wireInterface(await app.updateClusterInterface(call.ctx, uuidOf(call), nameOf(call), call.params)),
  );
  routes.on(one.delete, (call) => app.deleteClusterInterface(call.ctx, uuidOf(call), nameOf(call)));
  routes.on(one.report_foreign_dhcp, async (call) => {
    await app.reportForeignDhcp(call.ctx, uuidOf(call), nameOf(call), call.params.foreign_dhcp_ip);
    return wireInterface(await app.clusterInterface(call.ctx, uuidOf(call), nameOf(call)));
  });
}
