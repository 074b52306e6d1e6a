import type { NetworkInterface } from "./model.ts";

export type Parameters = Record<string, string | number | boolean>;

/** Netplan's names of the stored bond parameters, and when each applies (reference: networking-storage, sections 3 and 10). */
const bondNames: readonly [stored: string, netplan: string, modes?: readonly string[]][] = [
  ["bond_mode", "mode"],
  ["bond_miimon", "mii-monitor-interval"],
  ["bond_downdelay", "down-delay"],
  ["bond_updelay", "up-delay"],
  ["bond_num_grat_arp", "gratuitous-arp", ["active-backup"]],
  ["bond_lacp_rate", "lacp-rate", ["802.3ad"]],
  ["bond_xmit_hash_policy", "transmit-hash-policy"],
];

export function bondParameters(nic: NetworkInterface): Parameters {
  const mode = String(nic.params["bond_mode"] ?? "balance-rr");
  const found: Parameters = { mode };
  for (const [stored, name, modes] of bondNames) {
    const value = nic.params[stored];
    if (value !== undefined && (!modes || modes.includes(mode))) found[name] = value;
  }
  return found;
}

export function bridgeParameters(nic: NetworkInterface): Parameters {
  return {
    stp: nic.params["bridge_stp"] ?? false,
    "forward-delay": nic.params["bridge_fd"] ?? 15,
  };
}
