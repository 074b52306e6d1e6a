/** The people and programs that may log in. */
import { appendChange } from "@rackwright/db/change";
import { insertUser, listUsers, setPasswordHash, type User, userById, userByName } from "@rackwright/db/users";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { hashPassword } from "../auth/password.ts";
import { type Ctx, inTransaction } from "../context.ts";
import { audit, userIdOf } from "./audit.ts";
import { addSshKeyTo } from "./ssh-keys.ts";

export const allUsers = (ctx: Ctx): Promise<User[]> => listUsers(ctx.region.db.kysely);

/** @throws DomainError not_found */
export async function readUser(ctx: Ctx, username: string): Promise<User> {
  const user = await userByName(ctx.region.db.kysely, username);
  if (!user) throw new DomainError("not_found", `There is no user '${username}'.`);
  return user;
}

export interface NewUser {
  username: string;
  email: string;
  /** null: may not log in with a password. */
  password: string | null;
  isSuperuser: boolean;
  /** In the form of authorized_keys. */
  sshKey?: string | undefined;
}

/** @throws DomainError invalid_fields when the name is taken, or the SSH key is none */
export async function createUser(ctx: Ctx, { sshKey, ...user }: NewUser): Promise<User> {
  // Before the transaction: it takes a tenth of a second, which nobody needs to wait for.
  const passwordHash = user.password === null ? null : await hashPassword(user.password);
  return inTransaction(ctx, async (tx) => {
    const made = await insertUser(tx, { ...user, passwordHash });
    if (!made) throw invalidField("username", `There is a user '${user.username}' already: choose another name.`);
    await appendChange(tx, { kind: "create", entity: "user", entityId: user.username });
    const what = user.isSuperuser ? "administrator" : "user";
    await audit(ctx, tx, "AUTHORISATION", `Created ${what} '${user.username}'.`);
    if (sshKey !== undefined && sshKey.trim() !== "") await addSshKeyTo(ctx, tx, made.id, sshKey);
    return made;
  });
}

/** API keys stay as they are. @throws DomainError not_found */
export async function changePassword(ctx: Ctx, username: string, password: string): Promise<void> {
  const passwordHash = await hashPassword(password);
  await inTransaction(ctx, async (tx) => {
    if (!(await setPasswordHash(tx, username, passwordHash)))
      throw new DomainError("not_found", `There is no user '${username}': maas createadmin makes one.`);
    await appendChange(tx, { kind: "update", entity: "user", entityId: username });
    await audit(ctx, tx, "AUTHORISATION", `Changed the password of user '${username}'.`);
  });
}

export async function currentUser(ctx: Ctx): Promise<User> {
  const user = await userById(ctx.region.db.kysely, userIdOf(ctx));
  if (!user) throw new Error(`user ${userIdOf(ctx)} signed this request and is gone`);
  return user;
}
