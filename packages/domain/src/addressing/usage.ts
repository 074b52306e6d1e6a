/** What the addresses of a subnet are used for: the ranges and figures that replies show (reference: objects-2.0.json, IPRangeUsage). */
import { freeSpans, type Occupancy } from "./allocate.ts";
import { type Cidr, formatIp, inCidr, parseCidr, parseIp, type Span } from "./ip.ts";

export type Purpose =
  | "gateway-ip"
  | "dns-server"
  | "reserved"
  | "dynamic"
  | "assigned-ip"
  | "rfc-4291-2.6.1"
  | "proposed-dynamic"
  | "unmanaged"
  | "unused";

export interface UsedSpan extends Span {
  purposes: Purpose[];
}

export interface RangeUsage {
  start: string;
  end: string;
  count: bigint;
  purposes: readonly Purpose[];
}

/** Addresses that hosts may have: without network and broadcast address (RFC 3021: a /31 has none). */
export function hostSpan({ family, prefix, first, last }: Cidr): Span {
  return family === 4 && prefix < 31 ? { first: first + 1n, last: last - 1n } : { first, last };
}

function cidrOf(subnet: Occupancy): Cidr {
  const cidr = parseCidr(subnet.cidr);
  if (!cidr) throw new Error(`a subnet has the CIDR ${subnet.cidr}, which is none`);
  return cidr;
}

function claims(subnet: Occupancy, cidr: Cidr): UsedSpan[] {
  const single = (ips: readonly string[], purpose: Purpose): UsedSpan[] =>
    ips.flatMap((text) => {
      const ip = parseIp(text);
      return ip && inCidr(ip, cidr) ? [{ first: ip.value, last: ip.value, purposes: [purpose] }] : [];
    });
  const ranges = (type: "dynamic" | "reserved"): UsedSpan[] =>
    subnet.ranges
      .filter((r) => r.type === type)
      .flatMap((r) => {
        const [start, end] = [parseIp(r.start), parseIp(r.end)];
        return start && end ? [{ first: start.value, last: end.value, purposes: [type] }] : [];
      });
  const anycast: UsedSpan[] =
    cidr.family === 6 && cidr.prefix <= 126
      ? [
          {
            first: cidr.first,
            last: cidr.prefix === 64 ? cidr.first + 0xffff_ffffn : cidr.first,
            purposes: ["rfc-4291-2.6.1"],
          },
        ]
      : [];
  return [
    ...anycast,
    ...single([...(subnet.gateway === null ? [] : [subnet.gateway]), ...(subnet.routeGateways ?? [])], "gateway-ip"),
    ...single(subnet.dnsServers, "dns-server"),
    ...ranges("dynamic"),
    ...(subnet.managed ? ranges("reserved") : []),
    ...single(
      (subnet.kept ?? []).map((k) => k.ip),
      "reserved",
    ),
    ...single([...subnet.allocated, ...subnet.observed], "assigned-ip"),
  ];
}

/** Claims cut where they begin and end, each piece with all that claims it; neighbours with equal purposes joined. */
function merge(claimed: readonly UsedSpan[]): UsedSpan[] {
  const cuts = [...new Set(claimed.flatMap((c) => [c.first, c.last + 1n]))].sort((a, b) => (a < b ? -1 : 1));
  const merged: UsedSpan[] = [];
  for (const [index, first] of cuts.entries()) {
    const next = cuts[index + 1];
    const holders = claimed.filter((c) => c.first <= first && first <= c.last);
    if (next === undefined || holders.length === 0) continue;
    const purposes = [...new Set(holders.flatMap((c) => c.purposes))].sort();
    const before = merged.at(-1);
    if (before && before.last + 1n === first && before.purposes.join() === purposes.join()) before.last = next - 1n;
    else merged.push({ first, last: next - 1n, purposes });
  }
  return merged;
}

/** Ranges in use and ranges to be given out, each in ascending order. */
export function rangeUsage(subnet: Occupancy): { used: UsedSpan[]; free: Span[] } {
  const cidr = cidrOf(subnet);
  const used = merge(claims(subnet, cidr));
  const within = subnet.managed
    ? [hostSpan(cidr)]
    : subnet.ranges
        .filter((r) => r.type === "reserved")
        .flatMap((r) => {
          const [start, end] = [parseIp(r.start), parseIp(r.end)];
          return start && end ? [{ first: start.value, last: end.value }] : [];
        });
  return { used, free: freeSpans(within, used) };
}

export function shownRange(subnet: Pick<Occupancy, "cidr">, span: Span, purposes: readonly Purpose[]): RangeUsage {
  const family = subnet.cidr.includes(":") ? 6 : 4;
  const at = (value: bigint) => formatIp({ family, value });
  return { start: at(span.first), end: at(span.last), count: span.last - span.first + 1n, purposes };
}

export interface SubnetFigures {
  available: bigint;
  largestAvailable: bigint;
  total: bigint;
  first: string;
  last: string;
  family: 4 | 6;
  suggestedGateway: string | null;
  suggestedDynamic: RangeUsage | null;
}

const size = (span: Span): bigint => span.last - span.first + 1n;

export function subnetFigures(subnet: Occupancy): SubnetFigures {
  const cidr = cidrOf(subnet);
  const hosts = hostSpan(cidr);
  const { free } = rangeUsage(subnet);
  const ends = shownRange(subnet, hosts, []);
  const gateway = suggestedGateway(subnet, hosts, free);
  return {
    available: free.reduce((sum, span) => sum + size(span), 0n),
    largestAvailable: free.reduce((most, span) => (size(span) > most ? size(span) : most), 0n),
    total: size(hosts),
    first: ends.start,
    last: ends.end,
    family: cidr.family,
    suggestedGateway: gateway === null ? null : formatIp({ family: cidr.family, value: gateway }),
    suggestedDynamic: suggestedDynamic(subnet, hosts, free, gateway),
  };
}

/** The first or the last address, where people put gateways, if it is free and there is no gateway yet. */
function suggestedGateway(subnet: Occupancy, hosts: Span, free: readonly Span[]): bigint | null {
  if (subnet.gateway !== null) return null;
  const isFree = (value: bigint) => free.some((span) => span.first <= value && value <= span.last);
  return isFree(hosts.first) ? hosts.first : isFree(hosts.last) ? hosts.last : null;
}

/** A quarter of the subnet, at the end of the largest free range; none where a dynamic range is already. */
function suggestedDynamic(
  subnet: Occupancy,
  hosts: Span,
  free: readonly Span[],
  gateway: bigint | null,
): RangeUsage | null {
  if (subnet.ranges.some((r) => r.type === "dynamic")) return null;
  const without = gateway === null ? free : freeSpans(free, [{ first: gateway, last: gateway }]);
  const largest = without.reduce<Span | undefined>(
    (best, span) => (!best || size(span) > size(best) ? span : best),
    undefined,
  );
  if (!largest) return null;
  const wanted = size(hosts) / 4n || 1n;
  const first = size(largest) > wanted ? largest.last - wanted + 1n : largest.first;
  return shownRange(subnet, { first, last: largest.last }, ["proposed-dynamic"]);
}
