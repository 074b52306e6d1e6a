/** IPv4 addresses as numbers (host order, 0 to 2^32-1): DHCP compares, counts and stores them so. */

export interface Cidr4 {
  /** First address: the network itself. */
  first: number;
  /** Last address: the broadcast address. */
  last: number;
  prefix: number;
}

/** Without leading zeros, as inet_pton(3) has it: Kea reads no others. */
const OCTET = "(0|[1-9]\\d{0,2})";
const DOTTED = new RegExp(`^${OCTET}\\.${OCTET}\\.${OCTET}\\.${OCTET}$`);

export function ipv4ToNumber(text: string): number | undefined {
  const match = DOTTED.exec(text);
  if (!match) return undefined;
  let value = 0;
  for (const octet of match.slice(1).map(Number)) {
    if (octet > 255) return undefined;
    value = value * 256 + octet;
  }
  return value;
}

export function numberToIpv4(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join(".");
}

/** A network in its canonical form only: `10.0.0.1/24` is refused, since Kea keeps the text as the identity of a subnet. */
export function parseCidr4(text: string): Cidr4 | undefined {
  const [address, length, ...rest] = text.split("/");
  if (address === undefined || length === undefined || rest.length > 0 || !/^\d{1,2}$/.test(length)) return undefined;
  const prefix = Number(length);
  const first = ipv4ToNumber(address);
  if (first === undefined || prefix > 32) return undefined;
  const size = 2 ** (32 - prefix);
  return first % size === 0 ? { first, last: first + size - 1, prefix } : undefined;
}
