/** rackcontrollers, rackcontroller: decode, one call, encode. */
import { rackController, rackControllers } from "@rackwright/contract/resources/network";
import { powerDrivers } from "@rackwright/power/registry";
import { rackView, rackViews } from "../app/rack-controllers.ts";
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
}
