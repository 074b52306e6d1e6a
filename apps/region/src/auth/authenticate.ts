/** Who sends this request: by OAuth, or nobody. */
import { claimToken } from "@rackwright/db/users";
import type { RawParams } from "@rackwright/contract/params";
import { DomainError } from "@rackwright/domain/errors";
import type { Actor } from "@rackwright/domain/machine/machine";
import type { Region } from "../context.ts";
import { forgetSecret, signingSecret } from "./known-secrets.ts";
import { oauthParams, parseAuthorization, signatureMatches, type SignedRequest } from "./oauth.ts";

export interface Identity {
  actor: Actor;
  tokenKey: string | null;
  /** Set for a machine's own credentials, with the boot that it was in when they were checked. */
  node: { id: number; systemId: string; bootEpoch: number } | null;
}

export const nobody: Identity = { actor: { kind: "anonymous" }, tokenKey: null, node: null };

/** Older or newer than this, a request is refused (reference: describe.md section 9). */
const MAX_SKEW_SECONDS = 300;

/** What the database can look for, and keep in an index. Ours have 18 characters, those of the oldest clients 40. */
const isWord = (text: string) => /^[\x20-\x7e]{1,255}$/.test(text);

function refused(reason: string): DomainError {
  return new DomainError("unauthorized", `Authorization Error: ${reason}`);
}

/**
 * Check the signature of a request, wherever its parameters travel: header, query or form.
 * @returns nobody when it carries no credentials at all
 * @throws DomainError unauthorized when it carries ones that are wrong: they are never taken for an anonymous call
 */
export async function authenticate(
  region: Region,
  authorization: string | undefined,
  params: RawParams,
  request: Omit<SignedRequest, "params">,
): Promise<Identity> {
  const plain: [string, string][] = Object.entries(params).flatMap(([name, values]) =>
    values.filter((v) => typeof v === "string").map((v): [string, string] => [name, v]),
  );
  const fromHeader = authorization === undefined ? undefined : parseAuthorization(authorization);
  const oauth = oauthParams(fromHeader ?? plain.filter(([name]) => name.startsWith("oauth_")));
  if (!oauth) return nobody;
  if (oauth.version !== undefined && oauth.version !== "1.0") throw refused("'OAuth version must be 1.0.'");
  const skew = Math.abs(region.now().getTime() / 1000 - Number(oauth.timestamp));
  if (!(skew <= MAX_SKEW_SECONDS))
    throw refused(`'Expired timestamp: yours ${oauth.timestamp}, ours ${Math.floor(region.now().getTime() / 1000)}.'`);
  if (!isWord(oauth.token) || !isWord(oauth.nonce)) throw refused("'A token or nonce that is none of ours.'");
  const known = await signingSecret(region, oauth.token);
  if (!known || known.consumerKey !== oauth.consumerKey) throw refused("Invalid API key.");
  if (!signatureMatches(oauth, known.secret, { ...request, params: plain })) throw refused("'Invalid signature.'");
  const owner = await claimToken(region.db.kysely, oauth.token, oauth.nonce);
  if (!owner) {
    forgetSecret(region, oauth.token);
    throw refused("Invalid API key.");
  }
  if (!owner.fresh) throw refused("'Nonce already used: each request needs its own.'");
  if (owner.node)
    return { actor: { kind: "machine", systemId: owner.node.systemId }, tokenKey: oauth.token, node: owner.node };
  if (!owner.user) throw new Error(`token ${oauth.token} belongs to nobody`);
  if (!owner.user.isActive)
    throw new DomainError("forbidden", "User is not allowed to log in: the account is not active.");
  const { id, username, isSuperuser } = owner.user;
  return { actor: { kind: "user", userId: id, username, isSuperuser }, tokenKey: oauth.token, node: null };
}
