/** block-devices, block-device: decode, one call, encode. */
import { blockDevice, blockDevices } from "@rackwright/contract/resources/storage";
import * as devices from "../app/block-devices.ts";
import { formatVolume, mountVolume, unformatVolume, unmountVolume } from "../app/filesystems.ts";
import { deviceOf, readStorage } from "../app/storage-view.ts";
import type { Ctx } from "../context.ts";
import { plainText } from "../http/reply.ts";
import type { Routes } from "../http/route.ts";
import { wireBlockDevice } from "./wire/storage.ts";

async function shown(ctx: Ctx, systemId: string, word: string | number) {
  const of = await readStorage(ctx, systemId);
  return wireBlockDevice(deviceOf(of.storage, String(word)), of);
}

export function blockDeviceRoutes(routes: Routes): void {
  routes.on(blockDevices.actions.read, async ({ ctx, path }) => {
    const of = await readStorage(ctx, path["system_id"] ?? "");
    return of.storage.devices.map((device) => wireBlockDevice(device, of));
  });
  routes.on(blockDevices.actions.create, async ({ ctx, path: { system_id = "" }, params }) =>
    shown(ctx, system_id, await devices.createBlockDevice(ctx, system_id, params)),
  );
  const one = blockDevice.actions;
  routes.on(one.read, ({ ctx, path: { system_id = "", id = "" } }) => shown(ctx, system_id, id));
  routes.on(one.update, async ({ ctx, path: { system_id = "", id = "" }, params }) =>
    shown(ctx, system_id, await devices.updateBlockDevice(ctx, system_id, id, params)),
  );
  routes.on(one.delete, ({ ctx, path: { system_id = "", id = "" } }) => devices.deleteBlockDevice(ctx, system_id, id));
  routes.on(one.add_tag, async ({ ctx, path: { system_id = "", id = "" }, params }) =>
    shown(ctx, system_id, await devices.tagBlockDevice(ctx, system_id, id, params.tag, true)),
  );
  routes.on(one.remove_tag, async ({ ctx, path: { system_id = "", id = "" }, params }) =>
    shown(ctx, system_id, await devices.tagBlockDevice(ctx, system_id, id, params.tag, false)),
  );
  routes.on(one.set_boot_disk, async ({ ctx, path: { system_id = "", id = "" } }) => {
    await devices.chooseBootDisk(ctx, system_id, id);
    return plainText("OK");
  });
  routes.on(one.format, async ({ ctx, path: { system_id = "", id = "" }, params }) => {
    await formatVolume(ctx, { systemId: system_id, device: id }, params);
    return shown(ctx, system_id, id);
  });
  routes.on(one.unformat, async ({ ctx, path: { system_id = "", id = "" } }) => {
    await unformatVolume(ctx, { systemId: system_id, device: id });
    return shown(ctx, system_id, id);
  });
  routes.on(one.mount, async ({ ctx, path: { system_id = "", id = "" }, params }) => {
    const request = { mountPoint: params.mount_point, mountOptions: params.mount_options };
    await mountVolume(ctx, { systemId: system_id, device: id }, request);
    return shown(ctx, system_id, id);
  });
  routes.on(one.unmount, async ({ ctx, path: { system_id = "", id = "" } }) => {
    await unmountVolume(ctx, { systemId: system_id, device: id });
    return shown(ctx, system_id, id);
  });
}
