/** What is chosen of a boot source. */
import { appendChange } from "@rackwright/db/change";
import * as db from "@rackwright/db/boot-sources";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { type Ctx, inTransaction } from "../context.ts";
import { audit } from "./audit.ts";
import { sourceOf } from "./boot-sources.ts";
import { getConfig } from "./config.ts";
import type { Db } from "./named.ts";

export type Selection = db.SelectionRow;
export type SelectionRequest = { [K in keyof db.SelectionFields]?: db.SelectionFields[K] | undefined };
export interface SelectionId {
  sourceId: number;
  id: number;
}

/** @throws DomainError not_found */
export async function selections(ctx: Ctx, sourceId: number): Promise<Selection[]> {
  await sourceOf(ctx.region.db.kysely, sourceId);
  return db.listSelections(ctx.region.db.kysely, sourceId);
}

async function selectionOf(at: Db, { sourceId, id }: SelectionId): Promise<Selection> {
  await sourceOf(at, sourceId);
  const row = await db.selectionById(at, sourceId, id);
  if (!row) throw new DomainError("not_found", `Boot source ${sourceId} has no selection ${id}.`);
  return row;
}

/** @throws DomainError not_found */
export const selection = (ctx: Ctx, which: SelectionId): Promise<Selection> => selectionOf(ctx.region.db.kysely, which);

const ALL = ["*"];
const start: db.SelectionFields = { os: "ubuntu", release: "", arches: ALL, subarches: ALL, labels: ALL };

/** A list that is given empty means all. */
function merged(before: db.SelectionFields, request: SelectionRequest): db.SelectionFields {
  const list = (name: "arches" | "subarches" | "labels") => {
    const given = request[name];
    return given === undefined ? before[name] : given.length === 0 ? ALL : [...new Set(given)];
  };
  return {
    os: request.os?.trim() || before.os,
    release: request.release?.trim() || before.release,
    arches: list("arches"),
    subarches: list("subarches"),
    labels: list("labels"),
  };
}

const taken = (s: db.SelectionFields) =>
  invalidField("release", `${s.os}/${s.release} is selected of this source already: change that selection.`);

/** @throws DomainError not_found, invalid_fields */
export async function createSelection(ctx: Ctx, sourceId: number, request: SelectionRequest): Promise<Selection> {
  return inTransaction(ctx, async (tx) => {
    await sourceOf(tx, sourceId);
    const fields = merged(start, request);
    const made = await db.insertSelection(tx, sourceId, fields);
    if (!made) throw taken(fields);
    await appendChange(tx, { kind: "create", entity: "boot_source_selection", entityId: made.id });
    await audit(ctx, tx, "IMAGES", `Selected ${made.os}/${made.release} of boot source ${sourceId}.`);
    return made;
  });
}

/** @throws DomainError not_found, invalid_fields */
export async function updateSelection(ctx: Ctx, which: SelectionId, request: SelectionRequest): Promise<Selection> {
  return inTransaction(ctx, async (tx) => {
    const fields = merged(await selectionOf(tx, which), request);
    if (await db.isSelected(tx, which.sourceId, fields, which.id)) throw taken(fields);
    const after = await db.updateSelectionRow(tx, which.id, fields);
    await appendChange(tx, { kind: "update", entity: "boot_source_selection", entityId: which.id });
    await audit(ctx, tx, "IMAGES", `Updated selection ${after.os}/${after.release} of boot source ${which.sourceId}.`);
    return after;
  });
}

/** @throws DomainError not_found; bad_request when machines are commissioned with it */
export async function deleteSelection(ctx: Ctx, which: SelectionId): Promise<void> {
  await inTransaction(ctx, async (tx) => {
    const { os, release } = await selectionOf(tx, which);
    const used = await getConfig(tx, "commissioning_osystem", "commissioning_distro_series");
    if (used.commissioning_osystem === os && used.commissioning_distro_series === release)
      throw new DomainError(
        "bad_request",
        `Machines are commissioned with ${os}/${release}: set commissioning_distro_series to another release first.`,
      );
    await db.deleteSelectionRow(tx, which.id);
    await appendChange(tx, { kind: "delete", entity: "boot_source_selection", entityId: which.id });
    await audit(ctx, tx, "IMAGES", `No longer selects ${os}/${release} of boot source ${which.sourceId}.`);
  });
}
