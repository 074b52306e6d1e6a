/** volume-groups, volume-group: decode, one call, encode. */
import { volumeGroup, volumeGroups } from "@rackwright/contract/resources/volume-groups";
import { deviceOf, groupOf, groupsOf, readStorage } from "../app/storage-view.ts";
import { addVolume, addVolumeGroup, changeVolumeGroup, removeVolume, removeVolumeGroup } from "../app/volume-groups.ts";
import type { Ctx } from "../context.ts";
import type { Routes } from "../http/route.ts";
import { wireBlockDevice } from "./wire/storage.ts";
import { wireVolumeGroup } from "./wire/storage-groups.ts";

async function shown(ctx: Ctx, systemId: string, word: string | number) {
  const of = await readStorage(ctx, systemId);
  return wireVolumeGroup(groupOf(of.storage, "lvm-vg", String(word)), of);
}

export function volumeGroupsRoutes(routes: Routes): void {
  routes.on(volumeGroups.actions.read, async ({ ctx, path: { system_id = "" } }) => {
    const of = await readStorage(ctx, system_id);
    return groupsOf(of.storage, "lvm-vg").map((group) => wireVolumeGroup(group, of));
  });
  routes.on(volumeGroups.actions.create, async ({ ctx, path: { system_id = "" }, params: p }) => {
    const members = { blockDevices: p.block_devices, partitions: p.partitions };
    return shown(
      ctx,
      system_id,
      await addVolumeGroup(ctx, system_id, { name: p.name.trim(), uuid: p.uuid, ...members }),
    );
  });
  const one = volumeGroup.actions;
  routes.on(one.read, ({ ctx, path: { system_id = "", id = "" } }) => shown(ctx, system_id, id));
  routes.on(one.update, async ({ ctx, path: { system_id = "", id = "" }, params: p }) => {
    const changed = await changeVolumeGroup(ctx, system_id, id, {
      name: p.name?.trim() || undefined,
      uuid: p.uuid,
      add: { blockDevices: p.add_block_devices, partitions: p.add_partitions },
      remove: { blockDevices: p.remove_block_devices, partitions: p.remove_partitions },
    });
    return shown(ctx, system_id, changed);
  });
  routes.on(one.delete, ({ ctx, path: { system_id = "", id = "" } }) => removeVolumeGroup(ctx, system_id, id));
  routes.on(one.create_logical_volume, async ({ ctx, path: { system_id = "", id = "" }, params }) => {
    const volume = await addVolume(ctx, system_id, id, { ...params, name: params.name.trim() });
    const of = await readStorage(ctx, system_id);
    return wireBlockDevice(deviceOf(of.storage, String(volume)), of);
  });
  routes.on(one.delete_logical_volume, ({ ctx, path: { system_id = "", id = "" }, params }) =>
    removeVolume(ctx, system_id, id, params.id),
  );
}
