/** Settings of interfaces beyond their place: defaults, and what callers give in place of them (reference: networking-storage.md section 3). */
import type { NicParams, NicProblem } from "./nic.ts";

export const BOND_MODES = [
  "balance-rr",
  "active-backup",
  "balance-xor",
  "broadcast",
  "802.3ad",
  "balance-tlb",
  "balance-alb",
] as const;
export const BOND_LACP_RATES = ["fast", "slow"] as const;
export const BOND_HASH_POLICIES = ["layer2", "layer2+3", "layer3+4", "encap2+3", "encap3+4"] as const;
export const BRIDGE_TYPES = ["standard", "ovs"] as const;

const bondDefaults: NicParams = {
  bond_mode: "balance-rr",
  bond_miimon: 100,
  bond_downdelay: 0,
  bond_updelay: 0,
  bond_num_grat_arp: 1,
  bond_lacp_rate: "fast",
  bond_xmit_hash_policy: "layer2",
};
const bridgeDefaults: NicParams = { bridge_type: "standard", bridge_stp: false, bridge_fd: 15 };

/** What callers may give; undefined stays, null is taken away. */
export interface GivenParams {
  mtu?: number | null | undefined;
  accept_ra?: boolean | undefined;
  bond_mode?: string | undefined;
  bond_miimon?: number | undefined;
  bond_downdelay?: number | undefined;
  bond_updelay?: number | undefined;
  bond_num_grat_arp?: number | undefined;
  bond_lacp_rate?: string | undefined;
  bond_xmit_hash_policy?: string | undefined;
  bridge_type?: string | undefined;
  bridge_stp?: boolean | undefined;
  bridge_fd?: number | undefined;
}

const ownOf = (type: string): NicParams => (type === "bond" ? bondDefaults : type === "bridge" ? bridgeDefaults : {});

/** Settings of another type of interface are left out. */
export function nicParams(type: string, stored: NicParams, given: GivenParams): NicParams {
  const own = ownOf(type);
  const allowed = ["mtu", "accept_ra", ...Object.keys(own)] as (keyof GivenParams)[];
  const named = Object.fromEntries(
    allowed.flatMap((name) => (given[name] === undefined ? [] : [[name, given[name]] as const])),
  );
  const params = { ...own, ...stored, ...named };
  return Object.fromEntries(
    Object.entries(params).filter((entry): entry is [string, NicParams[string]] => entry[1] !== null),
  );
}

/** What a link is said to be, checked against itself. */
export function linkFactsProblem(facts: {
  linkConnected: boolean;
  linkSpeed: number;
  interfaceSpeed: number;
}): NicProblem | undefined {
  if (!facts.linkConnected && facts.linkSpeed !== 0)
    return { field: "link_speed", message: "The interface is not connected: state link_connected=true too." };
  if (facts.interfaceSpeed > 0 && facts.linkSpeed > facts.interfaceSpeed)
    return {
      field: "link_speed",
      message: `The link cannot be faster than the interface (${facts.interfaceSpeed} Mbit/s).`,
    };
  return undefined;
}
