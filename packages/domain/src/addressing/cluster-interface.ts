/** An interface of a cluster, as API 1.0 has it: what of it must be there, and that all of it lies in one network. */
import type { FieldMessages } from "../errors.ts";
import { type Cidr, formatIp, inCidr, type Ip, netmaskOf, parseCidr, parseIp } from "./ip.ts";

/** As given; empty or null is absent. */
export interface ClusterInterface {
  name: string;
  ip: string;
  /** 0 nothing, 1 DHCP, 2 DHCP and DNS */
  management: number;
  subnet_mask: string | null;
  broadcast_ip: string | null;
  router_ip: string | null;
  ip_range_low: string | null;
  ip_range_high: string | null;
}

/** Wider ones are refused where DHCP is managed. */
const WIDEST_MANAGED = 16;
const NEEDED = ["subnet_mask", "router_ip", "ip_range_low", "ip_range_high"] as const;
const INSIDE = ["broadcast_ip", "router_ip", "ip_range_low", "ip_range_high"] as const;

/** The network of an address and a netmask; undefined when the mask is none, or leaves no network or no host. */
export function networkOf(ip: Ip, mask: string): Cidr | undefined {
  const bits = ip.family === 4 ? 32 : 128;
  for (let prefix = 1; prefix < bits; prefix++) {
    const cidr = parseCidr(`${formatIp(ip)}/${prefix}`);
    if (cidr && netmaskOf(cidr) === mask.trim().toLowerCase()) return cidr;
  }
  return undefined;
}

/** @returns its network, undefined where there is no mask; or what is wrong, by field */
export function checkClusterInterface(
  given: ClusterInterface,
): { cidr: Cidr | undefined } | { problems: FieldMessages } {
  const problems: FieldMessages = {};
  const wrong = (field: string, message: string) => ((problems[field] ??= []).push(message), undefined);
  const ip = parseIp(given.ip) ?? wrong("ip", "Enter an IP address.");
  const isManaged = given.management > 0;
  if (isManaged)
    for (const name of NEEDED) if (!given[name]) wrong(name, "This field is required when DHCP is managed.");
  const cidr = ip && given.subnet_mask ? networkOf(ip, given.subnet_mask) : undefined;
  if (ip && given.subnet_mask && !cidr) wrong("subnet_mask", `"${given.subnet_mask}" is no netmask of a network.`);
  if (isManaged && cidr && ip?.family === 4 && cidr.prefix < WIDEST_MANAGED)
    wrong(
      "subnet_mask",
      `DHCP is managed on networks of /${WIDEST_MANAGED} or smaller; this one is a /${cidr.prefix}.`,
    );
  const inside = (name: (typeof INSIDE)[number]) => {
    const text = given[name];
    if (!text) return undefined;
    const address = parseIp(text);
    if (!address) return wrong(name, "Enter an IP address.");
    if (cidr && !inCidr(address, cidr)) return wrong(name, `${text} is outside of the network of ${given.ip}.`);
    return address;
  };
  const [, , low, high] = INSIDE.map(inside);
  if (low && high && low.value > high.value) wrong("ip_range_high", "It is before the first address of the range.");
  return Object.keys(problems).length > 0 ? { problems } : { cidr };
}
