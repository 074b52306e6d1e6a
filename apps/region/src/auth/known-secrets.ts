/**
 * What tokens sign with, kept in memory: neither the secret nor the consumer key of a token ever changes, and a machine that works sends some
 * requests a second. Whether the token is still there, and whose it is, is asked of the database each time.
 */
import { tokenOwner } from "@rackwright/db/users";
import type { Region } from "../context.ts";

interface Known {
  consumerKey: string;
  secret: string;
}

/** Which purpose a stored secret was sealed for: the token it belongs to. */
export const tokenPurpose = (tokenKey: string) => `oauth:${tokenKey}`;

/** Some 300 bytes each. */
const MOST = 10_000;
const known = new WeakMap<Region["db"], Map<string, Known>>();

function keptBy(region: Region): Map<string, Known> {
  const kept = known.get(region.db) ?? new Map<string, Known>();
  known.set(region.db, kept);
  return kept;
}

/** @returns undefined when there is no such token */
export async function signingSecret(region: Region, tokenKey: string): Promise<Known | undefined> {
  const kept = keptBy(region);
  const before = kept.get(tokenKey);
  if (before) return before;
  const owner = await tokenOwner(region.db.kysely, tokenKey);
  if (!owner) return undefined;
  const now = {
    consumerKey: owner.consumerKey,
    secret: region.secrets.open(tokenPurpose(tokenKey), owner.secret),
  };
  // The oldest goes: whoever is still at work is read anew.
  if (kept.size >= MOST) kept.delete(kept.keys().next().value ?? "");
  kept.set(tokenKey, now);
  return now;
}

/** The token is gone. */
export function forgetSecret(region: Region, tokenKey: string): void {
  keptBy(region).delete(tokenKey);
}
