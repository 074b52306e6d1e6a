/** Spaces, routes, reserved addresses and the use of subnets as the API shows them (reference: objects-2.0.json). */
import type {
  IPRangeUsage,
  ReservedIP,
  Space,
  StaticRoute,
  SubnetIPAddress,
  SubnetStatistics,
} from "@rackwright/contract/objects/address";
import { API_ROOT } from "@rackwright/contract/table";
import type { SubnetAddress } from "@rackwright/db/subnet-addresses";
import type { RangeUsage, SubnetFigures } from "@rackwright/domain/addressing/usage";
import type { ReservedView } from "../../app/reserved-ips.ts";
import type { SpaceView } from "../../app/spaces.ts";
import type { RouteView } from "../../app/static-routes.ts";
import { eventDate } from "./dates.ts";
import { wireSubnet, wireVlan } from "./network.ts";

export function wireSpace({ space, vlans, subnets, all }: SpaceView): Space {
  return {
    id: space?.id ?? -1,
    name: space?.name ?? "undefined",
    description: space?.description ?? "",
    vlans: vlans.map((vlan) => wireVlan(vlan, all)),
    subnets: subnets.map((subnet) => wireSubnet(subnet, all)),
    resource_uri: `${API_ROOT}/spaces/${space?.id ?? "undefined"}/`,
  };
}

export function wireStaticRoute({ route, source, destination, vlans }: RouteView): StaticRoute {
  return {
    id: route.id,
    source: wireSubnet(source, vlans),
    destination: wireSubnet(destination, vlans),
    gateway_ip: route.gateway_ip,
    metric: route.metric,
    resource_uri: `${API_ROOT}/static-routes/${route.id}/`,
  };
}

export function wireReservedIp({ reserved, subnet, vlans }: ReservedView): ReservedIP {
  return {
    id: reserved.id,
    ip: reserved.ip,
    subnet: wireSubnet(subnet, vlans),
    mac_address: reserved.mac,
    comment: reserved.comment,
    resource_uri: `${API_ROOT}/reservedips/${reserved.id}/`,
  };
}

/** Of IPv6 there may be more addresses than a JSON number is exact for: it is then the nearest one. */
export function wireRange(range: RangeUsage): IPRangeUsage {
  const shown = { start: range.start, end: range.end, num_addresses: Number(range.count) };
  return range.purposes.length === 0 ? shown : { ...shown, purpose: [...range.purposes] };
}

export function wireStatistics(
  figures: SubnetFigures,
  more: { ranges: readonly RangeUsage[] | null; suggestions: boolean },
): SubnetStatistics {
  const unavailable = figures.total - figures.available;
  const usage = Number(unavailable) / Number(figures.total);
  return {
    num_available: Number(figures.available),
    largest_available: Number(figures.largestAvailable),
    num_unavailable: Number(unavailable),
    total_addresses: Number(figures.total),
    usage,
    usage_string: `${Math.round(usage * 100)}%`,
    available_string: `${100 - Math.round(usage * 100)}%`,
    first_address: figures.first,
    last_address: figures.last,
    ip_version: figures.family,
    ...(more.ranges ? { ranges: more.ranges.map(wireRange) } : {}),
    ...(more.suggestions
      ? {
          suggested_gateway: figures.suggestedGateway,
          suggested_dynamic_range: figures.suggestedDynamic && wireRange(figures.suggestedDynamic),
        }
      : {}),
  };
}

export function wireSubnetAddress(
  address: SubnetAddress,
  show: { username: boolean; summary: boolean; node: boolean },
): SubnetIPAddress {
  const { node } = address;
  return {
    ip: address.ip,
    alloc_type: address.allocType,
    created: eventDate(address.createdAt),
    updated: eventDate(address.updatedAt),
    ...(show.username && address.username !== null ? { user: address.username } : {}),
    ...(show.summary && show.node && node
      ? {
          node_summary: {
            system_id: node.systemId,
            node_type: node.nodeType,
            fqdn: `${node.hostname}.${node.domain}`,
            hostname: node.hostname,
            is_container: node.isContainer,
            ...(address.interfaceName === null ? {} : { via: address.interfaceName }),
          },
        }
      : {}),
    ...(show.summary && address.dnsRecords.length > 0 ? { dns_records: address.dnsRecords } : {}),
  };
}
