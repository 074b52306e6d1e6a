/**
 * TFTP packets, bytes to values and back. Layouts: RFC 1350 section 5, option lists: RFC 2347.
 * Bytes come from anyone on the boot network: decoding throws `TftpRefusal` and nothing else.
 */

/** RFC 1350 appendix "Error Codes"; 8 is from RFC 2347. */
export const tftpErrorCode = {
  notDefined: 0,
  fileNotFound: 1,
  accessViolation: 2,
  diskFull: 3,
  illegalOperation: 4,
  unknownTransfer: 5,
  fileExists: 6,
  noSuchUser: 7,
  optionRefused: 8,
} as const;

/** Option names are lower-case (RFC 2347: case insensitive), in the order in which they were sent. */
export type TftpOptions = ReadonlyMap<string, string>;

export type TftpRequest = { kind: "rrq" | "wrq"; file: string; mode: string; options: TftpOptions };

export type TftpPacket =
  | TftpRequest
  | { kind: "data"; block: number; bytes: Uint8Array }
  | { kind: "ack"; block: number }
  | { kind: "error"; code: number; message: string }
  | { kind: "oack"; options: TftpOptions };

/** A packet that cannot be understood. `code` is what to answer with, where an answer is due. */
export class TftpRefusal extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.name = "TftpRefusal";
    this.code = code;
  }
}

const opcode = { rrq: 1, wrq: 2, data: 3, ack: 4, error: 5, oack: 6 } as const;

/** Bytes before the payload of a DATA packet. */
export const dataHeaderBytes = 4;

/** RFC 2347 limits a request to 512 bytes; some firmware pads more, and longer than an Ethernet frame is never honest. */
const maxRequestBytes = 1500;
const maxOptions = 32;

export function decodeTftp(bytes: Uint8Array): TftpPacket {
  if (bytes.length < 4) throw malformed(`a packet of ${bytes.length} bytes`);
  switch (uint16(bytes, 0)) {
    case opcode.rrq:
      return decodeRequest("rrq", bytes);
    case opcode.wrq:
      return decodeRequest("wrq", bytes);
    case opcode.data:
      return { kind: "data", block: uint16(bytes, 2), bytes: bytes.subarray(dataHeaderBytes) };
    case opcode.ack:
      return { kind: "ack", block: uint16(bytes, 2) };
    case opcode.error:
      return decodeError(bytes);
    case opcode.oack:
      return { kind: "oack", options: readOptions(readStrings(bytes, 2)) };
    default:
      throw malformed(`operation code ${uint16(bytes, 0)}`);
  }
}

export function encodeTftp(packet: TftpPacket): Uint8Array {
  switch (packet.kind) {
    case "rrq":
    case "wrq":
      return withStrings([0, opcode[packet.kind]], [packet.file, packet.mode, ...flatten(packet.options)]);
    case "data": {
      const bytes = new Uint8Array(dataHeaderBytes + packet.bytes.length);
      writeDataHeader(bytes, 0, packet.block);
      bytes.set(packet.bytes, dataHeaderBytes);
      return bytes;
    }
    case "ack":
      return Uint8Array.of(0, opcode.ack, packet.block >> 8, packet.block & 0xff);
    case "error":
      return withStrings([0, opcode.error, packet.code >> 8, packet.code & 0xff], [packet.message]);
    case "oack":
      break;
  }
  return withStrings([0, opcode.oack], flatten(packet.options));
}

/** Header of a DATA packet in place, so that a sender can lay out a whole window in one buffer without copying twice. */
export function writeDataHeader(target: Uint8Array, offset: number, block: number): void {
  target[offset] = 0;
  target[offset + 1] = opcode.data;
  target[offset + 2] = (block >> 8) & 0xff;
  target[offset + 3] = block & 0xff;
}

function decodeRequest(kind: "rrq" | "wrq", bytes: Uint8Array): TftpRequest {
  if (bytes.length > maxRequestBytes) throw malformed(`a request of ${bytes.length} bytes`);
  const [file, mode, ...rest] = readStrings(bytes, 2);
  if (!file) throw malformed("a request without a file name");
  if (!mode) throw malformed("a request without a transfer mode");
  return { kind, file, mode: mode.toLowerCase(), options: readOptions(rest) };
}

function decodeError(bytes: Uint8Array): TftpPacket {
  // Firmware forgets the final NUL of its message, or the message: an ERROR ends a transfer in any case, so it is read leniently.
  const end = bytes.indexOf(0, 4);
  const text = bytes.subarray(4, Math.min(end === -1 ? bytes.length : end, 4 + 512));
  return { kind: "error", code: uint16(bytes, 2), message: new TextDecoder().decode(text) };
}

/** NUL-terminated strings up to the end; a last one without its NUL is refused, padding NULs after the last are dropped. */
function readStrings(bytes: Uint8Array, from: number): string[] {
  const strings: string[] = [];
  const decoder = new TextDecoder("utf-8", { fatal: true });
  for (let at = from; at < bytes.length; ) {
    const end = bytes.indexOf(0, at);
    if (end === -1) throw malformed("a string without its final NUL");
    if (strings.length >= 2 + 2 * maxOptions) throw malformed(`more than ${maxOptions} options`);
    try {
      strings.push(decoder.decode(bytes.subarray(at, end)));
    } catch {
      throw malformed("a string that is not UTF-8");
    }
    at = end + 1;
  }
  while (strings.length > 2 && strings.at(-1) === "" && strings.at(-2) === "") strings.length -= 1;
  return strings;
}

/** RFC 2347: an option appears once. A repeated one is ignored after its first value; a name without a value ends the list. */
function readOptions(strings: readonly string[]): TftpOptions {
  const options = new Map<string, string>();
  for (let i = 0; i + 1 < strings.length; i += 2) {
    const name = (strings[i] ?? "").toLowerCase();
    if (name !== "" && !options.has(name)) options.set(name, strings[i + 1] ?? "");
  }
  return options;
}

const flatten = (options: TftpOptions): string[] => [...options].flat();

function withStrings(head: number[], strings: readonly string[]): Uint8Array {
  for (const s of strings) if (s.includes("\0")) throw new Error(`TFTP string holds a NUL: ${JSON.stringify(s)}`);
  const body = new TextEncoder().encode(strings.map((s) => `${s}\0`).join(""));
  const bytes = new Uint8Array(head.length + body.length);
  bytes.set(head);
  bytes.set(body, head.length);
  return bytes;
}

const uint16 = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);

const malformed = (what: string) => new TftpRefusal(tftpErrorCode.illegalOperation, `not TFTP: ${what}`);
