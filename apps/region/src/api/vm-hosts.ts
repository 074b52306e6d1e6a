/** vm-hosts, pods, vm-clusters, virtual-machines: decode, one call, encode. */
import { virtualMachine, virtualMachines } from "@rackwright/contract/resources/virtual-machines";
import { vmCluster, vmClusters } from "@rackwright/contract/resources/vm-clusters";
import { pod, pods, vmHost, vmHosts } from "@rackwright/contract/resources/vm-hosts";
import { API_ROOT } from "@rackwright/contract/table";
import { machineView } from "../app/machine-view.ts";
import * as clusters from "../app/vm-clusters.ts";
import { composeMachine } from "../app/vm-host-compose.ts";
import { removeVmHost } from "../app/vm-host-removal.ts";
import * as app from "../app/vm-hosts.ts";
import type { Ctx } from "../context.ts";
import { plainText } from "../http/reply.ts";
import type { Routes } from "../http/route.ts";
import { idOf } from "./wire/path-id.ts";
import { wireVirtualMachine, wireVmCluster, wireVmHost } from "./wire/vm-host.ts";

type Called = { path: Record<string, string> };
const hostId = (call: Called) => idOf(call, "VM host");
const clusterId = (call: Called) => idOf(call, "VM cluster");

const shown = async (ctx: Ctx, id: number) => wireVmHost(await app.vmHost(ctx, id));

export function vmHostsRoutes(routes: Routes): void {
  for (const many of [vmHosts, pods]) {
    routes.on(many.actions.read, async ({ ctx }) => (await app.vmHosts(ctx)).map(wireVmHost));
    routes.on(many.actions.create, async ({ ctx, params }) => shown(ctx, await app.createVmHost(ctx, params)));
  }
  for (const { actions } of [vmHost, pod]) {
    routes.on(actions.read, (call) => shown(call.ctx, hostId(call)));
    routes.on(actions.update, async (call) => {
      await app.updateVmHost(call.ctx, hostId(call), call.params);
      return shown(call.ctx, hostId(call));
    });
    routes.on(actions.delete, (call) => removeVmHost(call.ctx, hostId(call), call.params.decompose));
    routes.on(actions.parameters, (call) => app.vmHostParameters(call.ctx, hostId(call)));
    routes.on(actions.refresh, async (call) => {
      await app.refreshVmHost(call.ctx, hostId(call));
      return shown(call.ctx, hostId(call));
    });
    routes.on(actions.compose, async (call) => {
      const { row } = await machineView(call.ctx, await composeMachine(call.ctx, hostId(call), call.params));
      return { system_id: row.system_id, resource_uri: `${API_ROOT}/machines/${row.system_id}/` };
    });
    for (const [action, on] of [
      [actions.add_tag, true],
      [actions.remove_tag, false],
    ] as const)
      routes.on(action, async (call) => {
        await app.tagVmHost(call.ctx, hostId(call), call.params.tag, on);
        return shown(call.ctx, hostId(call));
      });
  }
  routes.on(vmClusters.actions.read, async ({ ctx }) => (await clusters.vmClusters(ctx)).map(wireVmCluster));
  routes.on(vmCluster.actions.read, async (call) => wireVmCluster(await clusters.vmCluster(call.ctx, clusterId(call))));
  routes.on(vmCluster.actions.update, async (call) => {
    await clusters.updateVmCluster(call.ctx, clusterId(call), call.params);
    return wireVmCluster(await clusters.vmCluster(call.ctx, clusterId(call)));
  });
  routes.on(vmCluster.actions.delete, (call) =>
    clusters.removeVmCluster(call.ctx, clusterId(call), call.params.decompose),
  );
  routes.on(virtualMachines.actions.read, async ({ ctx }) =>
    (await clusters.virtualMachines(ctx)).map(wireVirtualMachine),
  );
  routes.on(virtualMachines.actions.create, async () =>
    plainText("Virtual machines are made by their hosts: use compose on a VM host."),
  );
  routes.on(virtualMachine.actions.read, async (call) =>
    wireVirtualMachine(await clusters.virtualMachine(call.ctx, idOf(call, "virtual machine"))),
  );
}
