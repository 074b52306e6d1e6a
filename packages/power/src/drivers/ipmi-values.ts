/** The two IPMI parameters with a grammar of their own: the address and K_g. */
import { isIP } from "node:net";

export interface IpmiAddress {
  host: string;
  /** undefined: 623, the port of RMCP (IPMI 2.0, 13.1.2). */
  port: string | undefined;
}

/** `host`, `host:port`, `::1`, `[::1]` or `[::1]:port`; undefined when it is none of them. */
export function parseAddress(text: string): IpmiAddress | undefined {
  if (isIP(text) === 6) return { host: text, port: undefined };
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65535)) return undefined;
  if (bracketed !== undefined) return isIP(bracketed) === 6 ? { host: bracketed, port } : undefined;
  // A leading dash would be read as an option by the tool that is given the name.
  if (plain === undefined || !/^[a-z0-9_][a-z0-9_.-]*$/i.test(plain)) return undefined;
  return { host: plain, port };
}

export const addressComplaint = (text: string): string | undefined =>
  parseAddress(text) ? undefined : `${text} is not an IP address or host name, with or without :port.`;

/** K_g is 20 bytes, padded with zeros (IPMI 2.0, 13.33). */
const KEY_BYTES = 20;

export function parseKey(text: string): Buffer {
  const hex = /^0x([0-9a-f]*)$/i.exec(text)?.[1];
  return hex === undefined ? Buffer.from(text, "utf8") : Buffer.from(hex, "hex");
}

export function keyComplaint(text: string): string | undefined {
  if (/^0x/i.test(text) && !/^0x([0-9a-f]{2})+$/i.test(text))
    return "After 0x there must be pairs of hexadecimal digits.";
  const key = parseKey(text);
  if (key.length > KEY_BYTES) return `A K_g key has at most ${KEY_BYTES} bytes; this one has ${key.length}.`;
  // It travels in the environment, where a zero byte ends a value; those at the end are padding anyway.
  return withoutPadding(key).includes(0) ? "A K_g key with a zero byte inside cannot be used." : undefined;
}

/** The key as `printf` escapes, for bytes that are not UTF-8 and so cannot stand in an environment made by Node. */
export function keyAsOctal(text: string): string {
  return [...withoutPadding(parseKey(text))].map((byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
}

function withoutPadding(key: Buffer): Buffer {
  let end = key.length;
  while (end > 0 && key[end - 1] === 0) end--;
  return key.subarray(0, end);
}
