/** vmfs-datastores, vmfs-datastore: decode, one call, encode. */
import { vmfsDatastore, vmfsDatastores } from "@rackwright/contract/resources/vmfs-datastores";
import { groupOf, groupsOf, readStorage } from "../app/storage-view.ts";
import { addDatastore, changeDatastore, removeDatastore } from "../app/vmfs-datastores.ts";
import type { Ctx } from "../context.ts";
import type { Routes } from "../http/route.ts";
import { wireDatastore } from "./wire/storage-groups.ts";

async function shown(ctx: Ctx, systemId: string, word: string | number) {
  const of = await readStorage(ctx, systemId);
  return wireDatastore(groupOf(of.storage, "vmfs6", String(word)), of);
}

export function vmfsDatastoresRoutes(routes: Routes): void {
  routes.on(vmfsDatastores.actions.read, async ({ ctx, path: { system_id = "" } }) => {
    const of = await readStorage(ctx, system_id);
    return groupsOf(of.storage, "vmfs6").map((group) => wireDatastore(group, of));
  });
  routes.on(vmfsDatastores.actions.create, async ({ ctx, path: { system_id = "" }, params: p }) => {
    const members = { blockDevices: p.block_devices, partitions: p.partitions };
    return shown(ctx, system_id, await addDatastore(ctx, system_id, { name: p.name.trim(), uuid: p.uuid, ...members }));
  });
  const one = vmfsDatastore.actions;
  routes.on(one.read, ({ ctx, path: { system_id = "", id = "" } }) => shown(ctx, system_id, id));
  routes.on(one.update, async ({ ctx, path: { system_id = "", id = "" }, params: p }) => {
    const changed = await changeDatastore(ctx, system_id, id, {
      name: p.name?.trim() || undefined,
      uuid: p.uuid,
      add: { blockDevices: p.add_block_devices, partitions: p.add_partitions },
      remove: { blockDevices: p.remove_block_devices, partitions: p.remove_partitions },
    });
    return shown(ctx, system_id, changed);
  });
  routes.on(one.delete, ({ ctx, path: { system_id = "", id = "" } }) => removeDatastore(ctx, system_id, id));
}
