/** nodegroups and nodegroup of API 1.0: decode, one call, encode. */
import { nodeGroup, nodeGroups } from "@rackwright/contract/resources-1.0/clusters";
import { oldPowerTypes } from "@rackwright/power/old-types";
import { powerDrivers } from "@rackwright/power/registry";
import * as reports from "../app/cluster-reports.ts";
import { clusterDetails, clusterMachines } from "../app/cluster-worker.ts";
import * as app from "../app/clusters.ts";
import { probeHardware } from "../app/old-probe.ts";
import { plainText, Raw } from "../http/reply.ts";
import type { Routes } from "../http/route.ts";
import { wireToken } from "./account.ts";
import { clusterInterfacesRoutes } from "./cluster-interfaces.ts";
import { uuidOf, wireCluster, wirePowerType } from "./wire/cluster.ts";

/** An answer without a word. */
const nothing = () => plainText("");

export function clustersRoutes(routes: Routes): void {
  const { actions } = nodeGroups;
  routes.on(actions.list, async ({ ctx }) => (await app.clusterViews(ctx)).map(wireCluster));
  // The nine of 1.0 as they were there, then what we have beyond them.
  routes.on(actions.describe_power_types, async () =>
    [...oldPowerTypes.values(), ...[...powerDrivers.values()].filter(({ name }) => !oldPowerTypes.has(name))].map(
      wirePowerType,
    ),
  );
  routes.on(actions.accept, async ({ ctx, params }) => {
    await app.judgeClusters(ctx, params.uuid, app.clusterStatus.accepted);
    return plainText("Nodegroup(s) accepted.");
  });
  routes.on(actions.reject, async ({ ctx, params }) => {
    await app.judgeClusters(ctx, params.uuid, app.clusterStatus.rejected);
    return plainText("Nodegroup(s) rejected.");
  });
  routes.on(actions.import_boot_images, async ({ ctx }) => {
    await app.importImages(ctx);
    return plainText("Import of boot images started on all cluster controllers");
  });
  clusterRoutes(routes);
  clusterInterfacesRoutes(routes);
}

function clusterRoutes(routes: Routes): void {
  const { actions } = nodeGroup;
  routes.on(actions.read, async (call) => wireCluster(await app.clusterOf(call.ctx, uuidOf(call))));
  routes.on(actions.update, async (call) => {
    const { name, cluster_name: clusterName, status } = call.params;
    const change = { name, clusterName, ...(status === undefined ? {} : { status: Number(status) }) };
    return wireCluster(await app.updateCluster(call.ctx, uuidOf(call), change));
  });
  routes.on(actions.list_nodes, (call) => clusterMachines(call.ctx, uuidOf(call)));
  routes.on(
    actions.details,
    async (call) => new Raw(await clusterDetails(call.ctx, uuidOf(call), call.params.system_ids), "application/bson"),
  );
  routes.on(actions.import_boot_images, async (call) => {
    await app.importImages(call.ctx, uuidOf(call));
    return plainText(`Import of boot images started on cluster ${uuidOf(call)}`);
  });
  routes.on(actions.probe_and_enlist_hardware, async ({ ctx, path, params }) => {
    const { model, mac, username, password, power_control, power_address, power_pass } = params;
    await probeHardware(ctx, path.uuid ?? "", {
      model,
      mac,
      username,
      password,
      powerControl: power_control,
      powerAddress: power_address,
      powerPass: power_pass,
    });
    return nothing();
  });
  routes.on(actions.probe_and_enlist_ucsm, async ({ ctx, path, params: { url, username, password } }) => {
    await probeHardware(ctx, path.uuid ?? "", { model: "ucsm", powerAddress: url, username, password });
    return nothing();
  });
  routes.on(actions.report_download_progress, async (call) => {
    const { filename, size, bytes_downloaded: bytesDownloaded, error } = call.params;
    await reports.reportDownload(call.ctx, uuidOf(call), filename, { size, bytesDownloaded, error });
    return nothing();
  });
  routes.on(actions.update_leases, async (call) => {
    await reports.reportLeases(call.ctx, uuidOf(call), call.params.leases);
    return plainText("Leases updated.");
  });
  routes.on(actions.worker_key, async (call) =>
    wireToken(await app.workerKey(call.ctx, uuidOf(call), call.params.renew ?? false)),
  );
}
