/** rackcontrollers, rackcontroller: decode, one call, encode. */
import { rackController, rackControllers } from "@rackwright/contract/resources/controllers";
import { invalidField } from "@rackwright/domain/errors";
import { powerDrivers } from "@rackwright/power/registry";
import { queryRackPower, refuseRackMark, switchRackPower } from "../app/controller-power.ts";
import { controllerTypes, deleteRack, updateControllerFields } from "../app/controllers.ts";
import { powerGiven } from "./machines.ts";
import { emptyDetails, powerParametersOf } from "../app/machine-facts.ts";
import { isActionInProgress, isRegistered } from "../app/machines.ts";
import { moveToZone } from "../app/node-zones.ts";
import { fetchImages, rackImages, rackView, rackViews, refuseRackTest } from "../app/rack-controllers.ts";
import { plainText, Raw } from "../http/reply.ts";
import type { Ctx } from "../context.ts";
import type { Routes } from "../http/route.ts";
import { wireBootImages, wirePowerType, wireRackController } from "./wire/rack.ts";

const idOf = ({ path }: { path: Record<string, string> }) => path.system_id ?? "";

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
    await moveToZone(ctx, params.nodes, params.zone, controllerTypes("rack"));
    return null;
  });
  routes.on(rackController.actions.details, async ({ ctx, path }) => {
    await rackView(ctx, path.system_id ?? "");
    return new Raw(emptyDetails(), "application/bson");
  });
  routes.on(rackController.actions.power_parameters, async ({ ctx, path }) =>
    powerParametersOf(ctx, (await rackView(ctx, path.system_id ?? "")).view.row),
  );
  routes.on(rackControllers.actions.import_boot_images, async ({ ctx }) => told(await fetchImages(ctx)));
  const one = rackController.actions;
  const shown = async (call: { ctx: Ctx; path: Record<string, string> }) =>
    wireRackController(await rackView(call.ctx, idOf(call)));
  routes.on(one.update, async (call) => {
    const { power_parameters_skip_check: skipCheck, ...fields } = call.params;
    await updateControllerFields(call.ctx, "rack", idOf(call), fields, powerGiven(call.extra, undefined, skipCheck));
    return shown(call);
  });
  routes.on(one.delete, (call) => deleteRack(call.ctx, idOf(call), call.params.force));
  routes.on(one.list_boot_images, async (call) => wireBootImages(await rackImages(call.ctx, idOf(call))));
  routes.on(one.import_boot_images, async (call) => told(await fetchImages(call.ctx, idOf(call))));
  routes.on(one.query_power_state, async (call) => ({ state: await queryRackPower(call.ctx, idOf(call)) }));
  routes.on(one.power_on, async (call) => {
    for (const name of [
      "user_data",
      "install_kvm",
      "register_vmhost",
      "bridge_type",
      "bridge_stp",
      "bridge_fd",
    ] as const)
      if (call.params[name]) throw invalidField(name, "This is for machines: rack controllers are only switched on.");
    await switchRackPower(call.ctx, idOf(call), "on", { comment: call.params.comment ?? "" });
    return shown(call);
  });
  routes.on(one.power_off, async (call) => {
    const { comment, stop_mode: stopMode } = call.params;
    return (await switchRackPower(call.ctx, idOf(call), "off", { comment: comment ?? "", stopMode }))
      ? shown(call)
      : null;
  });
  routes.on(one.test, (call) => refuseRackTest(call.ctx, idOf(call)));
  routes.on(one.abort, (call) => refuseRackMark(call.ctx, idOf(call), "abort"));
  routes.on(one.override_failed_testing, (call) => refuseRackMark(call.ctx, idOf(call), "override"));
}

const told = (hostnames: readonly string[]) => plainText(`Import of boot images started on ${hostnames.join(", ")}.`);
