/** Secrets at rest: AES-256-GCM under a key file that only this user can read. */
import { createCipheriv, createDecipheriv, createHash, createSecretKey, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Encrypts short secrets. `purpose` is bound to the ciphertext: a value moved to another column does not decrypt. */
export interface SecretBox {
  seal(purpose: string, plain: string): Buffer;
  open(purpose: string, sealed: Uint8Array): string;
}

export function secretBox(keyBytes: Buffer): SecretBox {
  // Once, not with each request.
  const key = createSecretKey(keyBytes);
  return {
    seal(purpose, plain) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv("aes-256-gcm", key, iv).setAAD(Buffer.from(purpose));
      return Buffer.concat([iv, cipher.update(plain, "utf8"), cipher.final(), cipher.getAuthTag()]);
    },
    open(purpose, sealed) {
      const bytes = Buffer.from(sealed);
      const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, IV_BYTES)).setAAD(Buffer.from(purpose));
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
      return decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES), undefined, "utf8") + decipher.final("utf8");
    },
  };
}

/**
 * The key in `file`, made on first use.
 * @throws Error when others can read the file: everything sealed with it would be theirs
 */
export function loadKey(file: string): Buffer {
  try {
    if ((statSync(file).mode & 0o077) !== 0)
      throw new Error(`${file} can be read by others: chmod 600 it, then start again`);
    const key = Buffer.from(readFileSync(file, "utf8").trim(), "hex");
    if (key.length !== 32) throw new Error(`${file} holds no 32-byte key: restore it from your backup`);
    return key;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  const key = randomBytes(32);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  writeFileSync(file, `${key.toString("hex")}\n`, { mode: 0o600, flag: "wx" });
  return key;
}

const ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789";

/** A random word of look-alike-free letters and digits; 56 symbols, so 18 of them carry 104 bits. */
export function randomWord(length: number): string {
  let word = "";
  while (word.length < length) {
    for (const byte of randomBytes(length)) if (byte < 224 && word.length < length) word += ALPHABET[byte % 56];
  }
  return word;
}

export function hashSecret(secret: string): Buffer {
  return createHash("sha256").update(secret).digest();
}
