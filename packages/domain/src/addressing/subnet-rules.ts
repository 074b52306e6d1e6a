/** What a subnet may be (reference: networking-storage.md section 2). */
import type { FieldMessages } from "../errors.ts";
import { inCidr, overlaps, parseCidr, parseIp } from "./ip.ts";
import type { RangeFields } from "./range-rules.ts";

export interface SubnetFields {
  cidr: string;
  gateway: string | null;
  dnsServers: readonly string[];
}

/** fe80::/10, RFC 4291 section 2.5.6: a gateway of IPv6 may be known by such an address alone. */
const LINK_LOCAL = parseCidr("fe80::/10");

/** Messages by field; none when all is well. `ranges`: those that the subnet has already. */
export function subnetProblems(subnet: SubnetFields, ranges: readonly RangeFields[]): FieldMessages {
  const cidr = parseCidr(subnet.cidr);
  if (!cidr)
    return { cidr: [`"${subnet.cidr}" is no network: an address, a slash and a prefix length, such as 10.0.0.0/24.`] };
  const problems: FieldMessages = {};
  const spans = ranges.flatMap((r) => {
    const [start, end] = [parseIp(r.start), parseIp(r.end)];
    return start && end ? [{ ...r, family: start.family, first: start.value, last: end.value }] : [];
  });
  const outside = spans.find((s) => s.family !== cidr.family || s.first < cidr.first || s.last > cidr.last);
  if (outside)
    problems.cidr = [`The ${outside.type} range ${outside.start} to ${outside.end} would be outside: delete it first.`];
  if (subnet.gateway !== null) {
    const gateway = parseIp(subnet.gateway);
    const inside =
      gateway && (inCidr(gateway, cidr) || (cidr.family === 6 && LINK_LOCAL && inCidr(gateway, LINK_LOCAL)));
    const range =
      gateway &&
      spans.find(
        (s) =>
          s.type === "dynamic" &&
          s.family === gateway.family &&
          overlaps(s, { first: gateway.value, last: gateway.value }),
      );
    if (!gateway) problems.gateway_ip = [`"${subnet.gateway}" is no IP address.`];
    else if (!inside) problems.gateway_ip = [`The gateway ${subnet.gateway} must be inside of ${subnet.cidr}.`];
    else if (range)
      problems.gateway_ip = [`The gateway ${subnet.gateway} is in the dynamic range ${range.start} to ${range.end}.`];
  }
  const noAddress = subnet.dnsServers.find((server) => !parseIp(server));
  if (noAddress !== undefined) problems.dns_servers = [`"${noAddress}" is no IP address.`];
  return problems;
}
