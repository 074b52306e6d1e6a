import ipaddr from "ipaddr.js";
import { bondParameters, bridgeParameters, type Parameters } from "./bond-bridge.ts";
import { type DefaultGateway, defaultGateway, familyOf } from "./gateway.ts";
import type { InterfaceLink, MachineNetwork, NetworkInterface } from "./model.ts";
import { nameserversOf } from "./nameservers.ts";

export interface NetplanRoute {
  readonly to: string;
  readonly via: string;
  readonly metric?: number;
}

export interface NetplanDevice {
  readonly match?: { readonly macaddress: string };
  readonly "set-name"?: string;
  readonly id?: number;
  readonly link?: string;
  readonly macaddress?: string;
  readonly interfaces?: readonly string[];
  readonly parameters?: Parameters;
  readonly openvswitch?: Record<string, never>;
  readonly mtu: number;
  readonly optional?: boolean;
  readonly "accept-ra"?: boolean;
  readonly dhcp4?: true;
  readonly "dhcp-identifier"?: "mac";
  readonly dhcp6?: true;
  readonly addresses?: readonly string[];
  readonly routes?: readonly NetplanRoute[];
  readonly nameservers?: { readonly addresses?: readonly string[]; readonly search?: readonly string[] };
}

type Devices = Record<string, NetplanDevice>;

/** The value of `network:` in a netplan file, version 2. */
export interface Netplan {
  readonly version: 2;
  readonly ethernets?: Devices;
  readonly bonds?: Devices;
  readonly bridges?: Devices;
  readonly vlans?: Devices;
}

/**
 * The machine's network in netplan's terms. Default routes are written as `routes: to: default` instead of the reference's `gateway4`, which netplan
 * since 0.103 reports as deprecated at every boot; both mean the same route.
 */
export function renderNetplan(network: MachineNetwork): Netplan {
  const enabled = network.interfaces.filter((nic) => nic.enabled).sort((a, b) => a.id - b.id);
  const reached = { ...network, interfaces: enabled.map((nic) => ({ ...nic, links: nic.links.filter((l) => l.ip) })) };
  const gateways = [defaultGateway(reached, 4), defaultGateway(reached, 6)].filter((each) => each !== undefined);
  const group = (type: NetworkInterface["type"]): Devices | undefined => {
    const members = enabled.filter((nic) => nic.type === type);
    if (members.length === 0) return undefined;
    return Object.fromEntries(members.map((nic) => [nic.name, device(network, nic, gateways)]));
  };
  const [ethernets, bonds, bridges, vlans] = [group("physical"), group("bond"), group("bridge"), group("vlan")];
  return {
    version: 2,
    ...(ethernets ? { ethernets } : {}),
    ...(bonds ? { bonds } : {}),
    ...(bridges ? { bridges } : {}),
    ...(vlans ? { vlans } : {}),
  };
}

function device(network: MachineNetwork, nic: NetworkInterface, gateways: readonly DefaultGateway[]): NetplanDevice {
  const addresses = nic.links.flatMap(address);
  const routes = routesOf(nic, gateways);
  const servers = nameserversOf(network, nic);
  const acceptRa = nic.params["accept_ra"];
  return {
    ...identity(network, nic),
    mtu: nic.mtu,
    ...(nic.connected || isOvs(nic) ? {} : { optional: true }),
    ...(typeof acceptRa === "boolean" ? { "accept-ra": acceptRa } : {}),
    ...dhcp(nic),
    ...(addresses.length > 0 ? { addresses } : {}),
    ...(routes.length > 0 ? { routes } : {}),
    ...(servers ? { nameservers: withoutEmpty(servers) } : {}),
  };
}

function identity(network: MachineNetwork, nic: NetworkInterface): Partial<NetplanDevice> {
  const parents = nic.parentIds.map((id) => parentName(network, nic, id));
  const macaddress = nic.macAddress.toLowerCase();
  if (nic.type === "physical") return { match: { macaddress }, "set-name": nic.name };
  if (nic.type === "vlan") {
    if (nic.vid === undefined || parents[0] === undefined) {
      throw new Error(`VLAN interface ${nic.name} has no tag or no parent`);
    }
    return { id: nic.vid, link: parents[0] };
  }
  const interfaces = parents.sort();
  if (nic.type === "bond") return { macaddress, interfaces, parameters: bondParameters(nic) };
  const ovs = isOvs(nic) ? { openvswitch: {}, optional: false } : {};
  return { macaddress, interfaces, parameters: bridgeParameters(nic), ...ovs };
}

const isOvs = (nic: NetworkInterface): boolean => nic.type === "bridge" && nic.params["bridge_type"] === "ovs";

function parentName(network: MachineNetwork, nic: NetworkInterface, id: number): string {
  const parent = network.interfaces.find((candidate) => candidate.id === id);
  if (!parent) throw new Error(`interface ${nic.name} has parent ${id}, which the machine does not have`);
  return parent.name;
}

/** An AUTO link that has no address yet says nothing. */
function address(link: InterfaceLink): string[] {
  if (!link.ip || !link.subnet || link.mode === "dhcp" || link.mode === "link_up") return [];
  return [`${link.ip}/${ipaddr.parseCIDR(link.subnet.cidr)[1]}`];
}

/** A DHCP link without subnet asks both families; DHCP by MAC, so that the lease of the network boot is found again. */
function dhcp(nic: NetworkInterface): Partial<NetplanDevice> {
  const links = nic.links.filter((link) => link.mode === "dhcp");
  const asks = (family: 4 | 6): boolean =>
    links.some((link) => link.subnet === undefined || familyOf(link.subnet.cidr) === family);
  return { ...(asks(4) ? { dhcp4: true, "dhcp-identifier": "mac" } : {}), ...(asks(6) ? { dhcp6: true } : {}) };
}

function routesOf(nic: NetworkInterface, gateways: readonly DefaultGateway[]): NetplanRoute[] {
  const defaults = gateways.filter((each) => each.interfaceId === nic.id);
  const routes: NetplanRoute[] = defaults.map((each) => ({ to: "default", via: each.via }));
  for (const link of nic.links) {
    if (!link.ip || !link.subnet) continue;
    for (const route of link.subnet.staticRoutes) {
      const { destinationCidr: to, gatewayIp: via, metric } = route;
      if (!routes.some((known) => known.to === to && known.via === via)) routes.push({ to, via, metric });
    }
  }
  return routes;
}

function withoutEmpty(servers: { addresses: readonly string[]; search: readonly string[] }) {
  return {
    ...(servers.addresses.length > 0 ? { addresses: servers.addresses } : {}),
    ...(servers.search.length > 0 ? { search: servers.search } : {}),
  };
}
