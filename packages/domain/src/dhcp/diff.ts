import { hostKey, type DhcpHost, type DhcpNetwork, type DhcpSubnet, type LeaseRelease } from "./wanted.ts";

export interface HostDiff {
  insert: DhcpHost[];
  update: DhcpHost[];
  delete: DhcpHost[];
  /** Addresses that are no longer that machine's. */
  releases: LeaseRelease[];
}

export function diffHosts(actual: readonly DhcpHost[], wanted: readonly DhcpHost[]): HostDiff {
  const before = new Map(actual.map((host) => [hostKey(host), host]));
  const diff: HostDiff = { insert: [], update: [], delete: [], releases: [] };
  for (const host of wanted) {
    const old = before.get(hostKey(host));
    before.delete(hostKey(host));
    if (!old) diff.insert.push(host);
    else if (answer(old) !== answer(host)) diff.update.push(host);
    if (old && old.ip !== host.ip) release(diff, old);
  }
  for (const old of before.values()) {
    diff.delete.push(old);
    release(diff, old);
  }
  return diff;
}

const answer = ({ ip, hostname, netboot, options }: DhcpHost): string =>
  JSON.stringify([ip, hostname, netboot, options ?? []]);

function release(diff: HostDiff, { ip, subnetId, mac }: DhcpHost): void {
  if (ip !== null) diff.releases.push({ ip, subnetId, mac });
}

/** The order to apply it in: delete, then insert and update networks, then their subnets. */
export interface NetworkDiff {
  deleteNetworks: string[];
  deleteSubnets: number[];
  insertNetworks: DhcpNetwork[];
  updateNetworks: DhcpNetwork[];
  insertSubnets: PlacedSubnet[];
  updateSubnets: PlacedSubnet[];
}

export interface PlacedSubnet {
  network: Pick<DhcpNetwork, "name" | "rackTag" | "interface">;
  subnet: DhcpSubnet;
}

/**
 * A rack that loses a network hears of it only by a deletion (an update is read by the new rack alone), and a CIDR is unique in the whole
 * database: so a change of either is a delete and an insert.
 */
export function diffNetworks(actual: readonly DhcpNetwork[], wanted: readonly DhcpNetwork[]): NetworkDiff {
  const diff: NetworkDiff = {
    deleteNetworks: [],
    deleteSubnets: [],
    insertNetworks: [],
    updateNetworks: [],
    insertSubnets: [],
    updateSubnets: [],
  };
  const networks = new Map(actual.map((network) => [network.name, network]));
  const subnets = new Map(placed(actual).map((entry) => [entry.subnet.id, entry]));
  for (const network of wanted) {
    const old = networks.get(network.name);
    networks.delete(network.name);
    if (old && old.rackTag !== network.rackTag) diff.deleteNetworks.push(network.name);
    if (!old || old.rackTag !== network.rackTag) diff.insertNetworks.push(network);
    else if (old.interface !== network.interface || old.mtu !== network.mtu) diff.updateNetworks.push(network);
  }
  diff.deleteNetworks.push(...networks.keys());

  for (const entry of placed(wanted)) {
    const old = subnets.get(entry.subnet.id);
    subnets.delete(entry.subnet.id);
    const replaced = old && (old.network.rackTag !== entry.network.rackTag || old.subnet.cidr !== entry.subnet.cidr);
    if (replaced) diff.deleteSubnets.push(entry.subnet.id);
    if (!old || replaced) diff.insertSubnets.push(entry);
    else if (canonical(old) !== canonical(entry)) diff.updateSubnets.push(entry);
  }
  diff.deleteSubnets.push(...subnets.keys());
  return diff;
}

export function isEmptyDiff(diff: NetworkDiff): boolean {
  return Object.values(diff).every((list: unknown[]) => list.length === 0);
}

function placed(networks: readonly DhcpNetwork[]): PlacedSubnet[] {
  return networks.flatMap(({ name, rackTag, interface: iface, subnets }) =>
    subnets.map((subnet) => ({ network: { name, rackTag, interface: iface }, subnet })),
  );
}

/** Equal text exactly when Kea would answer the same. The order of servers matters, that of pools does not. */
function canonical({ network, subnet }: PlacedSubnet): string {
  const pools = subnet.pools.map((pool) => `${pool.start}-${pool.end}`).sort();
  return JSON.stringify([
    network.name,
    network.interface,
    pools,
    subnet.nextServer,
    subnet.gateway,
    subnet.dnsServers,
    subnet.ntpServers,
    subnet.domainName,
    subnet.searchDomains,
    subnet.leaseSeconds,
    [...(subnet.disabledBootMethods ?? [])].sort(),
    subnet.options ?? [],
  ]);
}
