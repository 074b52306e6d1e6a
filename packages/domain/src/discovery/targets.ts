/** Which addresses a scan asks for: those of the asked networks that are on a wire of the rack, never somebody else's. */
import { type Cidr, formatIp, inCidr, overlaps, parseCidr, parseIp } from "../addressing/ip.ts";

/** A /16: at the usual pace it takes a rack half an hour. */
export const LARGEST_SCAN_PREFIX = 16;

export interface ScannedInterface {
  name: string;
  /** With prefix length. */
  addresses: readonly string[];
}

export interface ScanTarget {
  interface: string;
  /** Of the rack, on that network: what asks. */
  from: string;
  first: bigint;
  last: bigint;
}

/**
 * IPv4 alone. Networks that are larger than may be scanned are asked for in part or not at all.
 * @param asked none: every network that the rack is on
 */
export function scanTargets(interfaces: readonly ScannedInterface[], asked: readonly Cidr[]): ScanTarget[] {
  const targets: ScanTarget[] = [];
  for (const { name, addresses } of interfaces)
    for (const address of addresses) {
      const network = parseCidr(address);
      const from = parseIp(address.split("/")[0] ?? "");
      if (network?.family !== 4 || !from || network.prefix > 30) continue;
      const wanted =
        asked.length === 0 ? [network] : asked.filter((cidr) => cidr.family === 4 && overlaps(cidr, network));
      for (const cidr of wanted) {
        // Without the network's own address and its broadcast.
        const first = cidr.first > network.first ? cidr.first : network.first + 1n;
        const last = cidr.last < network.last ? cidr.last : network.last - 1n;
        const largest = 1n << BigInt(32 - LARGEST_SCAN_PREFIX);
        const known = targets.some((t) => t.interface === name && t.first === first && t.last === last);
        if (first <= last && last - first < largest && !known)
          targets.push({ interface: name, from: formatIp(from), first, last });
      }
    }
  return targets;
}

export function addressesOf({ from, first, last }: ScanTarget): string[] {
  const addresses: string[] = [];
  for (let value = first; value <= last; value++) {
    const ip = formatIp({ family: 4, value });
    if (ip !== from) addresses.push(ip);
  }
  return addresses;
}

/** Whether a rack with this address is where the asked networks are. */
export function isOn(address: string, subnet: string | null, asked: readonly Cidr[]): boolean {
  const ip = parseIp(address);
  const network = subnet === null ? undefined : parseCidr(subnet);
  if (ip?.family !== 4) return false;
  return (
    asked.length === 0 || asked.some((cidr) => inCidr(ip, cidr) || (network !== undefined && overlaps(cidr, network)))
  );
}
