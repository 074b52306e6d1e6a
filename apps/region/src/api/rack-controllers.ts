/** rackcontrollers, rackcontroller: decode, one call, encode. */
import { rackController, rackControllers } from "@rackwright/contract/resources/network";
import { powerDrivers } from "@rackwright/power/registry";
import { emptyDetails, powerParametersOf } from "../app/machine-facts.ts";
import { isActionInProgress, isRegistered } from "../app/machines.ts";
import { moveToZone } from "../app/node-zones.ts";
import { RACK_TYPES, rackView, rackViews } from "../app/rack-controllers.ts";
import { Raw } from "../http/reply.ts";
import type { Routes } from "../http/route.ts";
import { wirePowerType, wireRackController } from "./wire/rack.ts";

export function rackControllersRoutes(routes: Routes): void {
  routes.on(rackControllers.actions.read, async ({ ctx, params }) =>
    (await rackViews(ctx, params)).map(wireRackController),
  );
  routes.on(rackControllers.actions.describe_power_types, async () =>
    [...powerDrivers.values()].sort((a, b) => a.description.localeCompare(b.description)).map(wirePowerType),
  );
  routes.on(rackController.actions.read, async ({ ctx, path }) =>
    wireRackController(await rackView(ctx, path.system_id ?? "")),
  );
  routes.on(rackControllers.actions.power_parameters, async ({ ctx, params }) => {
    const racks = await rackViews(ctx, { id: params.id });
    return Object.fromEntries(racks.map(({ view }) => [view.row.system_id, powerParametersOf(ctx, view.row)]));
  });
  routes.on(rackControllers.actions.is_registered, ({ ctx, params }) => isRegistered(ctx, params.mac_address));
  routes.on(rackControllers.actions.is_action_in_progress, ({ ctx, params }) =>
    isActionInProgress(ctx, params.mac_address),
  );
  routes.on(rackControllers.actions.set_zone, async ({ ctx, params }) => {
    await moveToZone(ctx, params.nodes, params.zone, RACK_TYPES);
    return null;
  });
  routes.on(rackController.actions.details, async ({ ctx, path }) => {
    await rackView(ctx, path.system_id ?? "");
    return new Raw(emptyDetails(), "application/bson");
  });
  routes.on(rackController.actions.power_parameters, async ({ ctx, path }) =>
    powerParametersOf(ctx, (await rackView(ctx, path.system_id ?? "")).view.row),
  );
}
