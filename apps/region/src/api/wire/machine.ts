/** A machine as the API shows it: every key, always (reference: objects-2.0.json, Machine). */
import { AnonMachine, type HardwareInfo, type Machine, type NUMANode } from "@rackwright/contract/objects/machine";
import { API_ROOT } from "@rackwright/contract/table";
import type { MachineView } from "@rackwright/db/machine-views";
import { type EventType, eventTypes } from "@rackwright/domain/machine/event";
import { scrubText } from "@rackwright/domain/recorder/scrub";
import { defaultGateway } from "@rackwright/domain/network/gateway";
import { nextSync } from "@rackwright/domain/machine/lifecycle/hardware-sync";
import { isFailed, statusFromCode, statusLabel } from "@rackwright/domain/machine/status";
import { aggregate, hardwareType, resultType, scriptStatusLabel } from "@rackwright/domain/scripts/status";
import { presetOf } from "../../app/deploy-preset.ts";
import { plainDate } from "./dates.ts";
import { networkOf, type NetworkView } from "./machine-network.ts";
import { allocType, type InterfaceContext, type SharedNetworks, sharedNetworks, wireInterface } from "./network.ts";
import { storageOf } from "../../app/storage-view.ts";
import { wireStorage } from "./machine-storage.ts";

const hardwareKeys = [
  "system_vendor",
  "system_product",
  "system_family",
  "system_version",
  "system_sku",
  "system_serial",
  "cpu_model",
  "mainboard_vendor",
  "mainboard_product",
  "mainboard_serial",
  "mainboard_version",
  "mainboard_firmware_vendor",
  "mainboard_firmware_date",
  "mainboard_firmware_version",
  "chassis_vendor",
  "chassis_type",
  "chassis_serial",
  "chassis_version",
] as const satisfies readonly (keyof HardwareInfo)[];

function hardwareInfo(metadata: ReadonlyMap<string, string>): HardwareInfo {
  return Object.fromEntries(hardwareKeys.map((key) => [key, metadata.get(key) ?? "Unknown"])) as HardwareInfo;
}

export const NODE_TYPE_LABELS = [
  "Machine",
  "Device",
  "Rack controller",
  "Region controller",
  "Region and rack controller",
] as const;

export function interfaceContext(
  v: MachineView,
  shared: SharedNetworks = sharedNetworks(v.vlans, v.subnets),
): InterfaceContext {
  return {
    systemId: v.row.system_id,
    interfaces: v.interfaces,
    parents: v.parents,
    links: v.links,
    shared,
  };
}

/** Status of the results of one kind of run, for one kind of hardware or all. */
function testStatus(v: MachineView, type: number, hardware?: number): number {
  const counted = v.results.filter(
    (r) => r.resultType === type && (hardware === undefined || r.hardwareType === hardware),
  );
  return aggregate(counted.map((r) => r.status));
}

export function addressesOf(v: MachineView): string[] {
  const links = v.interfaces.flatMap((i) => v.links.get(i.id) ?? []);
  const own = links.filter((l) => l.allocType !== allocType.discovered && l.ip !== null);
  return (own.length > 0 ? own : links.filter((l) => l.ip !== null)).map((l) => l.ip ?? "");
}

export function domainObject({ domain: d }: Pick<MachineView, "domain">) {
  return {
    id: d.id,
    name: d.name,
    ttl: d.ttl,
    authoritative: d.authoritative,
    resource_record_count: d.resourceRecordCount,
    is_default: d.is_default,
    resource_uri: `${API_ROOT}/domains/${d.id}/`,
  };
}

export function zoneObject(z: { id: number; name: string; description: string }) {
  return { id: z.id, name: z.name, description: z.description, resource_uri: `${API_ROOT}/zones/${z.name}/` };
}

export function poolObject(p: { id: number; name: string; description: string }) {
  return { id: p.id, name: p.name, description: p.description, resource_uri: `${API_ROOT}/resourcepool/${p.id}/` };
}

export function eventText(type: string): string {
  return type in eventTypes ? eventTypes[type as EventType].text : type;
}

/** Of a machine that failed: why, whatever was seen of it since. */
export function statusMessage(
  row: Pick<MachineView["row"], "status" | "error_description">,
  latest: MachineView["latestEvent"],
): string {
  const status = statusFromCode(row.status);
  if (isFailed(status) && row.error_description !== "")
    return `${statusLabel[status]} - ${scrubText(row.error_description)}`;
  if (!latest) return "";
  const text = eventText(latest.type);
  return latest.description === "" ? text : `${text} - ${scrubText(latest.description)}`;
}

/** The gateways that it is deployed with; `link_id`: of the link that a user chose. */
export function defaultGateways(v: NetworkView): Machine["default_gateways"] {
  const { gateway_link_v4_id: v4, gateway_link_v6_id: v6 } = v.row;
  const network = networkOf(v);
  return {
    ipv4: { gateway_ip: defaultGateway(network, 4)?.via ?? null, link_id: v4 },
    ipv6: { gateway_ip: defaultGateway(network, 6)?.via ?? null, link_id: v6 },
  };
}

/** The VM host by its older name, and the machine that it runs on. */
function livesOn({ vm }: MachineView): Pick<Machine, "parent" | "pod"> {
  const on = vm?.hostSystemId;
  return {
    parent: on ? { system_id: on, resource_uri: `${API_ROOT}/machines/${on}/`, __incomplete__: true } : null,
    pod: vm && { id: vm.hostId, name: vm.hostName, resource_uri: `${API_ROOT}/pods/${vm.hostId}/` },
  };
}

/** What a machine shows that others share, or that follows from that. */
export interface SharedParts
  extends SharedNetworks,
    Pick<Machine, "domain" | "fqdn" | "owner" | "zone" | "pool" | "tag_names" | "default_gateways"> {}

const sharedParts = (v: MachineView): SharedParts => ({
  ...sharedNetworks(v.vlans, v.subnets),
  domain: domainObject(v),
  fqdn: `${v.row.hostname}.${v.domain.name}`,
  owner: v.owner,
  zone: zoneObject(v.zone),
  pool: v.pool ? poolObject(v.pool) : null,
  tag_names: v.tags,
  default_gateways: defaultGateways(v),
});

export const wireMachine = (v: MachineView): Machine => machineWith(v, sharedParts(v));

/** @param shared may be holes, in a text that is kept (machine-document.ts) */
export function machineWith(v: MachineView, shared: SharedParts): Machine {
  const { row } = v;
  const preset = row.osystem === "" ? presetOf(row) : {};
  const status = statusFromCode(row.status);
  const network = interfaceContext(v, shared);
  const interfaces = v.interfaces.map((i) => wireInterface(i, network));
  const bootInterface = interfaces.find((i) => i.id === row.boot_interface_id) ?? interfaces[0] ?? null;
  const commissioning = testStatus(v, resultType.commissioning);
  const tests = (hardware?: number) => testStatus(v, resultType.testing, hardware);
  const named = (name: string, code: number) => ({
    [`${name}_status`]: code,
    [`${name}_status_name`]: scriptStatusLabel[code] ?? "Unknown",
  });
  return {
    system_id: row.system_id,
    hostname: row.hostname,
    description: row.description,
    // Kernels differ in the letters' case; what dmidecode prints is what people look for.
    hardware_uuid: row.hardware_uuid?.toUpperCase() ?? null,
    domain: shared.domain,
    fqdn: shared.fqdn,
    owner: shared.owner,
    owner_data: row.owner_data,
    locked: row.locked,
    bios_boot_method: row.bios_boot_method,
    boot_interface: bootInterface,
    architecture: row.architecture,
    min_hwe_kernel: row.min_hwe_kernel,
    hwe_kernel: row.hwe_kernel ?? preset.hweKernel ?? null,
    cpu_count: row.cpu_count,
    cpu_speed: row.cpu_speed,
    memory: row.memory_mib,
    swap_size: row.swap_size,
    status: row.status,
    // Of a machine that nothing is installed on: what its next deploy installs.
    osystem: row.osystem || (preset.osystem ?? ""),
    distro_series: row.distro_series || (preset.distroSeries ?? ""),
    ephemeral_deploy: row.ephemeral_deploy,
    error_description: scrubText(row.error_description),
    netboot: row.netboot,
    power_type: row.power_type,
    power_state: row.power_state,
    tag_names: shared.tag_names,
    address_ttl: row.address_ttl,
    ip_addresses: addressesOf(v),
    interface_set: interfaces,
    zone: shared.zone,
    pool: shared.pool,
    disable_ipv4: false,
    ...wireStorage(storageOf(v)),
    status_action: "",
    status_message: statusMessage(row, v.latestEvent),
    status_name: statusLabel[status],
    node_type: row.node_type,
    node_type_name: NODE_TYPE_LABELS[row.node_type] ?? "Machine",
    ...livesOn(v),
    default_gateways: shared.default_gateways,
    current_commissioning_result_id: row.commissioning_set_id,
    current_testing_result_id: row.testing_set_id,
    current_installation_result_id: row.installation_set_id,
    ...(named("commissioning", commissioning) as Pick<Machine, "commissioning_status" | "commissioning_status_name">),
    ...(named("testing", tests()) as Pick<Machine, "testing_status" | "testing_status_name">),
    ...(named("cpu_test", tests(hardwareType.cpu)) as Pick<Machine, "cpu_test_status" | "cpu_test_status_name">),
    ...(named("memory_test", tests(hardwareType.memory)) as Pick<
      Machine,
      "memory_test_status" | "memory_test_status_name"
    >),
    ...(named("network_test", tests(hardwareType.network)) as Pick<
      Machine,
      "network_test_status" | "network_test_status_name"
    >),
    ...(named("storage_test", tests(hardwareType.storage)) as Pick<
      Machine,
      "storage_test_status" | "storage_test_status_name"
    >),
    ...(named("other_test", tests(hardwareType.node)) as Pick<Machine, "other_test_status" | "other_test_status_name">),
    ...(named("interface_test", tests(hardwareType.network)) as Pick<
      Machine,
      "interface_test_status" | "interface_test_status_name"
    >),
    hardware_info: hardwareInfo(v.metadata),
    numanode_set: v.numaNodes.map(wireNumaNode),
    virtualmachine_id: v.vm?.vmId ?? null,
    workload_annotations: row.owner_data,
    ...syncFields(row),
    enable_kernel_crash_dump: row.enable_kernel_crash_dump,
    iscsiblockdevice_set: [],
    // Ours, beside the compatible ones: what it waits for, since and until when, and what was last seen of it.
    ...ownFields(v),
    is_sync_healthy: row.enable_hw_sync && status === "deployed" ? !row.sync_silent : null,
    resource_uri: `${API_ROOT}/machines/${row.system_id}/`,
  };
}

/** Without huge pages exactly three keys, as the documentation has it. */
function wireNumaNode({ index, cores, memory_mib, hugepages }: MachineView["numaNodes"][number]): NUMANode {
  const pages = hugepages as unknown as { pageSize: number; total: number }[];
  const sets = pages.map(({ pageSize, total }) => ({ page_size: pageSize, total }));
  return { index, cores, memory: memory_mib, ...(sets.length === 0 ? {} : { hugepages_set: sets }) };
}

function syncFields({
  enable_hw_sync,
  sync_interval_s: interval,
  last_sync: last,
}: MachineView["row"]): Pick<Machine, "last_sync" | "sync_interval" | "next_sync" | "enable_hw_sync"> {
  const next = nextSync({ lastSync: last, syncIntervalS: interval });
  return {
    last_sync: last && plainDate(last),
    sync_interval: interval,
    next_sync: next && plainDate(next),
    enable_hw_sync,
  };
}

function ownFields({
  row,
  lastEvidence: seen,
}: MachineView): Pick<Machine, "waiting_for" | "status_since" | "status_deadline" | "last_evidence" | "warnings"> {
  return {
    waiting_for: row.waiting_for,
    status_since: row.status_since.toISOString(),
    status_deadline: row.status_deadline?.toISOString() ?? null,
    last_evidence: seen && { at: seen.at.toISOString(), source: seen.source, text: seen.text },
    // The database keeps keys in an order of its own.
    warnings: (row.warnings as unknown as Machine["warnings"]).map(({ code, summary, expected, checks }) => ({
      code,
      summary,
      expected,
      checks,
    })),
  };
}

const anonKeys = Object.keys(AnonMachine.shape) as (keyof AnonMachine)[];

/** What an anonymous enlistment gets to see. */
export function wireAnonMachine(v: MachineView): AnonMachine {
  const full = wireMachine(v);
  return Object.fromEntries(anonKeys.map((key) => [key, full[key]])) as AnonMachine;
}
