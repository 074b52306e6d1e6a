/** Snippets put into what DHCP shall serve: global ones first, then those of the subnet; those of a node into its reservations. */
import { joinSnippets, parseSnippet, type Snippet } from "./snippet.ts";
import type { DhcpHost, DhcpNetwork, DhcpOption, DhcpSubnet } from "./wanted.ts";

export interface StoredSnippet {
  name: string;
  value: string;
  /** null: of every subnet, unless it is a node's. */
  subnetId: number | null;
  /** Of a node: its cards, and the VLANs that they are on. */
  node: { hostname: string; cards: { mac: string; vlanId: number | null }[] } | null;
}

export interface Unread {
  name: string;
  problem: string;
}

type Read = StoredSnippet & { snippet: Snippet };

export function applySnippets(
  networks: readonly DhcpNetwork[],
  hosts: readonly DhcpHost[],
  stored: readonly StoredSnippet[],
): { networks: DhcpNetwork[]; hosts: DhcpHost[]; unread: Unread[] } {
  const unread: Unread[] = [];
  const read = stored.flatMap((each): Read[] => {
    const snippet = parseSnippet(each.value);
    if (!("problem" in snippet)) return [{ ...each, snippet }];
    unread.push({ name: each.name, problem: snippet.problem });
    return [];
  });
  const common = read.filter((each) => each.subnetId === null && each.node === null);
  const subnetSnippet = (id: number) =>
    joinSnippets([...common, ...read.filter((each) => each.subnetId === id)].map((each) => each.snippet));
  const changed = networks.map((network) => ({
    ...network,
    subnets: network.subnets.map((subnet) => withSnippet(subnet, subnetSnippet(subnet.id))),
  }));
  return { networks: changed, hosts: withNodes(changed, hosts, read), unread };
}

/** Options that a subnet has a field for go there. */
function withSnippet(subnet: DhcpSubnet, { options, leaseSeconds }: Snippet): DhcpSubnet {
  const changed: DhcpSubnet = { ...subnet, ...(leaseSeconds === undefined ? {} : { leaseSeconds }) };
  const further: DhcpOption[] = [];
  for (const option of options) {
    const list = option.value.split(", ");
    if (option.code === 3) changed.gateway = option.value;
    else if (option.code === 6) changed.dnsServers = list;
    else if (option.code === 15) changed.domainName = option.value;
    else if (option.code === 42) changed.ntpServers = list;
    else if (option.code === 119) changed.searchDomains = list;
    else further.push(option);
  }
  return further.length > 0 ? { ...changed, options: further } : changed;
}

/** A card that has no reservation where it is gets one that says nothing of its address. */
function withNodes(networks: readonly DhcpNetwork[], hosts: readonly DhcpHost[], read: readonly Read[]): DhcpHost[] {
  const byCard = new Map<string, { hostname: string; vlanId: number | null; snippets: Snippet[] }>();
  for (const { node, snippet } of read)
    for (const { mac, vlanId } of node?.cards ?? []) {
      const card = byCard.get(mac) ?? { hostname: node?.hostname ?? "", vlanId, snippets: [] };
      card.snippets.push(snippet);
      byCard.set(mac, card);
    }
  const all = [...hosts];
  for (const [mac, { hostname, vlanId }] of byCard) {
    const subnets = networks.find((network) => network.name === `vlan-${vlanId}`)?.subnets ?? [];
    const place = subnets.find((subnet) => subnet.pools.length > 0);
    const isThere = hosts.some((host) => host.mac === mac && subnets.some((subnet) => subnet.id === host.subnetId));
    if (place && !isThere) all.push({ mac, subnetId: place.id, ip: null, hostname, netboot: true });
  }
  return all.map((host) => {
    const { options } = joinSnippets(byCard.get(host.mac)?.snippets ?? []);
    return options.length > 0 ? { ...host, options } : host;
  });
}
