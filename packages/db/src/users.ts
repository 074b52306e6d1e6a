/** Users, their keys, and the credentials of machines. */
import type { EventType } from "@rackwright/domain/machine/event";
import { type Kysely, sql } from "kysely";
import type { Schema } from "./schema.ts";

export interface User {
  id: number;
  username: string;
  email: string;
  isSuperuser: boolean;
  isActive: boolean;
}

const userColumns = ["id", "username", "email", "is_superuser as isSuperuser", "is_active as isActive"] as const;

export function listUsers(db: Kysely<Schema>): Promise<User[]> {
  return db.selectFrom("app_user").select(userColumns).orderBy("username").execute();
}

export function userByName(
  db: Kysely<Schema>,
  username: string,
): Promise<(User & { passwordHash: string | null }) | undefined> {
  return db
    .selectFrom("app_user")
    .select(userColumns)
    .select("password_hash as passwordHash")
    .where("username", "=", username)
    .executeTakeFirst();
}

export function userById(db: Kysely<Schema>, id: number): Promise<User | undefined> {
  return db.selectFrom("app_user").select(userColumns).where("id", "=", id).executeTakeFirst();
}

/** @returns undefined when the name is taken */
export function insertUser(
  db: Kysely<Schema>,
  user: { username: string; email: string; passwordHash: string | null; isSuperuser: boolean },
): Promise<User | undefined> {
  return db
    .insertInto("app_user")
    .values({
      username: user.username,
      email: user.email,
      password_hash: user.passwordHash,
      is_superuser: user.isSuperuser,
    })
    .onConflict((c) => c.column("username").doNothing())
    .returning(userColumns)
    .executeTakeFirst();
}

/** @returns whether there is such a user */
export async function setPasswordHash(db: Kysely<Schema>, username: string, passwordHash: string): Promise<boolean> {
  const changed = await db
    .updateTable("app_user")
    .set({ password_hash: passwordHash })
    .where("username", "=", username)
    .executeTakeFirst();
  return changed.numUpdatedRows > 0n;
}

export async function anyUser(db: Kysely<Schema>): Promise<boolean> {
  return (await db.selectFrom("app_user").select("id").limit(1).executeTakeFirst()) !== undefined;
}

/** Credentials as stored; the secret is still encrypted. */
export interface StoredToken {
  tokenKey: string;
  consumerKey: string;
  secret: Buffer;
  name: string;
}

const tokenColumns = ["token_key as tokenKey", "consumer_key as consumerKey", "secret", "name"] as const;

export async function insertToken(
  db: Kysely<Schema>,
  owner: { userId: number } | { nodeId: number },
  token: StoredToken,
): Promise<void> {
  await db
    .insertInto("oauth_token")
    .values({
      token_key: token.tokenKey,
      consumer_key: token.consumerKey,
      secret: token.secret,
      name: token.name,
      user_id: "userId" in owner ? owner.userId : null,
      node_id: "nodeId" in owner ? owner.nodeId : null,
    })
    .execute();
}

export function tokensOfUser(db: Kysely<Schema>, userId: number): Promise<StoredToken[]> {
  return db
    .selectFrom("oauth_token")
    .select(tokenColumns)
    .where("user_id", "=", userId)
    .orderBy("created_at")
    .orderBy("token_key")
    .execute();
}

export function tokenOfNode(db: Kysely<Schema>, nodeId: number): Promise<StoredToken | undefined> {
  return db.selectFrom("oauth_token").select(tokenColumns).where("node_id", "=", nodeId).executeTakeFirst();
}

export async function deleteNodeToken(db: Kysely<Schema>, nodeId: number): Promise<void> {
  await db.deleteFrom("oauth_token").where("node_id", "=", nodeId).execute();
}

/** @returns whether the user had it */
export async function deleteUserToken(db: Kysely<Schema>, userId: number, tokenKey: string): Promise<boolean> {
  const gone = await db
    .deleteFrom("oauth_token")
    .where("user_id", "=", userId)
    .where("token_key", "=", tokenKey)
    .executeTakeFirst();
  return gone.numDeletedRows > 0n;
}

/** @returns whether the user had it */
export async function renameUserToken(
  db: Kysely<Schema>,
  userId: number,
  tokenKey: string,
  name: string,
): Promise<boolean> {
  const changed = await db
    .updateTable("oauth_token")
    .set({ name })
    .where("user_id", "=", userId)
    .where("token_key", "=", tokenKey)
    .executeTakeFirst();
  return changed.numUpdatedRows > 0n;
}

/** Who a token belongs to, and what its requests are signed with. */
export interface TokenOwner {
  consumerKey: string;
  secret: Buffer;
  user: User | null;
  node: { id: number; systemId: string; bootEpoch: number } | null;
}

interface OwnerRow {
  consumer_key: string;
  secret: Buffer;
  user_id: number | null;
  username: string;
  email: string;
  is_superuser: boolean;
  is_active: boolean;
  node_id: number | null;
  system_id: string;
  boot_epoch: number;
}

const ownerColumns =
  sql.raw(`t.consumer_key, t.secret, u.id as user_id, u.username, u.email, u.is_superuser, u.is_active,
  n.id as node_id, n.system_id, n.boot_epoch`);

const ownerOf = (row: OwnerRow): TokenOwner => ({
  consumerKey: row.consumer_key,
  secret: row.secret,
  user:
    row.user_id === null
      ? null
      : {
          id: row.user_id,
          username: row.username,
          email: row.email,
          isSuperuser: row.is_superuser,
          isActive: row.is_active,
        },
  node: row.node_id === null ? null : { id: row.node_id, systemId: row.system_id, bootEpoch: row.boot_epoch },
});

export async function tokenOwner(db: Kysely<Schema>, tokenKey: string): Promise<TokenOwner | undefined> {
  const { rows } = await sql<OwnerRow>`
    select ${ownerColumns}
    from oauth_token t left join app_user u on u.id = t.user_id left join node n on n.id = t.node_id
    where t.token_key = ${tokenKey}`.execute(db);
  return rows[0] && ownerOf(rows[0]);
}

/**
 * Remember that a request was signed with this nonce, and see whose token that is, at once. Only of requests whose signature holds: others
 * would fill the table.
 * @returns undefined when there is no such token (any more); `fresh` is false when the nonce was used before
 */
export async function claimToken(
  db: Kysely<Schema>,
  tokenKey: string,
  nonce: string,
): Promise<(TokenOwner & { fresh: boolean }) | undefined> {
  const { rows } = await sql<OwnerRow & { fresh: boolean }>`
    with mine as (select * from oauth_token where token_key = ${tokenKey}),
    seen as (insert into oauth_nonce (token_key, nonce) select token_key, ${nonce} from mine on conflict do nothing returning 1)
    select ${ownerColumns}, exists (select from seen) as fresh
    from mine t left join app_user u on u.id = t.user_id left join node n on n.id = t.node_id`.execute(db);
  return rows[0] && { ...ownerOf(rows[0]), fresh: rows[0].fresh };
}

export async function dropOldNonces(db: Kysely<Schema>, before: Date): Promise<void> {
  await db.deleteFrom("oauth_nonce").where("at", "<", before).execute();
}

export interface SshKey {
  id: number;
  userId: number;
  key: string;
  keysource: string;
}

const keyColumns = ["id", "user_id as userId", "key", "keysource"] as const;

export function sshKeysOf(db: Kysely<Schema>, userId: number): Promise<SshKey[]> {
  return db.selectFrom("ssh_key").select(keyColumns).where("user_id", "=", userId).orderBy("id").execute();
}

/** Keys of who asked last for this about a machine, by the name of the request's event. */
export function sshKeysOfRequester(db: Kysely<Schema>, nodeId: number, eventType: EventType): Promise<SshKey[]> {
  return db
    .selectFrom("ssh_key")
    .innerJoin("app_user", "app_user.id", "ssh_key.user_id")
    .select(["ssh_key.id", "user_id as userId", "key", "keysource"])
    .where("app_user.username", "=", (eb) =>
      eb
        .selectFrom("event")
        .select("event.username")
        .where("node_id", "=", nodeId)
        .where("type", "=", eventType)
        .orderBy("event.id", "desc")
        .limit(1),
    )
    .orderBy("ssh_key.id")
    .execute();
}

export function sshKeyById(db: Kysely<Schema>, id: number): Promise<SshKey | undefined> {
  return db.selectFrom("ssh_key").select(keyColumns).where("id", "=", id).executeTakeFirst();
}

/** @returns undefined when the user has this key already */
export function insertSshKey(
  db: Kysely<Schema>,
  userId: number,
  key: string,
  keysource = "",
): Promise<SshKey | undefined> {
  return db
    .insertInto("ssh_key")
    .values({ user_id: userId, key, keysource })
    .onConflict((c) => c.doNothing())
    .returning(keyColumns)
    .executeTakeFirst();
}

export async function deleteSshKey(db: Kysely<Schema>, id: number): Promise<void> {
  await db.deleteFrom("ssh_key").where("id", "=", id).execute();
}
