/** Which addresses can be kept for a MAC address, and where static routes may lead (reference: networking-storage.md sections 7 and 9). */
import type { FieldMessages } from "../errors.ts";
import type { Occupancy } from "./allocate.ts";
import { inCidr, parseCidr, parseIp } from "./ip.ts";

export interface WantedIp {
  ip: string;
  mac: string;
  /** MAC addresses of the interfaces that have it now; null: of a claim without an interface. */
  holders: readonly (string | null)[];
}

/** Why the address cannot be kept; undefined when it can. */
export function keptIpProblem(wanted: WantedIp, subnet: Occupancy): FieldMessages | undefined {
  const cidr = parseCidr(subnet.cidr);
  const ip = parseIp(wanted.ip);
  if (!cidr) throw new Error(`a subnet has the CIDR ${subnet.cidr}, which is none`);
  if (!ip) return { ip: [`"${wanted.ip}" is no IP address.`] };
  if (!inCidr(ip, cidr)) return { ip: [`${wanted.ip} is not inside of the subnet ${subnet.cidr}.`] };
  if (cidr.family === 4 && cidr.prefix < 31 && (ip.value === cidr.first || ip.value === cidr.last))
    return { ip: [`${wanted.ip} is the network or broadcast address of ${subnet.cidr}.`] };
  if (cidr.family === 6 && cidr.prefix <= 126 && ip.value === cidr.first)
    return { ip: [`${wanted.ip} is the anycast address of ${subnet.cidr}.`] };
  const range = dynamicRangeOf(wanted.ip, subnet);
  if (range)
    return { ip: [`${wanted.ip} is in the dynamic range ${range.start} to ${range.end}: choose one outside of it.`] };
  if (wanted.ip === subnet.gateway) return { ip: [`${wanted.ip} is the gateway of ${subnet.cidr}.`] };
  if (subnet.kept?.some((kept) => kept.ip === wanted.ip)) return { ip: [`${wanted.ip} is reserved already.`] };
  if (subnet.kept?.some((kept) => kept.mac === wanted.mac))
    return { mac_address: [`${wanted.mac} has a reserved IP in ${subnet.cidr} already.`] };
  if (wanted.holders.some((holder) => holder !== wanted.mac))
    return { ip: [`${wanted.ip} is in use by another interface: release it there first.`] };
  return undefined;
}

/** The dynamic range that holds an address. */
export function dynamicRangeOf(
  address: string,
  subnet: Pick<Occupancy, "ranges">,
): { start: string; end: string } | undefined {
  const ip = parseIp(address);
  if (!ip) return undefined;
  return subnet.ranges.find((range) => {
    const [start, end] = [parseIp(range.start), parseIp(range.end)];
    return (
      range.type === "dynamic" &&
      start?.family === ip.family &&
      end !== undefined &&
      start.value <= ip.value &&
      ip.value <= end.value
    );
  });
}

export interface RouteFields {
  source: { id: number; cidr: string };
  destination: { id: number; cidr: string };
  gateway: string;
}

export function routeProblem({ source, destination, gateway }: RouteFields): FieldMessages | undefined {
  const [from, to, ip] = [parseCidr(source.cidr), parseCidr(destination.cidr), parseIp(gateway)];
  if (!from || !to) throw new Error(`a subnet has the CIDR ${source.cidr} or ${destination.cidr}, which is none`);
  if (source.id === destination.id) return { destination: ["A route leads to another subnet than its source."] };
  if (from.family !== to.family)
    return { destination: [`${destination.cidr} and ${source.cidr} are of different IP versions.`] };
  if (!ip) return { gateway_ip: [`"${gateway}" is no IP address.`] };
  if (!inCidr(ip, from)) return { gateway_ip: [`The gateway ${gateway} must be inside of the source ${source.cidr}.`] };
  return undefined;
}
