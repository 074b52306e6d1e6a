/** nodes and node of API 1.0: decode, one call, encode. */
import { node, nodes } from "@rackwright/contract/resources-1.0/nodes";
import { DomainError, type FieldMessages, invalidField } from "@rackwright/domain/errors";
import { acceptAllMachines, acceptMachines, commissionMachine, powerOffMachine } from "../app/machine-actions.ts";
import { PLAIN_RELEASE, releaseMachine, releaseMachines } from "../app/machine-release.ts";
import { machineView, machineViews, searchMachines } from "../app/machine-view.ts";
import { isRegistered } from "../app/machines.ts";
import { moveToZone } from "../app/node-zones.ts";
import * as app from "../app/old-nodes.ts";
import type { Ctx } from "../context.ts";
import { Raw } from "../http/reply.ts";
import type { Routes } from "../http/route.ts";
import { macRoutes } from "./macs.ts";
import { wireNode } from "./wire/node.ts";

const MACHINE = [0];
const DEFAULT_ZONE = "default";

const idOf = ({ path }: { path: Record<string, string> }) => path.system_id ?? "";
const shown = async (ctx: Ctx, id: number) => wireNode(await machineView(ctx, id));
const allShown = async (ctx: Ctx, ids: readonly number[]) => (await machineViews(ctx, ids)).map(wireNode);

const PLAIN = {
  enableSsh: false,
  skipBmcConfig: false,
  skipNetworking: false,
  skipStorage: false,
  commissioningScripts: [],
  testingScripts: [],
  scriptParams: {},
  comment: "",
};

/** @throws DomainError invalid_fields */
function decodedUserData(text: string | undefined): Uint8Array | null {
  if (text === undefined || text === "") return null;
  const compact = text.replace(/\s+/g, "");
  if (!/^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(compact))
    throw invalidField("user_data", "This is not base64.");
  return Buffer.from(compact, "base64");
}

/** Settings of the power type: one JSON object, or one key each; the single keys win. */
function powerGiven(extra: Record<string, string>, json: Record<string, unknown> | undefined, skipCheck: boolean) {
  return { given: { ...json, ...extra }, skipCheck };
}

/** What is wrong with settings of the power type was told of all of them at once. */
async function powerTogether<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof DomainError) || !error.fields) throw error;
    const fields: FieldMessages = {};
    for (const [name, messages] of Object.entries(error.fields)) {
      const setting = /^power_parameters_(.+)$/.exec(name)?.[1];
      const told = setting === undefined ? messages : messages.map((message) => `${setting}: ${message}`);
      (fields[setting === undefined ? name : "power_parameters"] ??= []).push(...told);
    }
    throw new DomainError(error.code, error.message, { cause: error, fields });
  }
}

/** Both who may not and what cannot be now were told as a wrong action. */
async function asWrongAction<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    const refused = error instanceof DomainError && !error.fields && error.code !== "not_found";
    throw refused ? invalidField("action", error.message) : error;
  }
}

export function nodesRoutes(routes: Routes): void {
  const { actions } = nodes;
  routes.on(actions.list, async ({ ctx, params }) => (await searchMachines(ctx, params)).map(wireNode));
  routes.on(actions.list_allocated, async ({ ctx, params }) => {
    if (ctx.tokenKey === null) throw new DomainError("unauthorized", "Sign the request with an API key.");
    return (await searchMachines(ctx, { id: params.id }, { allocatedToken: ctx.tokenKey })).map(wireNode);
  });
  routes.on(actions.new, async (call) => {
    const { ctx, params } = call;
    const { architecture, hostname, power_type, subarchitecture } = params;
    const request = {
      architecture,
      hostname,
      power_type,
      subarchitecture,
      macAddresses: params.mac_addresses,
      commission: undefined,
      deployed: false,
      address: await call.request.address(),
      power: powerGiven(
        ctx.actor.kind === "user" && ctx.actor.isSuperuser ? call.extra : {},
        params.power_parameters,
        false,
      ),
      options: PLAIN,
    };
    return shown(ctx, await powerTogether(app.enlistMachine(ctx, request, params.nodegroup)));
  });
  routes.on(actions.accept, async ({ ctx, params }) => allShown(ctx, await acceptMachines(ctx, params.nodes)));
  routes.on(actions.accept_all, async ({ ctx }) => allShown(ctx, await acceptAllMachines(ctx)));
  routes.on(actions.acquire, async ({ ctx, params: { agent_name, ...wanted } }) =>
    shown(ctx, await app.acquireMachine(ctx, wanted, agent_name ?? "")),
  );
  routes.on(actions.release, ({ ctx, params }) => releaseMachines(ctx, params.nodes, ""));
  routes.on(actions.set_zone, async ({ ctx, params }) => {
    await moveToZone(ctx, params.nodes, params.zone || DEFAULT_ZONE, MACHINE);
    return null;
  });
  routes.on(actions.check_commissioning, async ({ ctx }) => allShown(ctx, await app.failLateCommissioning(ctx)));
  routes.on(actions.is_registered, ({ ctx, params }) => isRegistered(ctx, params.mac_address));
  nodeRoutes(routes);
  macRoutes(routes);
}

function nodeRoutes(routes: Routes): void {
  const { actions } = node;
  routes.on(actions.read, async (call) => shown(call.ctx, (await app.anyMachine(call.ctx, idOf(call))).machine.id));
  routes.on(actions.update, async (call) => {
    const { power_parameters_skip_check: skip, ...fields } = call.params;
    const power = powerGiven(call.extra, undefined, skip ?? false);
    return shown(call.ctx, await powerTogether(app.updateOwnMachine(call.ctx, idOf(call), fields, power)));
  });
  routes.on(actions.delete, (call) => app.removeFreeMachine(call.ctx, idOf(call)));
  routes.on(
    actions.details,
    async (call) => new Raw(await app.anyMachineDetails(call.ctx, idOf(call)), "application/bson"),
  );
  routes.on(actions.commission, async (call) =>
    shown(call.ctx, await asWrongAction(commissionMachine(call.ctx, idOf(call), PLAIN))),
  );
  routes.on(actions.start, async ({ ctx, path, params }) => {
    const userData = decodedUserData(params.user_data);
    return shown(ctx, await app.startMachine(ctx, path.system_id ?? "", userData, params.distro_series || undefined));
  });
  routes.on(actions.stop, async (call) => {
    const { machine } = await app.ownMachine(call.ctx, idOf(call));
    await powerOffMachine(call.ctx, idOf(call), "");
    return shown(call.ctx, machine.id);
  });
  routes.on(actions.release, async (call) => {
    await app.ownMachine(call.ctx, idOf(call));
    return shown(call.ctx, await releaseMachine(call.ctx, idOf(call), PLAIN_RELEASE));
  });
}
