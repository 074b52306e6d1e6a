/** Region and rack controllers: what they are, changed, deleted. */
import { appendChange } from "@rackwright/db/change";
import type { Tx } from "@rackwright/db/connect";
import {
  dropRackRole,
  leaveVlans,
  lockController,
  updateController,
  vlansServedAlone,
} from "@rackwright/db/controllers";
import { insertEvents } from "@rackwright/db/history";
import type { MachineCriteria } from "@rackwright/db/machine-search";
import type { MachineView } from "@rackwright/db/machine-views";
import type { NodeRow } from "@rackwright/db/machines";
import { deleteNode, domainId, zoneId } from "@rackwright/db/nodes";
import { dropRegionRole, regionProcesses } from "@rackwright/db/region-process";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { forbiddance } from "@rackwright/domain/machine/permissions";
import { actorName, type Ctx, inTransaction } from "../context.ts";
import { searchMachines } from "./machine-view.ts";
import { powerColumns, readPowerParameters } from "./power-settings.ts";

/** enums.json NODE_TYPE. */
const RACK = 2;
const REGION = 3;
const BOTH = 4;

export type ControllerKind = "rack" | "region";
const kinds = {
  rack: { types: [RACK, BOTH], name: "RackController" },
  region: { types: [REGION, BOTH], name: "RegionController" },
} as const;

export const controllerTypes = (kind: ControllerKind): readonly number[] => kinds[kind].types;

export const noController = (kind: ControllerKind) =>
  new DomainError("not_found", `No ${kinds[kind].name} matches the given query.`);

export function regionViews(ctx: Ctx, criteria: MachineCriteria): Promise<MachineView[]> {
  return searchMachines(ctx, criteria, { nodeTypes: kinds.region.types });
}

/** @throws DomainError not_found */
export async function regionView(ctx: Ctx, systemId: string): Promise<MachineView> {
  const [region] = await regionViews(ctx, { id: [systemId] });
  if (!region) throw noController("region");
  return region;
}

export interface ControllerFields {
  description?: string | undefined;
  zone?: string | undefined;
  domain?: string | undefined;
  power_type?: string | undefined;
}

/** @throws DomainError not_found, forbidden, invalid_fields */
export async function updateControllerFields(
  ctx: Ctx,
  kind: ControllerKind,
  systemId: string,
  fields: ControllerFields,
  power: { given: Record<string, unknown>; skipCheck: boolean },
): Promise<void> {
  await inTransaction(ctx, async (tx) => {
    const row = await lockedController(ctx, tx, kind, systemId);
    const columns: Record<string, unknown> = {};
    if (fields.description !== undefined) columns.description = fields.description;
    for (const [field, look] of [
      ["zone", zoneId],
      ["domain", domainId],
    ] as const) {
      const word = fields[field];
      if (!word) continue;
      const id = await look(tx, word);
      if (id === undefined) throw invalidField(field, `There is no ${field} '${word}'.`);
      columns[`${field}_id`] = id;
    }
    if (fields.power_type !== undefined || Object.keys(power.given).length > 0) {
      const known = { powerType: row.power_type, parameters: readPowerParameters(ctx.region, row) };
      Object.assign(columns, powerColumns(ctx.region, systemId, known, { powerType: fields.power_type, ...power }));
    }
    await updateController(tx, row.id, columns);
    const names = Object.keys(columns).filter((name) => name !== "power_parameters");
    await told(ctx, tx, row, `Updated ${names.join(", ") || "nothing"} of controller '${row.hostname}'.`);
    await appendChange(tx, { kind: "update", entity: "rack", entityId: systemId });
  });
}

/** @throws DomainError not_found, forbidden; bad_request while it runs, unless by force */
export async function deleteRegion(ctx: Ctx, systemId: string, force: boolean): Promise<void> {
  await inTransaction(ctx, async (tx) => {
    const row = await lockedController(ctx, tx, "region", systemId);
    if (!force && (await regionProcesses(tx)).get(row.id)?.running)
      throw new DomainError(
        "bad_request",
        `Region controller ${row.hostname} (${systemId}) is running: stop it first. With force it would come back as a new one.`,
      );
    if (row.node_type === BOTH) await dropRegionRole(tx, row.id, RACK);
    else await deleteNode(tx, row.id);
    await gone(ctx, tx, row, "region");
  });
}

/** @throws DomainError not_found, forbidden; bad_request when DHCP would end with it, unless by force */
export async function deleteRack(ctx: Ctx, systemId: string, force: boolean): Promise<void> {
  const nodeId = await inTransaction(ctx, async (tx) => {
    const row = await lockedController(ctx, tx, "rack", systemId);
    const alone = force ? [] : await vlansServedAlone(tx, row.id);
    if (alone.length > 0)
      throw new DomainError(
        "bad_request",
        `Rack controller ${row.hostname} (${systemId}) alone serves DHCP on ${alone.join("; ")}: give that to another one, or say force.`,
      );
    for (const id of await leaveVlans(tx, row.id))
      await appendChange(tx, { kind: "update", entity: "vlan", entityId: id });
    if (row.node_type === BOTH) await dropRackRole(tx, row.id, REGION);
    else await deleteNode(tx, row.id);
    await gone(ctx, tx, row, "rack");
    return row.id;
  });
  ctx.region.racks.forget(nodeId);
}

async function lockedController(ctx: Ctx, tx: Tx, kind: ControllerKind, systemId: string): Promise<NodeRow> {
  const row = await lockController(tx, systemId, kinds[kind].types);
  if (!row) throw noController(kind);
  const forbidden = forbiddance(ctx.actor, "admin", {
    hostname: row.hostname,
    ownerId: row.owner_id,
    locked: row.locked,
  });
  if (forbidden) throw forbidden;
  return row;
}

async function gone(ctx: Ctx, tx: Tx, row: NodeRow, kind: ControllerKind): Promise<void> {
  await told(ctx, tx, null, `Deleted ${kind} controller '${row.hostname}' (${row.system_id}).`, row.hostname);
  const stays = row.node_type === BOTH;
  await appendChange(tx, { kind: stays ? "update" : "delete", entity: "rack", entityId: row.system_id });
}

function told(
  ctx: Ctx,
  tx: Tx,
  row: NodeRow | null,
  description: string,
  hostname = row?.hostname ?? "",
): Promise<void> {
  const subject = { nodeId: row?.id ?? null, hostname, username: actorName(ctx.actor) };
  return insertEvents(tx, subject, [{ type: "NODE", description }]);
}
