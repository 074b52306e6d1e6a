/** A machine's view as the network that its default gateways are chosen from. */
import type { InterfaceRow, LinkRow, SharedRows } from "@rackwright/db/machine-views";
import type { NodeRow } from "@rackwright/db/machines";
import { modeOf } from "@rackwright/domain/network/link";
import { allocType } from "@rackwright/domain/addressing/alloc-type";
import type { InterfaceLink, InterfaceType, LinkedSubnet, MachineNetwork } from "@rackwright/domain/network/model";

/** What the choice needs of a view. */
export interface NetworkView extends Pick<SharedRows, "vlans" | "subnets"> {
  row: Pick<NodeRow, "boot_interface_id" | "gateway_link_v4_id" | "gateway_link_v6_id">;
  interfaces: readonly Pick<InterfaceRow, "id" | "name" | "type" | "mac" | "enabled" | "vlan_id">[];
  parents: ReadonlyMap<number, number[]>;
  links: ReadonlyMap<number, readonly LinkRow[]>;
}

export function networkOf(v: NetworkView): MachineNetwork {
  const { boot_interface_id: boot, gateway_link_v4_id: v4, gateway_link_v6_id: v6 } = v.row;
  return {
    interfaces: v.interfaces.map((nic) => ({
      id: nic.id,
      name: nic.name,
      type: nic.type as InterfaceType,
      macAddress: nic.mac ?? "",
      enabled: nic.enabled,
      mtu: 1500,
      connected: nic.vlan_id !== null,
      parentIds: v.parents.get(nic.id) ?? [],
      params: {},
      links: (v.links.get(nic.id) ?? []).flatMap((link) => linkOf(v, link)),
    })),
    ...(boot === null ? {} : { bootInterfaceId: boot }),
    ...(v4 === null ? {} : { gatewayLinkIdV4: v4 }),
    ...(v6 === null ? {} : { gatewayLinkIdV6: v6 }),
    otherSearchDomains: [],
    defaultDnsServers: [],
  };
}

function linkOf(v: NetworkView, link: LinkRow): InterfaceLink[] {
  const mode = modeOf({ type: link.allocType, ip: link.ip });
  if (mode === undefined) return [];
  const subnet = subnetOf(v, link.subnetId);
  return [
    {
      id: link.id,
      mode,
      userReserved: link.allocType === allocType.userReserved,
      ...(link.ip === null ? {} : { ip: link.ip }),
      ...(subnet ? { subnet } : {}),
    },
  ];
}

function subnetOf(v: NetworkView, id: number | null): LinkedSubnet | undefined {
  const row = id === null ? undefined : v.subnets.get(id);
  return (
    row && {
      id: row.id,
      cidr: row.cidr,
      ...(row.gateway_ip === null ? {} : { gatewayIp: row.gateway_ip }),
      dnsServers: row.dns_servers,
      allowDns: row.allow_dns,
      vlanDhcpOn: v.vlans.get(row.vlan_id)?.dhcpOn ?? false,
      rackAddresses: [],
      staticRoutes: [],
    }
  );
}
