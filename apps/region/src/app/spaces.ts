/** Spaces: list, find, create, change, delete; and the one of VLANs that have none. */
import { appendChange } from "@rackwright/db/change";
import { loadVlans, type SubnetRow, type VlanView } from "@rackwright/db/machine-views";
import { listSubnets } from "@rackwright/db/networks";
import {
  deleteSpaceRow,
  findSpace,
  insertSpace,
  listSpaces,
  type SpaceRow,
  spaceNameTaken,
  updateSpaceRow,
} from "@rackwright/db/spaces";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { type Ctx, inTransaction } from "../context.ts";
import { audit } from "./audit.ts";
import type { Db } from "./named.ts";

export interface SpaceView {
  /** null: the VLANs that are in none. */
  space: SpaceRow | null;
  vlans: VlanView[];
  subnets: SubnetRow[];
  all: ReadonlyMap<number, VlanView>;
}

export interface SpaceFields {
  name?: string | undefined;
  description?: string | undefined;
}

async function views(ctx: Ctx, spaces: readonly (SpaceRow | null)[]): Promise<SpaceView[]> {
  const db = ctx.region.db.kysely;
  const [all, subnets] = await Promise.all([loadVlans(db), listSubnets(db)]);
  return spaces.map((space) => {
    const vlans = [...all.values()].filter((vlan) => vlan.spaceName === (space?.name ?? null));
    const ids = new Set(vlans.map((vlan) => vlan.id));
    return { space, vlans, all, subnets: subnets.filter((subnet) => ids.has(subnet.vlan_id)) };
  });
}

export async function spaceViews(ctx: Ctx): Promise<SpaceView[]> {
  const shown = await views(ctx, [...(await listSpaces(ctx.region.db.kysely)), null]);
  return shown.filter((view) => view.space !== null || view.vlans.length > 0);
}

const UNDEFINED = ["undefined", "-1"];

/** @throws DomainError not_found */
async function spaceOf(db: Db, word: string): Promise<SpaceRow> {
  const space = await findSpace(db, word);
  if (!space) throw new DomainError("not_found", `There is no space '${word}'.`);
  return space;
}

export async function spaceView(ctx: Ctx, word: string): Promise<SpaceView> {
  const space = UNDEFINED.includes(word) ? null : await spaceOf(ctx.region.db.kysely, word);
  const [view] = await views(ctx, [space]);
  if (!view) throw new Error(`space ${word} was found and not shown`);
  return view;
}

function checkName(name: string, id: number | null): void {
  if (!/^[\w .-]+$/.test(name))
    throw invalidField(
      "name",
      `"${name}" is no name for a space: letters, digits, blanks, dots, dashes and underscores.`,
    );
  const reserved = /^space-(\d+)$/.exec(name);
  if (name === "undefined" || (reserved && Number(reserved[1]) !== id))
    throw invalidField("name", `"${name}" is reserved.`);
}

/** @returns the new space's id */
export async function createSpace(ctx: Ctx, fields: SpaceFields): Promise<number> {
  const name = fields.name?.trim() || null;
  if (name !== null) checkName(name, null);
  return inTransaction(ctx, async (tx) => {
    const id = await insertSpace(tx, name, fields.description ?? "");
    if (id === undefined) throw invalidField("name", `There is a space '${name}' already.`);
    await appendChange(tx, { kind: "create", entity: "space", entityId: id });
    await audit(ctx, tx, "NETWORKING", `Created space '${name ?? `space-${id}`}'.`);
    return id;
  });
}

function refuseUndefined(word: string): void {
  if (UNDEFINED.includes(word))
    throw new DomainError(
      "bad_request",
      "The space 'undefined' stands for VLANs that are in no space: it stays as it is.",
    );
}

export async function updateSpace(ctx: Ctx, word: string, fields: SpaceFields): Promise<number> {
  refuseUndefined(word);
  return inTransaction(ctx, async (tx) => {
    const { id } = await spaceOf(tx, word);
    const name = fields.name?.trim();
    if (name) {
      checkName(name, id);
      if (await spaceNameTaken(tx, name, id)) throw invalidField("name", `There is a space '${name}' already.`);
    }
    const { description } = fields;
    await updateSpaceRow(tx, id, { ...(name ? { name } : {}), ...(description === undefined ? {} : { description }) });
    await appendChange(tx, { kind: "update", entity: "space", entityId: id });
    await audit(ctx, tx, "NETWORKING", `Updated space '${name ?? word}'.`);
    return id;
  });
}

/** Its VLANs are in none then. */
export async function deleteSpace(ctx: Ctx, word: string): Promise<void> {
  refuseUndefined(word);
  await inTransaction(ctx, async (tx) => {
    const { id, name } = await spaceOf(tx, word);
    await deleteSpaceRow(tx, id);
    await appendChange(tx, { kind: "delete", entity: "space", entityId: id });
    await audit(ctx, tx, "NETWORKING", `Deleted space '${name}'.`);
  });
}
