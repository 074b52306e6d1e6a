/** A machine's interfaces with all that rendering needs of their subnets, as plain values (reference: networking-storage, sections 3 to 10). */
export type LinkMode = "auto" | "static" | "dhcp" | "link_up";

export interface StaticRoute {
  readonly destinationCidr: string;
  readonly gatewayIp: string;
  readonly metric: number;
}

export interface LinkedSubnet {
  readonly id: number;
  readonly cidr: string;
  readonly gatewayIp?: string;
  readonly dnsServers: readonly string[];
  readonly allowDns: boolean;
  /** Whether DHCP is on for the subnet's VLAN. */
  readonly vlanDhcpOn: boolean;
  /** Addresses of the VLAN's primary and secondary rack, of either family. */
  readonly rackAddresses: readonly string[];
  /** Routes whose source is this subnet. */
  readonly staticRoutes: readonly StaticRoute[];
}

export interface InterfaceLink {
  readonly id: number;
  readonly mode: LinkMode;
  /** Without prefix; absent for an AUTO link that has no address yet. */
  readonly ip?: string;
  readonly userReserved?: boolean;
  readonly subnet?: LinkedSubnet;
}

export type InterfaceType = "physical" | "bond" | "bridge" | "vlan";

export interface NetworkInterface {
  readonly id: number;
  readonly name: string;
  readonly type: InterfaceType;
  readonly macAddress: string;
  readonly enabled: boolean;
  /** Own MTU, else the VLAN's. */
  readonly mtu: number;
  /** False when the interface is in no VLAN: it may stay without carrier at boot. */
  readonly connected: boolean;
  readonly parentIds: readonly number[];
  /** The tag, for type vlan. */
  readonly vid?: number;
  /** Stored parameters under the API's names: bond_mode, bridge_stp, accept_ra and so on. */
  readonly params: Readonly<Record<string, string | number | boolean>>;
  readonly links: readonly InterfaceLink[];
}

export interface MachineNetwork {
  readonly interfaces: readonly NetworkInterface[];
  readonly bootInterfaceId?: number;
  /** Links the user chose as default gateways. */
  readonly gatewayLinkIdV4?: number;
  readonly gatewayLinkIdV6?: number;
  /** The machine's own domain: first of the search list. */
  readonly domain?: string;
  readonly otherSearchDomains: readonly string[];
  /** Used by interfaces with addresses whose subnets name no server. */
  readonly defaultDnsServers: readonly string[];
}
