/** What a dynamic or reserved range may be (reference: networking-storage.md section 7). */
import { type Cidr, inCidr, overlaps, parseCidr, parseIp, type Span } from "./ip.ts";

export interface RangeFields {
  type: string;
  start: string;
  end: string;
}

export interface RangeSurroundings {
  cidr: string;
  gateway: string | null;
  dnsServers: readonly string[];
  /** The subnet's other ranges. */
  ranges: readonly RangeFields[];
  /** Addresses that are somebody's; observed ones do not count. */
  allocated: readonly string[];
  /** Addresses that are kept for a MAC address. */
  kept?: readonly { ip: string }[];
}

export interface RangeProblem {
  field: "start_ip" | "end_ip" | "__all__";
  message: string;
}

/** Of IPv6: fewer would not do for clients that change their address. */
const LEAST_IPV6_DYNAMIC = 256n;

/** Why this range cannot be; undefined when it can. */
export function rangeProblem(range: RangeFields, around: RangeSurroundings): RangeProblem | undefined {
  const cidr = parseCidr(around.cidr);
  if (!cidr) throw new Error(`a subnet has the CIDR ${around.cidr}, which is none`);
  const start = parseIp(range.start);
  const end = parseIp(range.end);
  if (!start) return { field: "start_ip", message: `"${range.start}" is no IP address.` };
  if (!end) return { field: "end_ip", message: `"${range.end}" is no IP address.` };
  if (start.family !== end.family) return { field: "end_ip", message: "Start and end must be of the same IP version." };
  if (end.value < start.value)
    return { field: "end_ip", message: `The end ${range.end} comes before the start ${range.start}.` };
  if (!inCidr(start, cidr))
    return { field: "start_ip", message: `${range.start} is not inside of the subnet ${around.cidr}.` };
  if (!inCidr(end, cidr))
    return { field: "end_ip", message: `${range.end} is not inside of the subnet ${around.cidr}.` };
  const span = { first: start.value, last: end.value };
  const message =
    overlapWithRange(span, around.ranges) ??
    (range.type === "dynamic" ? dynamicProblem(span, cidr, around) : undefined);
  return message === undefined ? undefined : { field: "__all__", message };
}

function overlapWithRange(span: Span, ranges: readonly RangeFields[]): string | undefined {
  const other = ranges.find((r) => {
    const [start, end] = [parseIp(r.start), parseIp(r.end)];
    return start && end && overlaps(span, { first: start.value, last: end.value });
  });
  return other && `Overlaps the ${other.type} range ${other.start} to ${other.end}: choose others, or change that one.`;
}

function dynamicProblem(span: Span, cidr: Cidr, around: RangeSurroundings): string | undefined {
  const holds = (value: bigint) => span.first <= value && value <= span.last;
  const within = (text: string) => {
    const ip = parseIp(text);
    return ip !== undefined && ip.family === cidr.family && holds(ip.value);
  };
  const cannot = "A dynamic range cannot include";
  if (cidr.family === 6 && span.last - span.first + 1n < LEAST_IPV6_DYNAMIC)
    return `A dynamic range for IPv6 needs at least ${LEAST_IPV6_DYNAMIC} addresses.`;
  if (holds(cidr.first)) return `${cannot} the subnet's network address.`;
  if (cidr.family === 4 && holds(cidr.last)) return `${cannot} the subnet's broadcast address.`;
  if (around.gateway !== null && within(around.gateway)) return `${cannot} the gateway ${around.gateway}.`;
  const dns = around.dnsServers.find(within);
  if (dns !== undefined) return `${cannot} the DNS server ${dns}.`;
  const kept = around.kept?.find(({ ip }) => within(ip));
  if (kept) return `${cannot} reserved IPs: ${kept.ip} is one.`;
  const used = around.allocated.find(within);
  return used && `${cannot} addresses in use: ${used} is.`;
}
