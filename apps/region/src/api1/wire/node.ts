/** A machine as API 1.0 shows it: every key, always. */
import type { MacAddress, Node, Zone } from "@rackwright/contract/objects-1.0";
import { status10 } from "@rackwright/contract/status-1-0";
import { API_1_0_ROOT } from "@rackwright/contract/table-1.0";
import type { MachineView } from "@rackwright/db/machine-views";
import { addressesOf } from "../../api/wire/machine.ts";

const BYTES_PER_MB = 1_000_000;

export const wireZone = ({ name, description }: { name: string; description: string }): Zone => ({
  name,
  description,
  resource_uri: `${API_1_0_ROOT}/zones/${encodeURIComponent(name)}/`,
});

export const nodeUri = (systemId: string): string => `${API_1_0_ROOT}/nodes/${systemId}/`;

export const wireMac = (systemId: string, mac: string): MacAddress => ({
  mac_address: mac,
  resource_uri: `${nodeUri(systemId)}macs/${mac}/`,
});

/** Of physical interfaces, in the order in which they were made. */
export function macsOf(v: MachineView): MacAddress[] {
  const physical = v.interfaces.filter((i) => i.type === "physical").sort((a, b) => a.id - b.id);
  return physical.flatMap((i) => (i.mac === null ? [] : [wireMac(v.row.system_id, i.mac)]));
}

function storageMb({ row, blockDevices }: MachineView): number {
  const disks = blockDevices.filter((disk) => disk.type === "physical");
  if (disks.length === 0) return row.stated_storage_mb ?? 0;
  return Math.floor(disks.reduce((sum, disk) => sum + disk.size_bytes, 0) / BYTES_PER_MB);
}

export function wireNode(v: MachineView): Node {
  const { row } = v;
  return {
    system_id: row.system_id,
    hostname: `${row.hostname}.${v.domain.name}`,
    owner: v.owner,
    macaddress_set: macsOf(v),
    architecture: row.architecture ?? "",
    cpu_count: row.cpu_count,
    memory: row.memory_mib,
    storage: storageMb(v),
    status: status10(row.status, row.owner_id !== null),
    substatus: row.status,
    osystem: row.osystem,
    distro_series: row.distro_series,
    netboot: row.netboot,
    power_type: row.power_type,
    power_state: row.power_state,
    tag_names: v.tags,
    ip_addresses: addressesOf(v),
    routers: row.routers,
    zone: wireZone(v.zone),
    disable_ipv4: false,
    resource_uri: nodeUri(row.system_id),
  };
}
