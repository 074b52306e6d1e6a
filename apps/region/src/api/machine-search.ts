/** search and search_counts of machines: decode, one call, encode. */
import type { MachineCounts, MachinesPage, MachineSummary } from "@rackwright/contract/objects/machine-search";
import { machines } from "@rackwright/contract/resources/machines";
import { API_ROOT } from "@rackwright/contract/table";
import type { MachineRow } from "@rackwright/db/machine-pages";
import { statusFromCode, statusLabel } from "@rackwright/domain/machine/status";
import { scrubText } from "@rackwright/domain/recorder/scrub";
import { machineCounts, machinesPage } from "../app/machine-search.ts";
import type { Routes } from "../http/route.ts";
import { statusMessage } from "./wire/machine.ts";

const PAGE = 50;
const resourceUri = `${API_ROOT}/machines/`;

function wireSummary(m: MachineRow): MachineSummary {
  const { eventType: type, eventText } = m;
  return {
    system_id: m.systemId,
    hostname: m.hostname,
    fqdn: `${m.hostname}.${m.domain}`,
    status: m.status,
    status_name: statusLabel[statusFromCode(m.status)],
    status_message: statusMessage(
      { status: m.status, error_description: m.errorDescription },
      type === null ? null : { type, description: eventText ?? "" },
    ),
    status_since: m.statusSince.toISOString(),
    status_deadline: m.statusDeadline?.toISOString() ?? null,
    waiting_for: m.waitingFor,
    error_description: scrubText(m.errorDescription),
    owner: m.owner,
    pool: m.pool,
    zone: m.zone,
    domain: m.domain,
    tag_names: m.tags,
    architecture: m.architecture,
    cpu_count: m.cpuCount,
    memory: m.memoryMib,
    storage: m.storageBytes / 1e6,
    physical_disk_count: m.diskCount,
    power_state: m.powerState,
    power_checked_at: m.powerCheckedAt?.toISOString() ?? null,
    power_type: m.powerType,
    ip_addresses: m.addresses,
    mac_address: m.bootMac,
    osystem: m.osystem,
    distro_series: m.distroSeries,
    locked: m.locked,
    description: m.description,
    resource_uri: `${API_ROOT}/machines/${m.systemId}/`,
  };
}

export function machineSearchRoutes(routes: Routes): void {
  routes.on(machines.actions.search, async ({ ctx, params }): Promise<MachinesPage> => {
    const { rows, next } = await machinesPage(ctx, {
      filter: params.filter ?? "",
      sort: params.sort ?? "name",
      limit: params.limit ?? PAGE,
      after: params.after,
    });
    return { machines: rows.map(wireSummary), next, resource_uri: resourceUri };
  });
  routes.on(machines.actions.search_counts, async ({ ctx, params }): Promise<MachineCounts> => {
    const by = params.by ?? "status";
    const { total, groups } = await machineCounts(ctx, { filter: params.filter ?? "", by });
    const named = (value: string | null) =>
      by === "status" && value !== null ? statusLabel[statusFromCode(Number(value))] : value;
    return {
      total,
      by,
      groups: groups.map(({ value, count }) => ({ value: named(value), count })),
      resource_uri: resourceUri,
    };
  });
}
