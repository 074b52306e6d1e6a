/** Which address a link gets (reference: networking-storage.md section 8). Pure: the caller holds the subnet's lock. */
import { type Cidr, formatIp, inCidr, parseCidr, parseIp, type Span } from "./ip.ts";

/** A subnet and all that is taken in it. */
export interface Occupancy {
  cidr: string;
  managed: boolean;
  gateway: string | null;
  dnsServers: readonly string[];
  ranges: readonly { type: string; start: string; end: string }[];
  /** Addresses that some link or controller claims. */
  allocated: readonly string[];
  /** Addresses that are kept for a MAC address, which alone may have them. */
  kept?: readonly { ip: string; mac: string }[];
  /** Gateways of static routes that begin here. */
  routeGateways?: readonly string[];
  /** Addresses that were only seen in use, those seen longest ago first: taken only when nothing else is left. */
  observed: readonly string[];
}

/**
 * The address that is kept for this MAC address, if it has one here and nobody else uses it; else the lowest address of the smallest
 * contiguous free range, of equal ones the lowest.
 * @returns undefined when there is none left
 */
export function chooseAddress(subnet: Occupancy, mac?: string | null): string | undefined {
  const own = subnet.kept?.find((kept) => kept.mac === mac)?.ip;
  if (own !== undefined && !subnet.allocated.includes(own)) return own;
  const cidr = parseCidr(subnet.cidr);
  if (!cidr) throw new Error(`a subnet has the CIDR ${subnet.cidr}, which is none`);
  const within = subnet.managed ? [cidr] : spansOf(subnet, "reserved");
  const used = takenSpans(subnet, cidr);
  const seen = addresses(subnet.observed, cidr);
  const chosen = lowestOfSmallest(freeSpans(within, [...used, ...seen]));
  // Better an address whose user may be gone than none: the one not seen for longest.
  const first =
    chosen ??
    seen.find((span) => freeSpans(within, used).some((free) => free.first <= span.first && span.first <= free.last))
      ?.first;
  return first === undefined ? undefined : formatIp({ family: cidr.family, value: first });
}

function takenSpans(subnet: Occupancy, cidr: Cidr): Span[] {
  return [
    ...unusable(cidr),
    ...addresses(
      [
        ...(subnet.gateway === null ? [] : [subnet.gateway]),
        ...subnet.dnsServers,
        ...subnet.allocated,
        ...(subnet.routeGateways ?? []),
        ...(subnet.kept ?? []).map((kept) => kept.ip),
      ],
      cidr,
    ),
    ...spansOf(subnet, "dynamic"),
    ...(subnet.managed ? spansOf(subnet, "reserved") : []),
  ];
}

/** Addresses of the network that no machine may have. RFC 3021: a /31 has no network and broadcast address. */
function unusable({ family, prefix, first, last }: Cidr): Span[] {
  if (family === 4) return prefix >= 31 ? [] : [one(first), one(last)];
  // The subnet-router anycast address (RFC 4291, section 2.6.1); of a /64 also ::1 to ::ffff:ffff, which people number by hand.
  if (prefix > 126) return [];
  return [{ first, last: prefix === 64 ? first + 0xffff_ffffn : first }];
}

const one = (value: bigint): Span => ({ first: value, last: value });

function addresses(list: readonly string[], cidr: Cidr): Span[] {
  return list.flatMap((text) => {
    const ip = parseIp(text);
    return ip && inCidr(ip, cidr) ? [one(ip.value)] : [];
  });
}

function spansOf(subnet: Occupancy, type: "dynamic" | "reserved"): Span[] {
  return subnet.ranges
    .filter((r) => r.type === type)
    .flatMap((r) => {
      const [start, end] = [parseIp(r.start), parseIp(r.end)];
      return start && end ? [{ first: start.value, last: end.value }] : [];
    });
}

/** What is left of `within` without `used`, in ascending order. */
export function freeSpans(within: readonly Span[], used: readonly Span[]): Span[] {
  const ascending = (a: Span, b: Span) => (a.first < b.first ? -1 : a.first > b.first ? 1 : 0);
  const taken = [...used].sort(ascending);
  return [...within].sort(ascending).flatMap((whole) => {
    const free: Span[] = [];
    let next = whole.first;
    for (const { first, last } of taken) {
      if (last < next) continue;
      if (first > whole.last) break;
      if (first > next) free.push({ first: next, last: first - 1n });
      next = last + 1n;
    }
    if (next <= whole.last) free.push({ first: next, last: whole.last });
    return free;
  });
}

function lowestOfSmallest(free: readonly Span[]): bigint | undefined {
  let best: Span | undefined;
  for (const span of free) if (!best || span.last - span.first < best.last - best.first) best = span;
  return best?.first;
}
