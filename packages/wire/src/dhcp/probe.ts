/**
 * As much of DHCP as it takes to ask which servers answer on a network: one DISCOVER out, OFFERs in (RFC 2131 section 2 and 3.1,
 * options of RFC 2132). No lease comes of it, since nothing is requested.
 */

export interface Discover {
  /** Transaction id, 32 bits: an answer repeats it. */
  xid: number;
  /** Of the interface that asks; lower case with colons. */
  mac: string;
}

export interface Offer {
  /** Server identifier, option 54. */
  server: string;
  /** The address offered. */
  address: string;
}

const BOOTREQUEST = 1;
const BOOTREPLY = 2;
const ETHERNET = 1;
/** An asker without an address takes nothing but broadcasts. */
const BROADCAST_FLAG = 0x8000;
const COOKIE = 0x63825363;
/** Where options begin: header, `sname`, `file`, cookie. */
const OPTIONS_AT = 240;
/** RFC 1542 section 2.1: shorter ones are dropped by some relays. */
const MIN_LENGTH = 300;

const PAD = 0;
const MESSAGE_TYPE = 53;
const SERVER_ID = 54;
const PARAMETERS = 55;
const END = 255;
const DISCOVER = 1;
const OFFER = 2;

export function encodeDiscover({ xid, mac }: Discover): Uint8Array {
  const bytes = new Uint8Array(MIN_LENGTH);
  const view = new DataView(bytes.buffer);
  const address = mac.split(":").map((part) => Number.parseInt(part, 16));
  bytes.set([BOOTREQUEST, ETHERNET, address.length]);
  view.setUint32(4, xid);
  view.setUint16(10, BROADCAST_FLAG);
  bytes.set(address, 28);
  view.setUint32(236, COOKIE);
  // Subnet mask and router are asked for, as every client does.
  bytes.set([MESSAGE_TYPE, 1, DISCOVER, PARAMETERS, 2, 1, 3, END], OPTIONS_AT);
  return bytes;
}

/** The offer in an answer to `xid`; undefined for whatever else comes by. */
export function decodeOffer(bytes: Uint8Array, xid: number): Offer | undefined {
  if (bytes.length <= OPTIONS_AT) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes[0] !== BOOTREPLY || view.getUint32(4) !== xid >>> 0 || view.getUint32(236) !== COOKIE) return undefined;
  const options = readOptions(bytes.subarray(OPTIONS_AT));
  const server = options.get(SERVER_ID);
  if (options.get(MESSAGE_TYPE)?.[0] !== OFFER || server?.length !== 4) return undefined;
  return { server: server.join("."), address: bytes.subarray(16, 20).join(".") };
}

/** Code to value; what is cut off is left out. */
function readOptions(bytes: Uint8Array): Map<number, Uint8Array> {
  const options = new Map<number, Uint8Array>();
  for (let at = 0; at < bytes.length; ) {
    const code = bytes[at] ?? END;
    if (code === END) break;
    if (code === PAD) {
      at += 1;
      continue;
    }
    const length = bytes[at + 1] ?? 0;
    const value = bytes.subarray(at + 2, at + 2 + length);
    if (value.length < length) break;
    options.set(code, value);
    at += 2 + length;
  }
  return options;
}
