/** account, sshkeys, users of API 1.0: decode, one call, encode. */
import type { AuthorisationToken, SSHKey, User } from "@rackwright/contract/objects-1.0";
import { account, sshKey, sshKeys, user, users } from "@rackwright/contract/resources-1.0/account";
import { API_1_0_ROOT } from "@rackwright/contract/table-1.0";
import { idOf } from "../api/wire/path-id.ts";
import { createKey, deleteKey } from "../app/api-keys.ts";
import { addSshKey, ownSshKeys, readSshKey, removeSshKey } from "../app/ssh-keys.ts";
import { allUsers, createUser, currentUser, readUser } from "../app/users.ts";
import type { Token } from "../auth/tokens.ts";
import type { Routes } from "../http/route.ts";

export const wireToken = (token: Token): AuthorisationToken => ({
  token_key: token.tokenKey,
  token_secret: token.tokenSecret,
  consumer_key: token.consumerKey,
});

const wireKey = ({ id, key }: { id: number; key: string }): SSHKey => ({
  id,
  key,
  resource_uri: `${API_1_0_ROOT}/account/prefs/sshkeys/${id}/`,
});

const wireUser = ({ username, email, isSuperuser }: Awaited<ReturnType<typeof currentUser>>): User => ({
  username,
  email,
  is_superuser: isSuperuser,
});

const keyId = (call: { path: Record<string, string> }) => idOf(call, "SSH key", "keyid");

export function accountRoutes(routes: Routes): void {
  routes.on(account.actions.create_authorisation_token, async ({ ctx }) =>
    wireToken(await createKey(ctx, await currentUser(ctx), undefined)),
  );
  routes.on(account.actions.delete_authorisation_token, async ({ ctx, params }) =>
    deleteKey(ctx, await currentUser(ctx), "token_key", params.token_key),
  );

  routes.on(sshKeys.actions.list, async ({ ctx }) => (await ownSshKeys(ctx)).map(wireKey));
  routes.on(sshKeys.actions.new, async ({ ctx, params }) => wireKey(await addSshKey(ctx, params.key)));
  routes.on(sshKey.actions.read, async (call) => wireKey(await readSshKey(call.ctx, keyId(call))));
  routes.on(sshKey.actions.delete, (call) => removeSshKey(call.ctx, keyId(call)));
  routes.on(sshKey.actions.delete_by_post, (call) => removeSshKey(call.ctx, keyId(call)));

  routes.on(users.actions.read, async ({ ctx }) => (await allUsers(ctx)).map(wireUser));
  routes.on(users.actions.create, async ({ ctx, params }) => {
    const { is_superuser: isSuperuser, ...rest } = params;
    return wireUser(await createUser(ctx, { ...rest, isSuperuser }));
  });
  routes.on(user.actions.read, async ({ ctx, path }) => wireUser(await readUser(ctx, path.username ?? "")));
}
