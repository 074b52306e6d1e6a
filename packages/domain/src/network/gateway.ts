import ipaddr from "ipaddr.js";
import type { InterfaceLink, LinkedSubnet, MachineNetwork, NetworkInterface } from "./model.ts";

export type Family = 4 | 6;

export function familyOf(address: string): Family {
  return ipaddr.parse(address.split("/")[0] ?? address).kind() === "ipv4" ? 4 : 6;
}

export interface DefaultGateway {
  readonly interfaceId: number;
  readonly subnetId: number;
  readonly via: string;
}

interface Candidate extends DefaultGateway {
  readonly linkId: number;
  readonly rank: readonly number[];
}

/**
 * The one default route of a family: the link the user chose when its subnet has a gateway, else the best by VLAN with DHCP, interface type, kind
 * of link and lowest id (reference: networking-storage, section 9). Links whose address is picked only at deployment count as well.
 */
export function defaultGateway(network: MachineNetwork, family: Family): DefaultGateway | undefined {
  const chosen = family === 4 ? network.gatewayLinkIdV4 : network.gatewayLinkIdV6;
  const candidates = network.interfaces
    .filter((nic) => nic.enabled)
    .flatMap((nic) => nic.links.flatMap((link) => candidate(network, nic, link, family)));
  candidates.sort((a, b) => compareRanks(a.rank, b.rank));
  return candidates.find((each) => each.linkId === chosen) ?? candidates[0];
}

function candidate(network: MachineNetwork, nic: NetworkInterface, link: InterfaceLink, family: Family): Candidate[] {
  const subnet = link.subnet;
  const via = subnet?.gatewayIp;
  if (!subnet || !via || (link.mode !== "auto" && link.mode !== "static")) return [];
  if (familyOf(via) !== family) return [];
  const rank = [subnet.vlanDhcpOn ? 0 : 1, typeRank(network, nic), linkRank(link), nic.id, link.id];
  return [{ interfaceId: nic.id, subnetId: subnet.id, via, linkId: link.id, rank }];
}

function typeRank(network: MachineNetwork, nic: NetworkInterface): number {
  if (nic.type === "bond" || nic.type === "bridge") return 0;
  if (nic.type === "vlan") return 3;
  return nic.id === network.bootInterfaceId ? 1 : 2;
}

function linkRank(link: InterfaceLink): number {
  if (link.mode === "auto") return 2;
  return link.userReserved ? 1 : 0;
}

function compareRanks(a: readonly number[], b: readonly number[]): number {
  for (const [index, value] of a.entries()) {
    const difference = value - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Whether `address` lies in the subnet. */
export function contains(subnet: LinkedSubnet, address: string): boolean {
  if (familyOf(subnet.cidr) !== familyOf(address)) return false;
  const [network, prefix] = ipaddr.parseCIDR(subnet.cidr);
  return ipaddr.parse(address).match(network, prefix);
}
