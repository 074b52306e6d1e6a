/** Block devices of a machine. */
import { blockDevice, blockDevices } from "@rackwright/contract/resources/storage";
import { readBlockDevice, readStorage } from "../app/block-devices.ts";
import type { Routes } from "../http/route.ts";
import { storageContext } from "./wire/machine.ts";
import { wireBlockDevice } from "./wire/storage.ts";

export function blockDeviceRoutes(routes: Routes): void {
  routes.on(blockDevices.actions.read, async ({ ctx, path }) => {
    const view = await readStorage(ctx, path["system_id"] ?? "");
    return view.blockDevices.map((disk) => wireBlockDevice(disk, storageContext(view)));
  });
  routes.on(blockDevice.actions.read, async ({ ctx, path }) => {
    const { view, disk } = await readBlockDevice(ctx, path["system_id"] ?? "", path["id"] ?? "");
    return wireBlockDevice(disk, storageContext(view));
  });
}
