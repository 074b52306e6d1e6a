/** SSH keys of users, which the machines that they deploy let in. */
import { appendChange } from "@rackwright/db/change";
import { deleteSshKey, insertSshKey, type SshKey, sshKeyById, sshKeysOf, userByName } from "@rackwright/db/users";
import type { Tx } from "@rackwright/db/connect";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { parseSshPublicKey, type SshPublicKey, sshKeyLine } from "@rackwright/domain/ssh-key/parse";
import { type Ctx, inTransaction } from "../context.ts";
import { audit, userIdOf } from "./audit.ts";

export const ownSshKeys = (ctx: Ctx): Promise<SshKey[]> => sshKeysOf(ctx.region.db.kysely, userIdOf(ctx));

/** One of the caller's keys; administrators read those of others too. @throws DomainError not_found, forbidden */
export async function readSshKey(ctx: Ctx, id: number): Promise<SshKey> {
  const key = await sshKeyById(ctx.region.db.kysely, id);
  if (!key) throw noSuchKey(id);
  const admin = ctx.actor.kind === "user" && ctx.actor.isSuperuser;
  if (key.userId !== userIdOf(ctx) && !admin) throw othersKey(id);
  return key;
}

/**
 * @param username whose it becomes: the caller's, unless an administrator names another
 * @throws DomainError invalid_fields when it is no public key, or the user has it already; forbidden for another user's
 */
export async function addSshKey(ctx: Ctx, text: string, username?: string): Promise<SshKey> {
  return inTransaction(ctx, async (tx) => addSshKeyTo(ctx, tx, await ownerOf(ctx, tx, username), text));
}

/** Whether the caller may is decided. @throws DomainError invalid_fields when it is no public key, or the user has it already */
export async function addSshKeyTo(ctx: Ctx, tx: Tx, userId: number, text: string): Promise<SshKey> {
  const parsed = parseSshPublicKey(text);
  if ("problem" in parsed) throw invalidField("key", `This SSH key is not taken: ${parsed.problem}.`);
  const same = (await sshKeysOf(tx, userId)).some((key) => isSame(key, parsed));
  const made = same ? undefined : await insertSshKey(tx, userId, sshKeyLine(parsed));
  if (!made) throw invalidField("key", "This SSH key has already been added for this user.");
  await appendChange(tx, { kind: "create", entity: "ssh_key", entityId: made.id, visibleTo: String(userId) });
  await audit(ctx, tx, "AUTHORISATION", `Added SSH key id=${made.id} (${parsed.type}).`);
  return made;
}

async function ownerOf(ctx: Ctx, tx: Tx, username: string | undefined): Promise<number> {
  const own = userIdOf(ctx);
  if (username === undefined || username === "") return own;
  const user = await userByName(tx, username);
  const admin = ctx.actor.kind === "user" && ctx.actor.isSuperuser;
  if (!admin && user?.id !== own)
    throw new DomainError("forbidden", "Only an administrator adds SSH keys for other users.");
  if (!user) throw invalidField("user", `There is no user '${username}'.`);
  return user.id;
}

/** A key with another comment is the same key. */
export function isSame(stored: SshKey, key: SshPublicKey): boolean {
  const [type, blob] = stored.key.split(" ");
  return type === key.type && blob === key.blob;
}

/** @throws DomainError not_found, forbidden */
export async function removeSshKey(ctx: Ctx, id: number): Promise<void> {
  const userId = userIdOf(ctx);
  await inTransaction(ctx, async (tx) => {
    const key = await sshKeyById(tx, id);
    if (!key) throw noSuchKey(id);
    if (key.userId !== userId) throw othersKey(id);
    await deleteSshKey(tx, id);
    await appendChange(tx, { kind: "delete", entity: "ssh_key", entityId: id, visibleTo: String(userId) });
    await audit(ctx, tx, "AUTHORISATION", `Deleted SSH key id=${id}.`);
  });
}

const noSuchKey = (id: number) => new DomainError("not_found", `There is no SSH key ${id}.`);
const othersKey = (id: number) => new DomainError("forbidden", `SSH key ${id} is another user's.`);
