/** IPv4 and IPv6 addresses and networks as numbers: what is compared, counted and chosen from. */
import ipaddr from "ipaddr.js";

export interface Ip {
  family: 4 | 6;
  value: bigint;
}

/** First and last address, both in it. */
export interface Span {
  first: bigint;
  last: bigint;
}

export interface Cidr extends Span {
  family: 4 | 6;
  prefix: number;
}

const BITS = { 4: 32, 6: 128 } as const;

/** Undefined for anything but an address written in full: no `10.1`, no octal, no zone, no IPv4 in IPv6 clothes. */
export function parseIp(text: string): Ip | undefined {
  if (/^(\d{1,3}\.){3}\d{1,3}$/.test(text)) {
    const octets = text.split(".");
    if (octets.some((o) => Number(o) > 255 || (o.length > 1 && o.startsWith("0")))) return undefined;
    return { family: 4, value: toValue(octets.map(Number)) };
  }
  if (!text.includes(":") || text.includes("%") || !ipaddr.IPv6.isValid(text)) return undefined;
  const address = ipaddr.IPv6.parse(text);
  return address.isIPv4MappedAddress() ? undefined : { family: 6, value: toValue(address.toByteArray()) };
}

function toValue(bytes: readonly number[]): bigint {
  return bytes.reduce((value, byte) => value * 256n + BigInt(byte), 0n);
}

/** IPv6 as RFC 5952 writes it, which is PostgreSQL's way too. */
export function formatIp({ family, value }: Ip): string {
  const bytes = Array.from({ length: BITS[family] / 8 }, (_, i) =>
    Number((value >> BigInt(BITS[family] - 8 * (i + 1))) & 255n),
  );
  return family === 4 ? bytes.join(".") : new ipaddr.IPv6(bytes).toRFC5952String();
}

/** A network, host bits dropped: 10.0.0.7/24 is 10.0.0.0/24. Prefix length 1 to 32, or 128. */
export function parseCidr(text: string): Cidr | undefined {
  const [address, length, ...rest] = text.trim().split("/");
  const ip = parseIp(address ?? "");
  if (!ip || rest.length > 0 || length === undefined || !/^\d{1,3}$/.test(length)) return undefined;
  const prefix = Number(length);
  if (prefix < 1 || prefix > BITS[ip.family]) return undefined;
  const size = 1n << BigInt(BITS[ip.family] - prefix);
  const first = ip.value - (ip.value % size);
  return { family: ip.family, prefix, first, last: first + size - 1n };
}

export function formatCidr({ family, first, prefix }: Cidr): string {
  return `${formatIp({ family, value: first })}/${prefix}`;
}

/** 255.255.255.0, ffff:ffff:ffff:ffff:: */
export function netmaskOf({ family, first, last }: Cidr): string {
  const all = (1n << BigInt(BITS[family])) - 1n;
  return formatIp({ family, value: all - (last - first) });
}

export function inCidr(ip: Ip, cidr: Cidr): boolean {
  return ip.family === cidr.family && cidr.first <= ip.value && ip.value <= cidr.last;
}

export function overlaps(a: Span, b: Span): boolean {
  return a.first <= b.last && b.first <= a.last;
}
