/** raids, raid: decode, one call, encode. */
import { raid, raids } from "@rackwright/contract/resources/raids";
import { invalidField } from "@rackwright/domain/errors";
import { raidTypes } from "@rackwright/domain/storage/model";
import { addRaid, changeRaid, removeRaid } from "../app/raids.ts";
import { groupOf, groupsOf, readStorage } from "../app/storage-view.ts";
import type { Ctx } from "../context.ts";
import type { Routes } from "../http/route.ts";
import { wireRaid } from "./wire/storage-groups.ts";

async function shown(ctx: Ctx, systemId: string, word: string | number) {
  const of = await readStorage(ctx, systemId);
  return wireRaid(groupOf(of.storage, "raid", String(word)), of);
}

/** `raid-1`; its number alone will do. */
function levelOf(word: string) {
  const level = raidTypes.find((type) => type === word.toLowerCase() || type === `raid-${word}`);
  if (!level) throw invalidField("level", `"${word}" is not one of ${raidTypes.join(", ")}.`);
  return level;
}

export function raidsRoutes(routes: Routes): void {
  routes.on(raids.actions.read, async ({ ctx, path: { system_id = "" } }) => {
    const of = await readStorage(ctx, system_id);
    return groupsOf(of.storage, "raid").map((group) => wireRaid(group, of));
  });
  routes.on(raids.actions.create, async ({ ctx, path: { system_id = "" }, params: p }) => {
    const id = await addRaid(ctx, system_id, {
      name: p.name?.trim() || undefined,
      uuid: p.uuid,
      level: levelOf(p.level.trim()),
      members: { blockDevices: p.block_devices, partitions: p.partitions },
      spares: { blockDevices: p.spare_devices, partitions: p.spare_partitions },
    });
    return shown(ctx, system_id, id);
  });
  const one = raid.actions;
  routes.on(one.read, ({ ctx, path: { system_id = "", id = "" } }) => shown(ctx, system_id, id));
  routes.on(one.update, async ({ ctx, path: { system_id = "", id = "" }, params: p }) => {
    const changed = await changeRaid(ctx, system_id, id, {
      name: p.name?.trim() || undefined,
      uuid: p.uuid,
      add: {
        members: { blockDevices: p.add_block_devices, partitions: p.add_partitions },
        spares: { blockDevices: p.add_spare_devices, partitions: p.add_spare_partitions },
      },
      remove: {
        members: { blockDevices: p.remove_block_devices, partitions: p.remove_partitions },
        spares: { blockDevices: p.remove_spare_devices, partitions: p.remove_spare_partitions },
      },
    });
    return shown(ctx, system_id, changed);
  });
  routes.on(one.delete, ({ ctx, path: { system_id = "", id = "" } }) => removeRaid(ctx, system_id, id));
}
