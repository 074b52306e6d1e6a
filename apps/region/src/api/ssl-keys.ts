/** account/prefs/sslkeys: decode, one call, encode. */
import type { SSLKey } from "@rackwright/contract/objects/common";
import { sslKey, sslKeys } from "@rackwright/contract/resources/ssl-keys";
import { API_ROOT } from "@rackwright/contract/table";
import { addSslKey, ownSslKeys, readSslKey, removeSslKey } from "../app/ssl-keys.ts";
import type { Routes } from "../http/route.ts";
import { idOf } from "./wire/path-id.ts";

const wireKey = ({ id, key }: Awaited<ReturnType<typeof readSslKey>>): SSLKey => ({
  key,
  id,
  resource_uri: `${API_ROOT}/account/prefs/sslkeys/${id}/`,
});

export function sslKeysRoutes(routes: Routes): void {
  routes.on(sslKeys.actions.read, async ({ ctx }) => (await ownSslKeys(ctx)).map(wireKey));
  routes.on(sslKeys.actions.create, async ({ ctx, params }) => wireKey(await addSslKey(ctx, params.key)));
  routes.on(sslKey.actions.read, async (call) => wireKey(await readSslKey(call.ctx, idOf(call, "SSL key"))));
  routes.on(sslKey.actions.delete, (call) => removeSslKey(call.ctx, idOf(call, "SSL key")));
}
