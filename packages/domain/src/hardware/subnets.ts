import ipaddr from "ipaddr.js";
import type { ReportedAddress } from "./report.ts";

/** The smallest of these subnets that an address lies in. */
export function closestSubnet<S extends { cidr: string }>(ip: string, subnets: readonly S[]): S | undefined {
  const address = ipaddr.parse(ip);
  let best: { subnet: S; prefix: number } | undefined;
  for (const subnet of subnets) {
    const [network, prefix] = ipaddr.parseCIDR(subnet.cidr);
    if (network.kind() !== address.kind() || (best && best.prefix >= prefix)) continue;
    if (address.match(network, prefix)) best = { subnet, prefix };
  }
  return best?.subnet;
}

/** The subnet an address says it is in; undefined for one that stands for itself alone. */
export function ownSubnet({ ip, prefix }: ReportedAddress): string | undefined {
  const kind = ipaddr.parse(ip).kind();
  if (prefix === (kind === "ipv4" ? 32 : 128)) return undefined;
  const network = (kind === "ipv4" ? ipaddr.IPv4 : ipaddr.IPv6).networkAddressFromCIDR(`${ip}/${prefix}`);
  return `${network.toString()}/${prefix}`;
}
