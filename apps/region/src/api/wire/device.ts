/** Devices and reserved addresses as the API shows them (reference: objects-2.0.json). */
import type { StaticIPAddress } from "@rackwright/contract/objects/address";
import type { Device } from "@rackwright/contract/objects/device";
import { API_ROOT } from "@rackwright/contract/table";
import type { DeviceView } from "../../app/devices.ts";
import type { AddressView } from "../../app/ip-addresses.ts";
import { addressesOf, domainObject, interfaceContext, NODE_TYPE_LABELS, zoneObject } from "./machine.ts";
import { allocType, type InterfaceContext, sharedNetworks, wireInterface, wireSubnet } from "./network.ts";

export function wireDevice({ view, parent }: DeviceView): Device {
  const { row } = view;
  const network = interfaceContext(view);
  const annotations = row.owner_data as Record<string, string>;
  return {
    system_id: row.system_id,
    hostname: row.hostname,
    description: row.description,
    domain: domainObject(view),
    fqdn: `${row.hostname}.${view.domain.name}`,
    owner: view.owner,
    owner_data: annotations,
    parent,
    tag_names: view.tags,
    address_ttl: row.address_ttl,
    ip_addresses: addressesOf(view),
    interface_set: view.interfaces.map((nic) => wireInterface(nic, network)),
    zone: zoneObject(view.zone),
    node_type: row.node_type,
    node_type_name: NODE_TYPE_LABELS[row.node_type] ?? "Device",
    workload_annotations: annotations,
    resource_uri: `${API_ROOT}/devices/${row.system_id}/`,
  };
}

const ALLOC_LABELS: Record<number, string> = {
  [allocType.auto]: "Automatic",
  [allocType.sticky]: "Static",
  [allocType.userReserved]: "User reserved",
  [allocType.dhcp]: "DHCP",
  [allocType.discovered]: "Observed",
};

export function wireAddress({ address, subnet, node, unknown, vlans }: AddressView): StaticIPAddress {
  const alone: InterfaceContext = {
    systemId: null,
    interfaces: unknown ? [unknown] : [],
    parents: new Map(),
    links: new Map(),
    shared: sharedNetworks(vlans, new Map(subnet ? [[subnet.id, subnet]] : [])),
  };
  const nic = unknown ?? node?.interfaces.find((each) => each.id === address.interfaceId);
  return {
    created: address.createdAt.toISOString(),
    ip: address.ip,
    alloc_type: address.allocType,
    alloc_type_name: ALLOC_LABELS[address.allocType] ?? "",
    subnet: subnet && wireSubnet(subnet, vlans),
    owner:
      address.username === null
        ? null
        : {
            username: address.username,
            email: address.email ?? "",
            is_local: true,
            is_superuser: address.isSuperuser ?? false,
            resource_uri: `${API_ROOT}/users/${address.username}/`,
          },
    interface_set: nic ? [wireInterface(nic, node ? interfaceContext(node) : alone)] : [],
    resource_uri: `${API_ROOT}/ipaddresses/`,
  };
}
