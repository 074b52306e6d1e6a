/** The caller's API keys. */
import type { AuthToken, AuthTokenListItem } from "@rackwright/contract/objects/common";
import { account } from "@rackwright/contract/resources/account";
import { createKey, deleteKey, listKeys, renameKey } from "../app/api-keys.ts";
import { currentUser } from "../app/users.ts";
import { apiKey } from "../auth/tokens.ts";
import { plainText } from "../http/reply.ts";
import type { Routes } from "../http/route.ts";

export function accountRoutes(routes: Routes): void {
  const { actions } = account;
  routes.on(actions.create_authorisation_token, async ({ ctx, params }): Promise<AuthToken> => {
    const token = await createKey(ctx, await currentUser(ctx), params.name);
    return {
      token_key: token.tokenKey,
      token_secret: token.tokenSecret,
      consumer_key: token.consumerKey,
      name: token.name,
    };
  });
  routes.on(actions.list_authorisation_tokens, async ({ ctx }): Promise<AuthTokenListItem[]> => {
    const tokens = await listKeys(ctx, await currentUser(ctx));
    return tokens.map((token) => ({ name: token.name, token: apiKey(token) }));
  });
  routes.on(actions.delete_authorisation_token, async ({ ctx, params }) =>
    deleteKey(ctx, await currentUser(ctx), "token_key", params.token_key),
  );
  routes.on(actions.update_token_name, async ({ ctx, params }) => {
    await renameKey(ctx, await currentUser(ctx), "token", params.token, params.name);
    return plainText("Accepted");
  });
}
