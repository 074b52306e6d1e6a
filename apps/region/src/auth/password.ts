/** Password hashes: scrypt, N = 2^15 (84 ms on the reference machine), written so that the cost can be raised later. */
import { randomBytes, scrypt, timingSafeEqual } from "node:crypto";

const COST = { N: 2 ** 15, r: 8, p: 1 };

function derive(password: string, salt: Buffer, cost: { N: number; r: number; p: number }): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  scrypt(password.normalize("NFKC"), salt, 32, { ...cost, maxmem: 256 * cost.N * cost.r }, (error, key) =>
    error ? reject(error) : resolve(key),
  );
  return promise;
}

export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const key = await derive(password, salt, COST);
  return `scrypt$${COST.N}$${COST.r}$${COST.p}$${salt.toString("base64")}$${key.toString("base64")}`;
}

const decoy = hashPassword(randomBytes(12).toString("hex"));

/** Takes as long for a user who does not exist, or has no password. */
export async function checkPassword(password: string, stored: string | null): Promise<boolean> {
  const [, n, r, p, salt, key] = (stored ?? (await decoy)).split("$");
  const expected = Buffer.from(key ?? "", "base64");
  const got = await derive(password, Buffer.from(salt ?? "", "base64"), { N: Number(n), r: Number(r), p: Number(p) });
  return timingSafeEqual(expected, got) && stored !== null;
}
