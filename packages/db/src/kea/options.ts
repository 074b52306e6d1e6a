import { numberToIpv4, parseCidr4 } from "@rackwright/domain/dhcp/ipv4";
import type { DhcpNetwork, DhcpSubnet } from "@rackwright/domain/dhcp/wanted";

/** DHCP option codes (RFC 2132; 119: RFC 3397). The subnet mask is Kea's own work. */
export const OPTION = { routers: 3, dns: 6, domainName: 15, mtu: 26, broadcast: 28, ntp: 42, search: 119 } as const;

/** Those that fields of a subnet say. */
const ofSubnets: readonly number[] = [
  OPTION.routers,
  OPTION.dns,
  OPTION.domainName,
  OPTION.broadcast,
  OPTION.ntp,
  OPTION.search,
];

/** The others of a subnet, as they are written. */
export function furtherOptions(stored: Readonly<Record<string, string>> | null): OptionRow[] {
  return Object.entries(stored ?? {})
    .map(([code, value]) => ({ code: Number(code), value }))
    .filter(({ code }) => !ofSubnets.includes(code))
    .toSorted((a, b) => a.code - b.code);
}

export interface OptionRow {
  code: number;
  /** Kea's text form: lists are separated by commas. */
  value: string;
}

export function networkOptions({ mtu }: Pick<DhcpNetwork, "mtu">): OptionRow[] {
  return mtu === 1500 ? [] : [{ code: OPTION.mtu, value: String(mtu) }];
}

export function subnetOptions(subnet: DhcpSubnet): OptionRow[] {
  const cidr = parseCidr4(subnet.cidr);
  if (!cidr) throw new Error(`subnet ${subnet.id} has no canonical CIDR: ${subnet.cidr}`);
  const rows: OptionRow[] = [
    { code: OPTION.routers, value: subnet.gateway ?? "" },
    { code: OPTION.dns, value: subnet.dnsServers.join(", ") },
    { code: OPTION.domainName, value: subnet.domainName },
    { code: OPTION.broadcast, value: cidr.prefix < 31 ? numberToIpv4(cidr.last) : "" },
    { code: OPTION.ntp, value: subnet.ntpServers.join(", ") },
    { code: OPTION.search, value: subnet.searchDomains.join(", ") },
  ];
  return [...rows.filter(({ value }) => value !== ""), ...(subnet.options ?? [])];
}
