/** Power of rack controllers: switched by another one, at once; no lifecycle hangs on it. */
import type { PowerAction } from "@rackwright/contract/rack-protocol";
import { appendChange } from "@rackwright/db/change";
import { updateController } from "@rackwright/db/controllers";
import { insertEvents } from "@rackwright/db/history";
import type { NodeRow } from "@rackwright/db/machines";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import type { EventType } from "@rackwright/domain/machine/event";
import { forbiddance } from "@rackwright/domain/machine/permissions";
import { powerDrivers } from "@rackwright/power/registry";
import { actorName, type Ctx, inTransaction } from "../context.ts";
import { flatParameters } from "./machine-facts.ts";
import { readPowerParameters } from "./power-settings.ts";
import { rackView } from "./rack-controllers.ts";

const QUERY_MS = 60_000;
/** Soft, observed off, at a BMC that takes its time. */
const SWITCH_MS = 300_000;

type State = "on" | "off" | "unknown";

/** @throws DomainError not_found, invalid_fields, power_failed, rack_unavailable, rack_timeout */
export async function queryRackPower(ctx: Ctx, systemId: string): Promise<State> {
  const row = (await rackView(ctx, systemId)).view.row;
  if (!driverOf(row).queryable) return "unknown";
  const state = await order(ctx, row, "query");
  if (state !== "unknown") await record(ctx, row, state);
  return state;
}

/**
 * @returns false when its power cannot be switched from here
 * @throws DomainError as `queryRackPower`, and forbidden
 */
export async function switchRackPower(
  ctx: Ctx,
  systemId: string,
  action: "on" | "off",
  request: { comment: string; stopMode?: "hard" | "soft" | undefined },
): Promise<boolean> {
  const row = await administered(ctx, systemId);
  const driver = driverOf(row);
  if (row.power_type === "manual") {
    if (action === "off") return false;
    throw invalidField("power_type", `${row.hostname} is switched by hand: do that, or set another power type.`);
  }
  const stop = driver.settings.power_off_mode === undefined ? undefined : request.stopMode;
  if (request.stopMode === "soft" && stop === undefined)
    throw invalidField("stop_mode", `Power type ${row.power_type} can only cut the power: shut the system down first.`);
  const type: EventType = action === "on" ? "REQUEST_NODE_START" : "REQUEST_NODE_STOP";
  const state = await order(ctx, row, action, stop);
  await record(ctx, row, state === "unknown" ? action : state, { type, description: request.comment });
  return true;
}

/** Controllers belong to the installation: administrators change them. @throws DomainError not_found, forbidden */
async function administered(ctx: Ctx, systemId: string): Promise<NodeRow> {
  const { row } = (await rackView(ctx, systemId)).view;
  const forbidden = forbiddance(ctx.actor, "admin", {
    hostname: row.hostname,
    ownerId: row.owner_id,
    locked: row.locked,
  });
  if (forbidden) throw forbidden;
  return row;
}

/** @throws DomainError not_found, forbidden; wrong_status always: controllers are in service or not there */
export async function refuseRackMark(ctx: Ctx, systemId: string, doing: "abort" | "override"): Promise<never> {
  const { hostname } = await administered(ctx, systemId);
  throw new DomainError(
    "wrong_status",
    doing === "abort"
      ? `Rack controller ${hostname} is doing nothing that could be aborted.`
      : `Rack controller ${hostname} is not in Failed testing.`,
  );
}

function driverOf(row: NodeRow) {
  const driver = powerDrivers.get(row.power_type);
  if (!driver)
    throw invalidField("power_type", `${row.hostname} has no power type that could be switched from here: set one.`);
  return driver;
}

async function order(ctx: Ctx, row: NodeRow, action: PowerAction, stopMode?: string): Promise<State> {
  const { racks } = ctx.region;
  const others = racks.connected().filter((rack) => rack.nodeId !== row.id);
  // To ask is harmless; a rack that switches itself sees neither how it ends nor that it failed.
  const [by] = others.length > 0 || action !== "query" ? others : racks.connected();
  if (!by)
    throw new DomainError(
      "rack_unavailable",
      `No other rack controller is connected to reach the BMC of ${row.hostname}: connect one, or switch it by hand.`,
    );
  const { state } = await racks.call(
    by.nodeId,
    "power",
    {
      systemId: row.system_id,
      bootEpoch: row.boot_epoch,
      action,
      powerType: row.power_type,
      parameters: {
        ...flatParameters(readPowerParameters(ctx.region, row)),
        ...(stopMode ? { power_off_mode: stopMode } : {}),
      },
      bootDevice: null,
      done: [],
    },
    { timeoutMs: action === "query" ? QUERY_MS : SWITCH_MS },
  );
  return state;
}

async function record(
  ctx: Ctx,
  row: NodeRow,
  state: "on" | "off",
  event?: { type: EventType; description: string },
): Promise<void> {
  await inTransaction(ctx, async (tx) => {
    await updateController(tx, row.id, { power_state: state, power_checked_at: ctx.region.now() });
    const subject = { nodeId: row.id, hostname: row.hostname, username: actorName(ctx.actor) };
    if (event) await insertEvents(tx, subject, [event]);
    await appendChange(tx, { kind: "update", entity: "rack", entityId: row.system_id });
  });
}
