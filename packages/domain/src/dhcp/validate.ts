import { isOptionDomain } from "./domain-name.ts";
import { ipv4ToNumber, parseCidr4, type Cidr4 } from "./ipv4.ts";
import { hostKey, type DhcpHost, type DhcpNetwork, type DhcpSubnet, type DhcpWanted } from "./wanted.ts";

export interface DhcpRefusal {
  what: "network" | "subnet" | "host";
  /** Network name, subnet CIDR, or `mac/subnetId`. */
  which: string;
  /** What is wrong and what to change, for the user. */
  message: string;
}

interface Known {
  cidr: Cidr4;
  subnet: DhcpSubnet;
  pools: { first: number; last: number }[];
}

/**
 * Keep what Kea can serve and say what it cannot. Kea checks none of the following for database rows, or checks it so that one bad row
 * stops every later change: so one bad subnet or host is left out here and the rest goes on.
 * Of two hosts that want one address the first in order keeps it.
 */
export function validateWanted(wanted: DhcpWanted): { accepted: DhcpWanted; refused: DhcpRefusal[] } {
  const refused: DhcpRefusal[] = [];
  const known = new Map<number, Known>();
  const networks: DhcpNetwork[] = [];
  for (const network of wanted.networks) {
    const problem = networkProblem(network, networks);
    if (problem) {
      refused.push({ what: "network", which: network.name, message: problem });
      continue;
    }
    const subnets = network.subnets.flatMap((given) => {
      const { subnet, dropped } = withReadableOptions(given);
      const problem = subnetProblem(subnet, known);
      for (const message of problem === undefined ? dropped : [problem])
        refused.push({ what: "subnet", which: subnet.cidr, message });
      return problem === undefined ? [subnet] : [];
    });
    networks.push({ ...network, subnets });
  }

  const owners = new Map<string, DhcpHost>();
  const keys = new Set<string>();
  const hosts = wanted.hosts.filter((host) => {
    const message = hostProblem(host, known, owners, keys);
    if (message) refused.push({ what: "host", which: hostKey(host), message });
    return message === undefined;
  });
  return { accepted: { networks, hosts }, refused };
}

function networkProblem(network: DhcpNetwork, earlier: DhcpNetwork[]): string | undefined {
  if (!/^vlan-\d+$/.test(network.name)) return `network name ${JSON.stringify(network.name)} is not vlan-<id>`;
  if (earlier.some((other) => other.name === network.name))
    return `${network.name} is given twice: one rack serves a VLAN`;
  if (!/^[\w.-]{1,64}$/.test(network.rackTag) || network.rackTag === "all" || network.rackTag === "any")
    return `rack tag ${JSON.stringify(network.rackTag)} of ${network.name} must be 1 to 64 letters, digits, dots or dashes, not all or any`;
  if (network.mtu < 68 || network.mtu > 65535)
    return `MTU ${network.mtu} of ${network.name} is not between 68 and 65535`;
  return undefined;
}

/**
 * DHCP for IPv4 carries IPv4 addresses only; and one option that Kea cannot read stops every later change. Such a one is left out, and the
 * subnet is served without it.
 */
function withReadableOptions(subnet: DhcpSubnet): { subnet: DhcpSubnet; dropped: string[] } {
  const dropped: string[] = [];
  const keep = (what: string, good: (item: string) => boolean) => (item: string) => {
    if (!good(item)) dropped.push(`${what} ${JSON.stringify(item)} of ${subnet.cidr} is left out of DHCP`);
    return good(item);
  };
  const isAddress = (item: string) => ipv4ToNumber(item) !== undefined;
  const gateway = subnet.gateway === null || keep("gateway", isAddress)(subnet.gateway) ? subnet.gateway : null;
  const domainName =
    subnet.domainName === "" || keep("domain", isOptionDomain)(subnet.domainName) ? subnet.domainName : "";
  return {
    dropped,
    subnet: {
      ...subnet,
      gateway,
      domainName,
      dnsServers: subnet.dnsServers.filter(keep("name server (not an IPv4 address)", isAddress)),
      ntpServers: subnet.ntpServers.filter(keep("NTP server (not an IPv4 address)", isAddress)),
      searchDomains: subnet.searchDomains.filter(keep("search domain", isOptionDomain)),
    },
  };
}

/** Undefined when the subnet is good; it is then remembered in `known`. */
function subnetProblem(subnet: DhcpSubnet, known: Map<number, Known>): string | undefined {
  const cidr = parseCidr4(subnet.cidr);
  if (!cidr) return `${subnet.cidr} is not an IPv4 network in canonical form (no host bits set)`;
  if (!Number.isInteger(subnet.id) || subnet.id < 1 || subnet.id > 0x7fff_ffff)
    return `${subnet.cidr}: id ${subnet.id} is not between 1 and 2^31-1`;
  for (const other of known.values()) {
    if (other.subnet.id === subnet.id) return `${subnet.cidr} and ${other.subnet.cidr} have the same id ${subnet.id}`;
    if (cidr.first <= other.cidr.last && other.cidr.first <= cidr.last)
      return `${subnet.cidr} overlaps ${other.subnet.cidr}: networks served by one region may not overlap`;
  }
  if (ipv4ToNumber(subnet.nextServer) === undefined)
    return `${subnet.cidr}: next server ${subnet.nextServer} is not an IPv4 address`;
  if (!(subnet.leaseSeconds >= 10))
    return `${subnet.cidr}: a lease of ${subnet.leaseSeconds} s is too short; 10 s is the least`;

  const pools: Known["pools"] = [];
  for (const pool of subnet.pools) {
    const first = ipv4ToNumber(pool.start);
    const last = ipv4ToNumber(pool.end);
    const name = `dynamic range ${pool.start} to ${pool.end}`;
    if (first === undefined || last === undefined || first > last)
      return `${name} of ${subnet.cidr} is not a range of IPv4 addresses`;
    if (first < cidr.first || last > cidr.last) return `${name} is not inside ${subnet.cidr}`;
    if (pools.some((other) => first <= other.last && other.first <= last))
      return `${name} overlaps another dynamic range of ${subnet.cidr}`;
    pools.push({ first, last });
  }
  known.set(subnet.id, { cidr, subnet, pools });
  return undefined;
}

function hostProblem(
  host: DhcpHost,
  known: Map<number, Known>,
  owners: Map<string, DhcpHost>,
  keys: Set<string>,
): string | undefined {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5,19}$/.test(host.mac))
    return `${JSON.stringify(host.mac)} is not a MAC address in lower case with colons`;
  if (keys.has(hostKey(host))) return `${host.mac} is reserved twice on subnet ${host.subnetId}`;
  if (host.hostname !== null && (host.hostname.length > 255 || !/^[\w.-]+$/.test(host.hostname)))
    return `host name ${JSON.stringify(host.hostname)} of ${host.mac} is not a DNS name`;
  const subnet = known.get(host.subnetId);
  if (!subnet) return `${host.mac} is reserved on subnet ${host.subnetId}, which DHCP does not serve`;
  if (host.ip !== null) {
    const problem = addressProblem(host.mac, host.ip, subnet, owners.get(host.ip));
    if (problem) return problem;
    owners.set(host.ip, host);
  }
  keys.add(hostKey(host));
  return undefined;
}

function addressProblem(
  mac: string,
  ip: string,
  { cidr, subnet, pools }: Known,
  owner: DhcpHost | undefined,
): string | undefined {
  const address = ipv4ToNumber(ip);
  if (address === undefined) return `${ip}, reserved for ${mac}, is not an IPv4 address`;
  if (address < cidr.first || address > cidr.last)
    return `${ip}, reserved for ${mac}, is not inside ${subnet.cidr}: choose an address of that subnet`;
  if (cidr.prefix < 31 && (address === cidr.first || address === cidr.last))
    return `${ip}, reserved for ${mac}, is the network or broadcast address of ${subnet.cidr}`;
  if (ip === subnet.gateway || ip === subnet.nextServer)
    return `${ip}, reserved for ${mac}, is the ${ip === subnet.gateway ? "gateway" : "rack"} of ${subnet.cidr}`;
  const pool = pools.find(({ first, last }) => first <= address && address <= last);
  if (pool)
    return `${ip}, reserved for ${mac}, lies in a dynamic range of ${subnet.cidr}: choose another or shrink the range`;
  if (owner) return `${ip} is reserved for both ${owner.mac} and ${mac}: release one of the two`;
  return undefined;
}
