/** API keys of users: made, listed, renamed, deleted. A machine's credentials are elsewhere (auth/tokens.ts). */
import { appendChange } from "@rackwright/db/change";
import { deleteUserToken, insertToken, renameUserToken, tokensOfUser } from "@rackwright/db/users";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { makeToken, openToken, sealToken, type Token } from "../auth/tokens.ts";
import { type Ctx, inTransaction } from "../context.ts";
import { audit } from "./audit.ts";

const DEFAULT_NAME = "MAAS consumer";

/** Whose keys are meant. */
export interface KeyOwner {
  id: number;
  username: string;
}

export async function createKey(ctx: Ctx, owner: KeyOwner, name: string | undefined): Promise<Token> {
  const token = makeToken(name?.trim() || DEFAULT_NAME);
  await inTransaction(ctx, async (tx) => {
    await insertToken(tx, { userId: owner.id }, sealToken(ctx.region, token));
    await appendChange(tx, { kind: "update", entity: "user", entityId: owner.username });
    await audit(ctx, tx, "AUTHORISATION", `Created token '${token.name}' of '${owner.username}'.`);
  });
  return token;
}

/** Oldest first. */
export async function listKeys(ctx: Ctx, owner: Pick<KeyOwner, "id">): Promise<Token[]> {
  const stored = await tokensOfUser(ctx.region.db.kysely, owner.id);
  return stored.map((token) => openToken(ctx.region, token));
}

/**
 * The middle part of what a caller names a key by: that part alone, or the whole key. A comma behind it is dropped: it comes from command
 * lines of an old manual (seed row S2-022).
 */
function tokenKeyOf(field: string, given: string): string {
  const parts = given.trim().replace(/,$/, "").split(":");
  const key = parts.length === 3 ? parts[1] : parts.length === 1 ? parts[0] : undefined;
  if (!key) throw invalidField(field, "Give the token key, or the whole key: three parts with a colon between them.");
  return key;
}

function noSuchKey(owner: KeyOwner): DomainError {
  return new DomainError("not_found", `'${owner.username}' has no such API key: list_authorisation_tokens shows all.`);
}

/** @throws DomainError not_found, also for a key of somebody else */
export async function deleteKey(ctx: Ctx, owner: KeyOwner, field: string, given: string): Promise<void> {
  const tokenKey = tokenKeyOf(field, given);
  await inTransaction(ctx, async (tx) => {
    if (!(await deleteUserToken(tx, owner.id, tokenKey))) throw noSuchKey(owner);
    await appendChange(tx, { kind: "update", entity: "user", entityId: owner.username });
    await audit(ctx, tx, "AUTHORISATION", `Deleted a token of '${owner.username}'.`);
  });
}

/** @throws DomainError not_found, also for a key of somebody else */
export async function renameKey(ctx: Ctx, owner: KeyOwner, field: string, given: string, name: string): Promise<void> {
  const tokenKey = tokenKeyOf(field, given);
  await inTransaction(ctx, async (tx) => {
    if (!(await renameUserToken(tx, owner.id, tokenKey, name))) throw noSuchKey(owner);
    await appendChange(tx, { kind: "update", entity: "user", entityId: owner.username });
    await audit(ctx, tx, "AUTHORISATION", `Renamed a token of '${owner.username}' to '${name}'.`);
  });
}
