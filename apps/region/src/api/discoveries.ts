/** discoveries, discovery: decode, one call, encode. */
import type { Discovery, ScanResult } from "@rackwright/contract/objects/discovery";
import { discoveries as all, discovery } from "@rackwright/contract/resources/discoveries";
import { API_ROOT } from "@rackwright/contract/table";
import type { DiscoveryRow } from "@rackwright/db/discoveries";
import { clearDiscoveries, clearPair, discoveries, discoveryId, discoveryOf } from "../app/discoveries.ts";
import { type Scan, type ScanRack, scanNetworks } from "../app/discovery-scan.ts";
import type { Routes } from "../http/route.ts";

function shown(row: DiscoveryRow): Discovery {
  const id = discoveryId(row);
  return {
    discovery_id: id,
    ip: row.ip,
    mac_address: row.mac,
    // We carry no list of makers.
    mac_organization: null,
    last_seen: row.seenAt.toISOString(),
    hostname: row.hostname,
    fabric_name: row.fabricName,
    vid: row.vid,
    observer: {
      system_id: row.systemId,
      hostname: row.observer,
      interface_id: row.interfaceId,
      interface_name: row.interfaceName,
    },
    resource_uri: `${API_ROOT}/discovery/${id}/`,
  };
}

function shownScan(scan: Scan): ScanResult {
  const named = (racks: readonly ScanRack[]) =>
    racks.map(({ systemId, hostname }) => ({ system_id: systemId, hostname }));
  return {
    result: scan.result,
    scan_attempted_on: named(scan.attempted),
    failed_to_connect_to: named(scan.away),
    scan_started_on: named(scan.started),
    scan_failed_on: named(scan.failed),
    rpc_call_timed_out_on: named(scan.silent),
    failures: scan.failures,
  };
}

export function discoveriesRoutes(routes: Routes): void {
  const { actions } = all;
  routes.on(actions.read, async ({ ctx }) => (await discoveries(ctx)).map(shown));
  routes.on(actions.by_unknown_ip, async ({ ctx }) => (await discoveries(ctx, { unknownIp: true })).map(shown));
  routes.on(actions.by_unknown_mac, async ({ ctx }) => (await discoveries(ctx, { unknownMac: true })).map(shown));
  routes.on(actions.by_unknown_ip_and_mac, async ({ ctx }) =>
    (await discoveries(ctx, { unknownIp: true, unknownMac: true })).map(shown),
  );
  routes.on(actions.scan, async ({ ctx, params }) =>
    shownScan(
      await scanNetworks(ctx, {
        cidrs: params.cidr,
        force: params.force,
        alwaysUsePing: params.always_use_ping,
        slow: params.slow,
        threads: params.threads ?? null,
      }),
    ),
  );
  routes.on(actions.clear, ({ ctx, params }) => clearDiscoveries(ctx, params));
  routes.on(actions.clear_by_mac_and_ip, ({ ctx, params }) => clearPair(ctx, params));
  routes.on(discovery.actions.read, async ({ ctx, path }) => shown(await discoveryOf(ctx, path.discovery_id ?? "")));
}
