/** devices, device: decode, one call, encode. */
import { device, devices } from "@rackwright/contract/resources/devices";
import {
  annotateDevice,
  createDevice,
  deviceView,
  deviceViews,
  removeDevice,
  restoreDevice,
  setDevicesZone,
  updateDeviceFields,
} from "../app/devices.ts";
import { emptyDetails } from "../app/machine-facts.ts";
import { isActionInProgress, isRegistered } from "../app/machines.ts";
import type { Ctx } from "../context.ts";
import { Raw } from "../http/reply.ts";
import type { Routes } from "../http/route.ts";
import { wireDevice } from "./wire/device.ts";

const shown = async (ctx: Ctx, systemId: string) => wireDevice(await deviceView(ctx, systemId));

export function devicesRoutes(routes: Routes): void {
  const all = devices.actions;
  routes.on(all.read, async ({ ctx, params }) => (await deviceViews(ctx, params)).map(wireDevice));
  routes.on(all.create, async ({ ctx, params }) => shown(ctx, await createDevice(ctx, params)));
  routes.on(all.set_zone, async ({ ctx, params }) => {
    await setDevicesZone(ctx, params.zone, params.nodes);
    return null;
  });
  routes.on(all.is_registered, ({ ctx, params }) => isRegistered(ctx, params.mac_address));
  routes.on(all.is_action_in_progress, ({ ctx, params }) => isActionInProgress(ctx, params.mac_address));
  const one = device.actions;
  routes.on(one.read, ({ ctx, path: { system_id = "" } }) => shown(ctx, system_id));
  routes.on(one.update, async ({ ctx, path: { system_id = "" }, params }) => {
    await updateDeviceFields(ctx, system_id, params);
    return shown(ctx, system_id);
  });
  routes.on(one.delete, ({ ctx, path: { system_id = "" } }) => removeDevice(ctx, system_id));
  routes.on(one.details, async ({ ctx, path: { system_id = "" } }) => {
    await deviceView(ctx, system_id);
    return new Raw(emptyDetails(), "application/bson");
  });
  routes.on(one.power_parameters, async ({ ctx, path: { system_id = "" } }) => {
    await deviceView(ctx, system_id);
    return {};
  });
  for (const restore of [one.restore_default_configuration, one.restore_networking_configuration])
    routes.on(restore, async ({ ctx, path: { system_id = "" } }) => {
      await restoreDevice(ctx, system_id);
      return shown(ctx, system_id);
    });
  for (const annotate of [one.set_workload_annotations, one.set_owner_data])
    routes.on(annotate, async ({ ctx, path: { system_id = "" }, extra }) => {
      await annotateDevice(ctx, system_id, extra);
      return shown(ctx, system_id);
    });
}
