/** What DHCP shall serve, as the region decides it. The Kea rows are made from this; see `validate.ts` and `diff.ts`. */

/** One that has no field of its own; in Kea's text form. */
export interface DhcpOption {
  code: number;
  value: string;
}

export interface DhcpWanted {
  networks: DhcpNetwork[];
  hosts: DhcpHost[];
}

/** One VLAN as one rack serves it; a shared network in Kea's words. */
export interface DhcpNetwork {
  /** `vlan-<id>`: the identity. */
  name: string;
  /** The rack that serves it: Kea's server tag. Moving a network to another rack deletes and inserts it. */
  rackTag: string;
  /** The rack's interface on the VLAN; null: reached through a relay only. */
  interface: string | null;
  /** Bytes. 1500 is not announced. */
  mtu: number;
  subnets: DhcpSubnet[];
}

export interface DhcpSubnet {
  /** Our subnet id. It must stay the same for the life of the subnet: leases and reservations refer to it. */
  id: number;
  cidr: string;
  pools: DhcpPool[];
  /** The rack's address in this subnet (for a relayed one: the one that is routed to). TFTP and boot URLs point at it. */
  nextServer: string;
  gateway: string | null;
  dnsServers: string[];
  ntpServers: string[];
  domainName: string;
  searchDomains: string[];
  leaseSeconds: number;
  /** Names from `boot-methods.ts` that this subnet does not offer. */
  disabledBootMethods?: string[];
  /** Further ones, by their codes, ascending. */
  options?: DhcpOption[];
}

/** First and last address, both given out. */
export interface DhcpPool {
  start: string;
  end: string;
}

/** A reservation. Its identity is (mac, subnetId). */
export interface DhcpHost {
  /** Lower case, colons. */
  mac: string;
  subnetId: number;
  /** Null: an address of the pool, but this name and this netboot setting. */
  ip: string | null;
  hostname: string | null;
  /** False: boot options are withheld, so that a deployed machine starts from its disk. */
  netboot: boolean;
  /** For it alone, by their codes, ascending. */
  options?: DhcpOption[];
}

/** A lease that must be dropped because its reservation went or changed: the rack sends `lease4-del`. */
export interface LeaseRelease {
  ip: string;
  subnetId: number;
  mac: string;
}

export const hostKey = (host: Pick<DhcpHost, "mac" | "subnetId">): string => `${host.mac}/${host.subnetId}`;
