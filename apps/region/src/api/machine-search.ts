/** search and search_counts of machines: decode, one call, encode. */
import type { MachineCounts, MachinesPage, MachineSummary } from "@rackwright/contract/objects/machine-search";
import { machines } from "@rackwright/contract/resources/machines";
import { API_ROOT } from "@rackwright/contract/table";
import { statusFromCode, statusLabel } from "@rackwright/domain/machine/status";
import { scrubText } from "@rackwright/domain/recorder/scrub";
import { machineCounts, machinesPage, type OfTheMoment, type SummaryKind } from "../app/machine-search.ts";
import type { Routes } from "../http/route.ts";
import { statusMessage } from "./wire/machine.ts";

const PAGE = 50;
const resourceUri = `${API_ROOT}/machines/`;

type Shared = "fqdn" | "owner" | "pool" | "zone" | "domain" | "tag_names" | "power_checked_at";
type KeptSummary = Omit<MachineSummary, Shared> & { tag_ids: number[] };

export const machineSummary: SummaryKind<KeptSummary> = {
  name: "summary",
  of: (m) => ({
    system_id: m.systemId,
    hostname: m.hostname,
    status: m.status,
    status_name: statusLabel[statusFromCode(m.status)],
    status_message: statusMessage(
      { status: m.status, error_description: m.errorDescription },
      m.eventType === null ? null : { type: m.eventType, description: m.eventText ?? "" },
    ),
    status_since: m.statusSince.toISOString(),
    status_deadline: m.statusDeadline?.toISOString() ?? null,
    waiting_for: m.waitingFor,
    error_description: scrubText(m.errorDescription),
    architecture: m.architecture,
    cpu_count: m.cpuCount,
    memory: m.memoryMib,
    storage: m.storageBytes / 1e6,
    physical_disk_count: m.diskCount,
    tag_ids: m.tagIds,
    power_state: m.powerState,
    power_type: m.powerType,
    ip_addresses: m.addresses,
    mac_address: m.bootMac,
    osystem: m.osystem,
    distro_series: m.distroSeries,
    locked: m.locked,
    description: m.description,
    resource_uri: `${API_ROOT}/machines/${m.systemId}/`,
  }),
};

function wireSummary(summary: KeptSummary, now: OfTheMoment): MachineSummary {
  const { tag_ids: _, ...kept } = summary;
  return {
    ...kept,
    fqdn: `${kept.hostname}.${now.domain}`,
    owner: now.owner,
    pool: now.pool,
    zone: now.zone,
    domain: now.domain,
    tag_names: now.tags,
    power_checked_at: now.powerCheckedAt?.toISOString() ?? null,
  };
}

export function machineSearchRoutes(routes: Routes): void {
  routes.on(machines.actions.search, async ({ ctx, params }): Promise<MachinesPage> => {
    const { filter = "", sort = "name", limit = PAGE, after } = params;
    const { rows, next } = await machinesPage(ctx, { filter, sort, limit, after }, machineSummary);
    return { machines: rows.map(({ kept, now }) => wireSummary(kept, now)), next, resource_uri: resourceUri };
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
