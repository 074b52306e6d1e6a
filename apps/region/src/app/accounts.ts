/** Accounts from the inside: the first administrator, keys asked for on the region's host, logging in with a password. */
import { type User, userByName } from "@rackwright/db/users";
import { DomainError } from "@rackwright/domain/errors";
import { checkPassword } from "../auth/password.ts";
import { apiKey, type Token } from "../auth/tokens.ts";
import { type Ctx, type Region, systemCtx } from "../context.ts";
import { createKey, listKeys } from "./api-keys.ts";
import { createUser } from "./users.ts";

/** @throws DomainError not_found */
export async function namedUser(region: Region, username: string): Promise<User> {
  const user = await userByName(region.db.kysely, username);
  if (!user) throw new DomainError("not_found", `There is no user '${username}': maas createadmin makes one.`);
  return user;
}

/** The user's newest key; a new one when there is none. */
export async function newestKey(ctx: Ctx, user: User): Promise<Token> {
  return (await listKeys(ctx, user)).at(-1) ?? createKey(ctx, user, undefined);
}

/**
 * At the first start: an administrator and an API key. Again: the user as it is, the password untouched.
 * @returns the API key, as text
 */
export async function createFirstAdmin(
  region: Region,
  { username, password, email }: { username: string; password: string; email?: string },
): Promise<string> {
  const ctx = systemCtx(region);
  const user =
    (await userByName(region.db.kysely, username)) ??
    (await createUser(ctx, { username, password, email: email ?? `${username}@localhost`, isSuperuser: true }));
  if (!user.isSuperuser)
    throw new DomainError("conflict", `There is a user '${username}', who is no administrator: choose another name.`);
  return apiKey(await newestKey(ctx, user));
}

/**
 * An API key for whoever knows the password: the oldest one that has this name, else a new one; any will do without a name.
 * @returns undefined when name or password are wrong, or the user may not log in
 */
export async function keyByPassword(
  region: Region,
  { username, password, consumer }: { username: string; password: string; consumer: string | undefined },
): Promise<Token | undefined> {
  const user = await userByName(region.db.kysely, username);
  const known = await checkPassword(password, user?.passwordHash ?? null);
  if (!known || !user?.isActive) return undefined;
  const { id: userId, isSuperuser } = user;
  const ctx: Ctx = { region, actor: { kind: "user", userId, username, isSuperuser }, tokenKey: null };
  const keys = await listKeys(ctx, user);
  return keys.find((key) => consumer === undefined || key.name === consumer) ?? createKey(ctx, user, consumer);
}

/** Whether a first start has been here: then no password is asked for again. */
export async function hasUser(region: Region, username: string): Promise<boolean> {
  return (await userByName(region.db.kysely, username)) !== undefined;
}
