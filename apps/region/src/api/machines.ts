/** machines, machine, nodes: decode, one call, encode. */
import { machine, machines, nodes } from "@rackwright/contract/resources/machines";
import type { MachineView } from "@rackwright/db/machine-views";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import type { BridgeOptions } from "../app/acquired-bridges.ts";
import { addChassis } from "../app/chassis.ts";
import { allocate } from "../app/allocate.ts";
import * as actions from "../app/machine-actions.ts";
import { machineDetails, machineToken, powerParametersOf, queryPower } from "../app/machine-facts.ts";
import { annotateMachine } from "../app/machine-annotations.ts";
import { machineTexts } from "../app/machine-list.ts";
import { nodeTexts } from "../app/node-list.ts";
import { curtinConfig } from "../app/curtin-config.ts";
import { layOutDisks } from "../app/machine-layout.ts";
import * as marks from "../app/machine-marks.ts";
import { releaseMachine, releaseMachines } from "../app/machine-release.ts";
import { machineView, machineViews, searchMachines } from "../app/machine-view.ts";
import {
  createMachine,
  isActionInProgress,
  isRegistered,
  type MachineFields,
  updateMachineFields,
  viewableMachine,
} from "../app/machines.ts";
import { removeMachineOrVm } from "../app/vm-host-removal.ts";
import type { Ctx } from "../context.ts";
import { itemText, jsonList } from "../http/json-list.ts";
import { plainText, Raw } from "../http/reply.ts";
import type { Call, Routes } from "../http/route.ts";
import { machineSearchRoutes } from "./machine-search.ts";
import { machinesManyRoutes } from "./machines-many.ts";
import { wireConstraints } from "./wire/constraints.ts";
import { wireAnonMachine, wireMachine } from "./wire/machine.ts";
import { machineDocument } from "./wire/machine-document.ts";
import { wireNode } from "./wire/node.ts";

const idOf = (call: { path: Record<string, string> }) => call.path.system_id ?? "";

const shown = async (ctx: Ctx, id: number) => wireMachine(await machineView(ctx, id));
const allShown = (views: readonly MachineView[]) => views.map(wireMachine);

/** Parameters of scripts travel beside the declared ones: whatever else was given, but never power settings. */
function commissionRequest(
  call: Pick<Call<typeof machine.actions.commission.params>, "params" | "extra">,
): actions.CommissionRequest {
  const { params } = call;
  return {
    enableSsh: params.enable_ssh,
    skipBmcConfig: params.skip_bmc_config,
    skipNetworking: params.skip_networking,
    skipStorage: params.skip_storage,
    commissioningScripts: params.commissioning_scripts,
    testingScripts: params.testing_scripts,
    scriptParams: call.extra,
    comment: params.comment ?? "",
  };
}

/** Power parameters: one JSON object, or one key each; the single keys win. */
export function powerGiven(extra: Record<string, string>, json: Record<string, unknown> | undefined, skip: boolean) {
  const { skip_check, ...given } = extra;
  return { given: { ...json, ...given }, skipCheck: skip || skip_check === "true" };
}

function refuseRackd(asked: boolean): void {
  if (asked)
    throw invalidField(
      "install_rackd",
      "Installing a rack controller with a deployment was removed: leave install_rackd out.",
    );
}

function bytesOf(text: string | undefined): Uint8Array | null {
  return text === undefined || text === "" ? null : new TextEncoder().encode(text);
}

function bridgesOf(params: BridgeOptions & { bridge_all: boolean }): BridgeOptions | undefined {
  const { bridge_all, bridge_type, bridge_stp, bridge_fd } = params;
  return bridge_all ? { bridge_type, bridge_stp, bridge_fd } : undefined;
}

export function machinesRoutes(routes: Routes): void {
  const many = machines.actions;
  routes.on(many.read, ({ ctx, params }) => jsonList(machineTexts(ctx, params, machineDocument)));
  routes.on(nodes.actions.read, ({ ctx, params }) =>
    jsonList(nodeTexts(ctx, params, machineDocument, (node) => itemText(node, wireNode))),
  );
  routes.on(many.list_allocated, ({ ctx, params }) =>
    jsonList(machineTexts(ctx, { id: params.id }, machineDocument, { allocatedToken: ctx.tokenKey ?? "" })),
  );
  routes.on(many.create, async (call) => {
    const { ctx, params } = call;
    const fields: MachineFields = params;
    refuseRackd(params.install_rackd);
    const id = await createMachine(ctx, {
      ...fields,
      subarchitecture: params.subarchitecture,
      macAddresses: params.mac_addresses,
      commission: params.commission,
      deployed: params.deployed,
      address: await call.request.address(),
      power: powerGiven(call.extra, params.power_parameters, false),
      options: {
        enableSsh: params.enable_ssh,
        skipBmcConfig: params.skip_bmc_config,
        skipNetworking: params.skip_networking,
        skipStorage: params.skip_storage,
        commissioningScripts: params.commissioning_scripts,
        testingScripts: params.testing_scripts,
        scriptParams: {},
        comment: "",
      },
    });
    const view = await machineView(ctx, id);
    return ctx.actor.kind === "anonymous" ? wireAnonMachine(view) : wireMachine(view);
  });
  routes.on(many.allocate, async ({ ctx, params }) => {
    const {
      agent_name,
      comment,
      bridge_all: _a,
      bridge_type: _t,
      bridge_stp: _s,
      bridge_fd: _f,
      dry_run,
      verbose,
      ...criteria
    } = params;
    const { id, fit } = await allocate(ctx, {
      criteria,
      agentName: agent_name ?? "",
      comment: comment ?? "",
      bridges: bridgesOf(params),
      dryRun: dry_run,
    });
    const view = wireMachine(await machineView(ctx, id));
    return { ...view, ...wireConstraints(fit, verbose ? view.system_id : undefined) };
  });
  routes.on(many.add_chassis, async ({ ctx, params }) => plainText(await addChassis(ctx, params)));
  routes.on(many.accept, async ({ ctx, params }) => {
    if (ctx.actor.kind === "anonymous") throw new DomainError("unauthorized", "You must be logged in to accept nodes.");
    return allShown(await machineViews(ctx, await actions.acceptMachines(ctx, params.machines)));
  });
  routes.on(many.accept_all, async ({ ctx }) =>
    allShown(await machineViews(ctx, await actions.acceptAllMachines(ctx))),
  );
  routes.on(many.release, ({ ctx, params }) => releaseMachines(ctx, params.machines, params.comment ?? ""));
  routes.on(many.is_registered, ({ ctx, params }) => isRegistered(ctx, params.mac_address));
  routes.on(many.is_action_in_progress, ({ ctx, params }) => isActionInProgress(ctx, params.mac_address));
  routes.on(nodes.actions.is_registered, ({ ctx, params }) => isRegistered(ctx, params.mac_address));
  routes.on(nodes.actions.is_action_in_progress, ({ ctx, params }) => isActionInProgress(ctx, params.mac_address));
  routes.on(many.power_parameters, async ({ ctx, params }) => {
    const views = await searchMachines(ctx, { id: params.id });
    return Object.fromEntries(views.map((v) => [v.row.system_id, powerParametersOf(ctx, v.row)]));
  });
  machineRoutes(routes);
  machinesManyRoutes(routes);
  machineSearchRoutes(routes);
}

function machineRoutes(routes: Routes): void {
  const one = machine.actions;
  routes.on(one.read, async (call) => shown(call.ctx, (await viewableMachine(call.ctx, idOf(call))).machine.id));
  routes.on(one.update, async (call) => {
    const power = powerGiven(call.extra, call.params.power_parameters, call.params.power_parameters_skip_check);
    return shown(call.ctx, await updateMachineFields(call.ctx, idOf(call), call.params, power));
  });
  routes.on(one.delete, async (call) => removeMachineOrVm(call.ctx, idOf(call), call.params.force));
  routes.on(one.commission, async (call) =>
    shown(call.ctx, await actions.commissionMachine(call.ctx, idOf(call), commissionRequest(call))),
  );
  routes.on(one.test, async (call) => {
    const { enable_ssh, testing_scripts, comment } = call.params;
    const id = await actions.testMachine(call.ctx, idOf(call), {
      enableSsh: enable_ssh,
      testingScripts: testing_scripts,
      scriptParams: call.extra,
      comment: comment ?? "",
    });
    return shown(call.ctx, id);
  });
  routes.on(one.deploy, async (call) => {
    const { params } = call;
    refuseRackd(params.install_rackd);
    const id = await actions.deployMachine(call.ctx, idOf(call), {
      userData: bytesOf(params.user_data),
      distroSeries: params.distro_series,
      hweKernel: params.hwe_kernel,
      enableKernelCrashDump: params.enable_kernel_crash_dump,
      enableHwSync: params.enable_hw_sync,
      inMemory: params.ephemeral_deploy,
      agentName: params.agent_name,
      installKvm: params.install_kvm,
      registerVmhost: params.register_vmhost,
      bridges: bridgesOf({ ...params, bridge_all: params.bridge_all || params.install_kvm }),
      comment: params.comment ?? "",
    });
    return shown(call.ctx, id);
  });
  routes.on(one.release, async (call) => {
    const { comment, erase, secure_erase, quick_erase, scripts, force } = call.params;
    return shown(
      call.ctx,
      await releaseMachine(call.ctx, idOf(call), {
        comment: comment ?? "",
        erase,
        secureErase: secure_erase,
        quickErase: quick_erase,
        scripts,
        force,
        params: call.extra,
      }),
    );
  });
  routes.on(one.abort, async (call) =>
    shown(call.ctx, await actions.abortMachine(call.ctx, idOf(call), call.params.comment ?? "")),
  );
  markRoutes(routes);
  for (const annotate of [one.set_workload_annotations, one.set_owner_data])
    routes.on(annotate, async (call) => shown(call.ctx, await annotateMachine(call.ctx, idOf(call), call.extra)));
  routes.on(one.power_on, async (call) => {
    const { user_data, comment, install_kvm: installKvm, register_vmhost: registerVmhost } = call.params;
    const request = { userData: bytesOf(user_data), installKvm, registerVmhost, comment: comment ?? "" };
    return shown(call.ctx, await actions.powerOnMachine(call.ctx, idOf(call), request));
  });
  routes.on(one.power_off, async (call) => {
    const id = await actions.powerOffMachine(call.ctx, idOf(call), call.params.comment ?? "", call.params.stop_mode);
    return id === null ? null : shown(call.ctx, id);
  });
  routes.on(one.query_power_state, async (call) => ({ state: await queryPower(call.ctx, idOf(call)) }));
  routes.on(one.get_token, async (call) => {
    const token = await machineToken(call.ctx, idOf(call));
    return token && { token_key: token.tokenKey, token_secret: token.tokenSecret, consumer_key: token.consumerKey };
  });
  routes.on(one.get_curtin_config, async (call) => plainText(await curtinConfig(call.ctx, idOf(call))));
  routes.on(one.details, async (call) => new Raw(await machineDetails(call.ctx, idOf(call)), "application/bson"));
  routes.on(one.power_parameters, async (call) =>
    powerParametersOf(call.ctx, (await viewableMachine(call.ctx, idOf(call), "admin_read")).row),
  );
}

function markRoutes(routes: Routes): void {
  const one = machine.actions;
  routes.on(one.lock, async (call) =>
    shown(call.ctx, await marks.lockMachineAgainstChange(call.ctx, idOf(call), call.params.comment ?? "")),
  );
  routes.on(one.unlock, async (call) =>
    shown(call.ctx, await marks.unlockMachine(call.ctx, idOf(call), call.params.comment ?? "")),
  );
  routes.on(one.mark_broken, async (call) => {
    const { comment, error_description } = call.params;
    return shown(call.ctx, await marks.markMachineBroken(call.ctx, idOf(call), comment || error_description || ""));
  });
  routes.on(one.mark_fixed, async (call) =>
    shown(call.ctx, await marks.markMachineFixed(call.ctx, idOf(call), call.params.comment ?? "")),
  );
  routes.on(one.override_failed_testing, async (call) =>
    shown(call.ctx, await marks.overrideMachineTesting(call.ctx, idOf(call), call.params.comment ?? "")),
  );
  routes.on(one.set_storage_layout, async (call) => {
    const { storage_layout, root_device, root_size, boot_size } = call.params;
    const { vg_name, lv_name, lv_size, cache_device, cache_mode, cache_size, cache_no_part } = call.params;
    const id = await layOutDisks(call.ctx, idOf(call), storage_layout, {
      ...(root_device === undefined ? {} : { rootDevice: root_device }),
      ...(root_size ? { rootSize: root_size } : {}),
      ...(boot_size ? { bootSize: boot_size } : {}),
      ...(vg_name ? { vgName: vg_name } : {}),
      ...(lv_name ? { lvName: lv_name } : {}),
      ...(lv_size ? { lvSize: lv_size } : {}),
      ...(cache_device !== undefined ? { cacheDevice: cache_device } : {}),
      ...(cache_mode ? { cacheMode: cache_mode } : {}),
      ...(cache_size ? { cacheSize: cache_size } : {}),
      cacheNoPart: cache_no_part,
    });
    return shown(call.ctx, id);
  });
  routes.on(one.clear_default_gateways, async (call) =>
    shown(call.ctx, await marks.clearDefaultGateways(call.ctx, idOf(call))),
  );
  for (const action of [
    "restore_default_configuration",
    "restore_networking_configuration",
    "restore_storage_configuration",
  ] as const)
    routes.on(one[action], async (call) => shown(call.ctx, await marks.restoreMachine(call.ctx, idOf(call), action)));
  routes.on(one.rescue_mode, async (call) =>
    shown(call.ctx, await marks.startRescueMode(call.ctx, idOf(call), call.params.comment ?? "")),
  );
  routes.on(one.exit_rescue_mode, async (call) =>
    shown(call.ctx, await marks.endRescueMode(call.ctx, idOf(call), call.params.comment ?? "")),
  );
}
