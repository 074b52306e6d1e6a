/** Which rack serves which subnets by DHCP, through which interface, and with what options. Pure: facts in, networks out. */
import { bootMethods } from "../dhcp/boot-methods.ts";
import type { DhcpNetwork, DhcpPool, DhcpSubnet } from "../dhcp/wanted.ts";
import { inCidr, parseCidr, parseIp } from "./ip.ts";

export interface ServedSubnet {
  id: number;
  cidr: string;
  gateway: string | null;
  dnsServers: string[];
  allowDns: boolean;
  pools: DhcpPool[];
  disabledBootMethods: string[];
}

/** A VLAN with DHCP on, or one that is relayed to such a VLAN. */
export interface ServedVlan {
  id: number;
  mtu: number;
  /** System id of the rack that serves it; for a relayed one that of its target. */
  rackTag: string;
  /** The VLAN whose racks answer for this one. */
  relayTarget: number | null;
  /** Managed ones, IPv4. */
  subnets: ServedSubnet[];
}

export interface RackInterfaces {
  systemId: string;
  hostname: string;
  interfaces: { name: string; addresses: string[] }[];
}

/** What is advertised besides a subnet's own settings: only what somebody serves. */
export interface Advertised {
  dnsServers: readonly string[];
  ntpServers: readonly string[];
  domainName: string;
  searchDomains: readonly string[];
}

export interface RackServing {
  systemId: string;
  /** To listen on, sorted. */
  interfaces: string[];
  /** Of this rack, as next servers name them, sorted. */
  addresses: string[];
}

export interface Serving {
  networks: DhcpNetwork[];
  /** VLANs with DHCP on that cannot be served, and what to do about it. */
  unserved: { network: string; message: string }[];
}

/** Seconds (reference: boot.md section 1). */
const LEASE_SECONDS = 600;
const offered = new Set(bootMethods.map((m) => m.name));

export function planServing(
  vlans: readonly ServedVlan[],
  racks: readonly RackInterfaces[],
  advertised: Advertised,
): Serving {
  const byTag = new Map(racks.map((r) => [r.systemId, r]));
  const byId = new Map(vlans.map((v) => [v.id, v]));
  const serving: Serving = { networks: [], unserved: [] };
  for (const vlan of vlans) {
    const name = `vlan-${vlan.id}`;
    const onWire = vlan.relayTarget === null ? vlan : byId.get(vlan.relayTarget);
    const rack = byTag.get(vlan.rackTag);
    const port = rack && onWire && portOn(rack, onWire);
    if (!rack || !port) {
      const who = rack?.hostname ?? vlan.rackTag;
      const cidrs = onWire?.subnets.map((s) => s.cidr).join(", ") || "its subnets (it has no managed one for IPv4)";
      serving.unserved.push({
        network: name,
        message: `rack controller ${who} has no address in ${cidrs}: give it one, or choose another rack for the VLAN`,
      });
      continue;
    }
    serving.networks.push({
      name,
      rackTag: vlan.rackTag,
      interface: vlan.relayTarget === null ? port.name : null,
      mtu: vlan.mtu,
      subnets: vlan.subnets.map((s) => subnetOf(s, nextServer(rack, s) ?? port.address, advertised)),
    });
  }
  return serving;
}

/** The interface by which a rack is on a VLAN: the first that has an address in one of its subnets, and that address. */
function portOn(rack: RackInterfaces, vlan: ServedVlan): { name: string; address: string } | undefined {
  for (const subnet of vlan.subnets)
    for (const { name, addresses } of rack.interfaces) {
      const address = addresses.find((a) => isIn(a, subnet.cidr));
      if (address !== undefined) return { name, address };
    }
  return undefined;
}

function nextServer(rack: RackInterfaces, subnet: ServedSubnet): string | undefined {
  return rack.interfaces.flatMap((i) => i.addresses).find((a) => isIn(a, subnet.cidr));
}

function isIn(address: string, cidr: string): boolean {
  const [ip, net] = [parseIp(address), parseCidr(cidr)];
  return ip !== undefined && net !== undefined && inCidr(ip, net);
}

function subnetOf(subnet: ServedSubnet, server: string, advertised: Advertised): DhcpSubnet {
  const upstream = subnet.allowDns ? advertised.dnsServers : [];
  const dns = subnet.dnsServers.length > 0 ? subnet.dnsServers : upstream;
  return {
    id: subnet.id,
    cidr: subnet.cidr,
    pools: subnet.pools,
    nextServer: server,
    gateway: subnet.gateway,
    // DHCP for IPv4 carries IPv4 addresses, no names.
    dnsServers: dns.filter(isIpv4),
    ntpServers: advertised.ntpServers.filter(isIpv4),
    domainName: advertised.domainName,
    searchDomains: [...advertised.searchDomains],
    leaseSeconds: LEASE_SECONDS,
    disabledBootMethods: subnet.disabledBootMethods.filter((m) => offered.has(m)),
  };
}

const isIpv4 = (text: string): boolean => parseIp(text)?.family === 4;

/** What a rack does of it. */
export function rackServing(systemId: string, networks: readonly DhcpNetwork[]): RackServing {
  const own = networks.filter((n) => n.rackTag === systemId);
  const unique = (items: readonly string[]) => [...new Set(items)].sort();
  return {
    systemId,
    interfaces: unique(own.map((n) => n.interface).filter((name) => name !== null)),
    addresses: unique(own.flatMap((n) => n.subnets.map((s) => s.nextServer))),
  };
}
