import type { SSHKey } from "@rackwright/contract/objects/common";
import { sshKey, sshKeys } from "@rackwright/contract/resources/misc";
import { API_ROOT } from "@rackwright/contract/table";
import { DomainError } from "@rackwright/domain/errors";
import { importSshKeys } from "../app/ssh-key-import.ts";
import { addSshKey, ownSshKeys, readSshKey, removeSshKey } from "../app/ssh-keys.ts";
import type { Routes } from "../http/route.ts";

type Key = Awaited<ReturnType<typeof readSshKey>>;

const wireKey = ({ id, key, keysource }: Key): SSHKey => ({
  key,
  id,
  keysource,
  resource_uri: `${API_ROOT}/account/prefs/sshkeys/${id}/`,
});

function idOf({ path }: { path: Record<string, string> }): number {
  const id = /^\d{1,15}$/.test(path.id ?? "") ? Number(path.id) : undefined;
  if (id === undefined) throw new DomainError("not_found", `There is no SSH key '${path.id}': ids are numbers.`);
  return id;
}

export function sshKeysRoutes(routes: Routes): void {
  routes.on(sshKeys.actions.read, async ({ ctx }) => (await ownSshKeys(ctx)).map(wireKey));
  routes.on(sshKeys.actions.create, async ({ ctx, params }) => wireKey(await addSshKey(ctx, params.key, params.user)));
  routes.on(sshKeys.actions.import, async ({ ctx, params }) =>
    (await importSshKeys(ctx, params.keysource)).map(wireKey),
  );
  routes.on(sshKey.actions.read, async (call) => wireKey(await readSshKey(call.ctx, idOf(call))));
  routes.on(sshKey.actions.delete, async (call) => removeSshKey(call.ctx, idOf(call)));
}
