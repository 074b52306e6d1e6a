/** partitions, partition: decode, one call, encode. */
import { partition, partitions } from "@rackwright/contract/resources/partitions";
import { formatVolume, mountVolume, unformatVolume, unmountVolume, type Volume } from "../app/filesystems.ts";
import { createPartition, removePartition, tagPartition } from "../app/partitions.ts";
import { deviceOf, partitionOf, readStorage } from "../app/storage-view.ts";
import type { Ctx } from "../context.ts";
import type { Routes } from "../http/route.ts";
import { wirePartition } from "./wire/storage.ts";

type Named = Volume & { partition: string };
const volumeOf = ({ system_id = "", device_id = "", id = "" }: Record<string, string>): Named => ({
  systemId: system_id,
  device: device_id,
  partition: id,
});

async function shown(ctx: Ctx, { systemId, device, partition: word }: Named) {
  const of = await readStorage(ctx, systemId);
  return wirePartition(partitionOf(of.storage, device, word), of);
}

export function partitionsRoutes(routes: Routes): void {
  routes.on(partitions.actions.read, async ({ ctx, path: { system_id = "", device_id = "" } }) => {
    const of = await readStorage(ctx, system_id);
    return of.storage.partitionsOf(deviceOf(of.storage, device_id).id).map((p) => wirePartition(p, of));
  });
  routes.on(partitions.actions.create, async ({ ctx, path: { system_id = "", device_id = "" }, params }) => {
    const id = await createPartition(ctx, system_id, device_id, params);
    return shown(ctx, { systemId: system_id, device: device_id, partition: String(id) });
  });
  const one = partition.actions;
  routes.on(one.read, ({ ctx, path }) => shown(ctx, volumeOf(path)));
  routes.on(one.delete, ({ ctx, path }) => removePartition(ctx, volumeOf(path)));
  routes.on(one.add_tag, async ({ ctx, path, params }) => {
    await tagPartition(ctx, volumeOf(path), params.tag, true);
    return shown(ctx, volumeOf(path));
  });
  routes.on(one.remove_tag, async ({ ctx, path, params }) => {
    await tagPartition(ctx, volumeOf(path), params.tag, false);
    return shown(ctx, volumeOf(path));
  });
  routes.on(one.format, async ({ ctx, path, params }) => {
    await formatVolume(ctx, volumeOf(path), params);
    return shown(ctx, volumeOf(path));
  });
  routes.on(one.unformat, async ({ ctx, path }) => {
    await unformatVolume(ctx, volumeOf(path));
    return shown(ctx, volumeOf(path));
  });
  routes.on(one.mount, async ({ ctx, path, params }) => {
    await mountVolume(ctx, volumeOf(path), { mountPoint: params.mount_point, mountOptions: params.mount_options });
    return shown(ctx, volumeOf(path));
  });
  routes.on(one.unmount, async ({ ctx, path }) => {
    await unmountVolume(ctx, volumeOf(path));
    return shown(ctx, volumeOf(path));
  });
}
