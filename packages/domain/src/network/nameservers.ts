import { contains, familyOf } from "./gateway.ts";
import type { LinkedSubnet, MachineNetwork, NetworkInterface } from "./model.ts";

export interface Nameservers {
  readonly addresses: readonly string[];
  readonly search: readonly string[];
}

/**
 * Racks that resolve for the subnet, then the subnet's own servers; the global defaults where an interface has addresses but no server, unless one
 * of its subnets forbids our DNS (reference: networking-storage, section 10).
 */
export function nameserversOf(network: MachineNetwork, nic: NetworkInterface): Nameservers | undefined {
  const subnets = nic.links.flatMap((link) => (link.ip && link.subnet ? [link.subnet] : []));
  if (subnets.length === 0) return undefined;
  const found = unique(subnets.flatMap((subnet) => [...rackServers(subnet), ...subnet.dnsServers]));
  const fallBack = found.length === 0 && subnets.every((subnet) => subnet.allowDns);
  const addresses = fallBack ? unique(network.defaultDnsServers) : found;
  const search = searchDomains(network);
  return addresses.length === 0 && search.length === 0 ? undefined : { addresses, search };
}

/** Without a gateway only a rack inside the subnet can be reached. */
function rackServers(subnet: LinkedSubnet): string[] {
  if (!subnet.allowDns) return [];
  const sameFamily = subnet.rackAddresses.filter((address) => familyOf(address) === familyOf(subnet.cidr));
  return subnet.gatewayIp ? sameFamily : sameFamily.filter((address) => contains(subnet, address));
}

function searchDomains(network: MachineNetwork): string[] {
  const others = network.otherSearchDomains.filter((domain) => domain !== network.domain).sort();
  return unique(network.domain ? [network.domain, ...others] : others);
}

const unique = (values: readonly string[]): string[] => [...new Set(values)];
