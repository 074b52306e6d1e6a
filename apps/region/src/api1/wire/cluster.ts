/** Clusters, their interfaces and power types as API 1.0 shows them. */
import type { NodeGroup, NodeGroupInterface, PowerType } from "@rackwright/contract/objects-1.0";
import type { PowerDriver, Setting } from "@rackwright/power/driver";
import type { ClusterInterfaceView } from "../../app/cluster-interfaces.ts";
import type { ClusterView } from "../../app/clusters.ts";

export const uuidOf = ({ path }: { path: Record<string, string> }): string => path.uuid ?? "";

export const wireCluster = ({ uuid, status, zone, clusterName }: ClusterView): NodeGroup => ({
  uuid,
  status,
  name: zone,
  cluster_name: clusterName,
});

/** The gateway can be set, and is not shown. */
export const wireInterface = (row: ClusterInterfaceView): NodeGroupInterface => ({
  name: row.name,
  ip: row.ip,
  management: row.management,
  interface: row.name,
  subnet_mask: row.subnet_mask,
  broadcast_ip: row.broadcast_ip,
  ip_range_low: row.ip_range_low,
  ip_range_high: row.ip_range_high,
  // What DHCP does not hand out is not a range of its own here.
  static_ip_range_low: null,
  static_ip_range_high: null,
});

const fieldTypes: Record<Setting["kind"], string> = {
  text: "string",
  url: "string",
  password: "string",
  choice: "choice",
  choices: "multiple_choice",
  mac: "mac_address",
};

export const wirePowerType = ({ name, description, settings }: PowerDriver): PowerType => ({
  name,
  description,
  fields: Object.entries(settings).map(([field, s]) => ({
    name: field,
    label: s.label,
    required: s.required ?? false,
    field_type: fieldTypes[s.kind],
    choices: (s.choices ?? []).map((c): [string, string] => [c.value, c.label]),
    default: typeof s.default === "string" ? s.default : s.kind === "choices" ? [...(s.default ?? [])] : "",
  })),
});
