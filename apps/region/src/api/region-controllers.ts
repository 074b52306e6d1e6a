/** regioncontrollers, regioncontroller: decode, one call, encode. */
import { regionController, regionControllers } from "@rackwright/contract/resources/controllers";
import { controllerTypes, deleteRegion, regionView, regionViews, updateControllerFields } from "../app/controllers.ts";
import { powerGiven } from "./machines.ts";
import { emptyDetails, powerParametersOf } from "../app/machine-facts.ts";
import { isActionInProgress, isRegistered } from "../app/machines.ts";
import { moveToZone } from "../app/node-zones.ts";
import { Raw } from "../http/reply.ts";
import type { Routes } from "../http/route.ts";
import { wireRegionController } from "./wire/rack.ts";

const idOf = ({ path }: { path: Record<string, string> }) => path.system_id ?? "";

export function regionControllersRoutes(routes: Routes): void {
  const many = regionControllers.actions;
  const one = regionController.actions;
  routes.on(many.read, async ({ ctx, params }) => (await regionViews(ctx, params)).map(wireRegionController));
  routes.on(many.is_registered, ({ ctx, params }) => isRegistered(ctx, params.mac_address));
  routes.on(many.is_action_in_progress, ({ ctx, params }) => isActionInProgress(ctx, params.mac_address));
  routes.on(many.set_zone, async ({ ctx, params }) => {
    await moveToZone(ctx, params.nodes, params.zone, controllerTypes("region"));
    return null;
  });
  routes.on(one.read, async (call) => wireRegionController(await regionView(call.ctx, idOf(call))));
  routes.on(one.update, async (call) => {
    const { power_parameters_skip_check: skipCheck, ...fields } = call.params;
    await updateControllerFields(call.ctx, "region", idOf(call), fields, powerGiven(call.extra, undefined, skipCheck));
    return wireRegionController(await regionView(call.ctx, idOf(call)));
  });
  routes.on(one.delete, (call) => deleteRegion(call.ctx, idOf(call), call.params.force));
  routes.on(one.details, async (call) => {
    await regionView(call.ctx, idOf(call));
    return new Raw(emptyDetails(), "application/bson");
  });
  routes.on(one.power_parameters, async (call) =>
    powerParametersOf(call.ctx, (await regionView(call.ctx, idOf(call))).row),
  );
}
