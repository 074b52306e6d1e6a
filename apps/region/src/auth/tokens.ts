/** API keys of users and credentials of machines. */
import type { Tx } from "@rackwright/db/connect";
import { deleteNodeToken, insertToken, type StoredToken, tokenOfNode } from "@rackwright/db/users";
import type { Region } from "../context.ts";
import { tokenPurpose } from "./known-secrets.ts";
import { randomWord } from "./secrets.ts";

export interface Token {
  consumerKey: string;
  tokenKey: string;
  tokenSecret: string;
  name: string;
}

/** The three parts joined, as people copy it. */
export function apiKey(token: Token): string {
  return `${token.consumerKey}:${token.tokenKey}:${token.tokenSecret}`;
}

/** Lengths as the documentation shows them: 18, 18 and 32. */
export function makeToken(name: string): Token {
  return { consumerKey: randomWord(18), tokenKey: randomWord(18), tokenSecret: randomWord(32), name };
}

export function sealToken(region: Pick<Region, "secrets">, token: Token): StoredToken {
  return {
    tokenKey: token.tokenKey,
    consumerKey: token.consumerKey,
    name: token.name,
    secret: region.secrets.seal(tokenPurpose(token.tokenKey), token.tokenSecret),
  };
}

export function openToken(region: Pick<Region, "secrets">, stored: StoredToken): Token {
  return {
    tokenKey: stored.tokenKey,
    consumerKey: stored.consumerKey,
    name: stored.name,
    tokenSecret: region.secrets.open(tokenPurpose(stored.tokenKey), stored.secret),
  };
}

/** Replace a machine's credentials. */
export async function newNodeToken(region: Pick<Region, "secrets">, tx: Tx, nodeId: number): Promise<Token> {
  await deleteNodeToken(tx, nodeId);
  const token = makeToken("machine");
  await insertToken(tx, { nodeId }, sealToken(region, token));
  return token;
}

export async function nodeToken(region: Pick<Region, "secrets" | "db">, nodeId: number): Promise<Token | null> {
  const stored = await tokenOfNode(region.db.kysely, nodeId);
  return stored ? openToken(region, stored) : null;
}
