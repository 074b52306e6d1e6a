/**
 * Public keys of OpenSSH, one line: type, base64 blob, comment. The blob is checked to be what its type says (RFC 4253 section 6.6,
 * RFC 5656, RFC 8709, OpenSSH PROTOCOL.u2f), so that nobody finds out at a machine's login prompt that a key was cut off.
 */

export interface SshPublicKey {
  type: string;
  /** Base64: what makes two keys the same, whatever their comments. */
  blob: string;
  comment: string;
}

/** Bits; OpenSSH refuses RSA keys below 1024, and nobody has larger ones than this. */
const RSA_BITS = { min: 1024, max: 16_384 };
const POINT_BYTES: Record<string, number> = { nistp256: 65, nistp384: 97, nistp521: 133 };

/** Length-prefixed strings, one after the other (RFC 4251 section 5). */
class Reader {
  #at = 0;
  private readonly bytes: Uint8Array;
  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
  string(): Uint8Array | undefined {
    const start = this.#at + 4;
    if (start > this.bytes.length) return undefined;
    const length = new DataView(this.bytes.buffer, this.bytes.byteOffset + this.#at, 4).getUint32(0);
    if (length > this.bytes.length - start) return undefined;
    this.#at = start + length;
    return this.bytes.subarray(start, this.#at);
  }
  text(): string | undefined {
    const bytes = this.string();
    return bytes && String.fromCharCode(...bytes.subarray(0, 256));
  }
  get atEnd(): boolean {
    return this.#at === this.bytes.length;
  }
}

/** Bits of a positive integer in the form of RFC 4251; undefined when it is none. */
function bitsOf(integer: Uint8Array | undefined): number | undefined {
  const first = integer?.[0];
  if (!integer || first === undefined || first >= 0x80) return undefined;
  const digits = first === 0 ? integer.subarray(1) : integer;
  const top = digits[0];
  if (top === undefined || (first === 0 && top < 0x80)) return undefined;
  return (digits.length - 1) * 8 + (32 - Math.clz32(top));
}

function rsaProblem(reader: Reader): string | undefined {
  const exponent = bitsOf(reader.string());
  const modulus = bitsOf(reader.string());
  if (exponent === undefined || modulus === undefined) return "the numbers of this RSA key are cut off or malformed";
  if (modulus < RSA_BITS.min) return `an RSA key of ${modulus} bits is too short: ${RSA_BITS.min} are the least`;
  if (modulus > RSA_BITS.max) return `an RSA key of ${modulus} bits is too long: ${RSA_BITS.max} are the most`;
  return undefined;
}

const ed25519Problem = (reader: Reader) =>
  reader.string()?.length === 32 ? undefined : "an Ed25519 key has 32 bytes, this one has not";

function ecdsaProblem(reader: Reader, curve: string): string | undefined {
  if (reader.text() !== curve) return `this key is not on the curve ${curve} that its type names`;
  const point = reader.string();
  const fits = point?.length === POINT_BYTES[curve] && point?.[0] === 4;
  return fits ? undefined : "the point of this ECDSA key is cut off or malformed";
}

/** Hardware keys end with the application that they are for. */
function applicationProblem(reader: Reader): string | undefined {
  return reader.text() ? undefined : "the application of this hardware key is missing";
}

const checks: Record<string, (reader: Reader) => string | undefined> = {
  "ssh-rsa": rsaProblem,
  "ssh-ed25519": ed25519Problem,
  "ecdsa-sha2-nistp256": (reader) => ecdsaProblem(reader, "nistp256"),
  "ecdsa-sha2-nistp384": (reader) => ecdsaProblem(reader, "nistp384"),
  "ecdsa-sha2-nistp521": (reader) => ecdsaProblem(reader, "nistp521"),
  "sk-ssh-ed25519@openssh.com": (reader) => ed25519Problem(reader) ?? applicationProblem(reader),
  "sk-ecdsa-sha2-nistp256@openssh.com": (reader) => ecdsaProblem(reader, "nistp256") ?? applicationProblem(reader),
};

function decodeBase64(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text) || text.length % 4 !== 0) return undefined;
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}

/** @returns the key, or what is wrong with the text; never a part of it, since people paste private keys by mistake */
export function parseSshPublicKey(text: string): SshPublicKey | { problem: string } {
  const line = text.trim();
  if (line.includes("PRIVATE KEY"))
    return { problem: "this is a private key: keep it to yourself, and give the public one (the file ending in .pub)" };
  // oxlint-disable-next-line no-control-regex -- a key is written into authorized_keys, where a line break begins another entry
  if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(line))
    return { problem: "give one key, on one line, without control characters" };
  const [type = "", blob = "", ...comment] = line.split(/[ \t]+/);
  const check = Object.hasOwn(checks, type) ? checks[type] : undefined;
  if (!check)
    return {
      problem: `it must begin with its type, one of ${Object.keys(checks).join(", ")}; options before that are not taken`,
    };
  const bytes = decodeBase64(blob);
  if (!bytes) return { problem: "what follows the type is not base64: the key was cut off or changed" };
  const reader = new Reader(bytes);
  if (reader.text() !== type) return { problem: "the key inside is of another type than the one before it" };
  const problem = check(reader) ?? (reader.atEnd ? undefined : "there is more in it than one key");
  return problem === undefined ? { type, blob, comment: comment.join(" ") } : { problem };
}

/** As it is stored and written into authorized_keys. */
export function sshKeyLine(key: SshPublicKey): string {
  return key.comment === "" ? `${key.type} ${key.blob}` : `${key.type} ${key.blob} ${key.comment}`;
}
