/** Fabrics: list, find, create with an untagged VLAN, change. */
import { appendChange } from "@rackwright/db/change";
import {
  fabricNameTaken,
  type FabricRow,
  findFabric,
  insertFabric,
  insertVlan,
  listFabrics,
  updateFabricRow,
} from "@rackwright/db/networks";
import { deleteFabricRow, fabricUse, lockFabric } from "@rackwright/db/network-removal";
import { loadVlans, type VlanView } from "@rackwright/db/machine-views";
import type { Tx } from "@rackwright/db/connect";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { type Ctx, inTransaction } from "../context.ts";
import { audit } from "./audit.ts";

export interface FabricView {
  fabric: FabricRow;
  vlans: VlanView[];
  all: ReadonlyMap<number, VlanView>;
}

export interface FabricFields {
  name?: string | undefined;
  description?: string | undefined;
  class_type?: string | undefined;
}

export async function fabricViews(ctx: Ctx): Promise<FabricView[]> {
  const db = ctx.region.db.kysely;
  const [fabrics, all] = await Promise.all([listFabrics(db), loadVlans(db)]);
  return fabrics.map((fabric) => ({ fabric, all, vlans: [...all.values()].filter((v) => v.fabricId === fabric.id) }));
}

/** @throws DomainError not_found */
export async function fabricOf(db: Ctx["region"]["db"]["kysely"] | Tx, word: string): Promise<FabricRow> {
  const fabric = await findFabric(db, word);
  if (!fabric) throw new DomainError("not_found", `There is no fabric '${word}'.`);
  return fabric;
}

export async function fabricView(ctx: Ctx, word: string): Promise<FabricView> {
  const fabric = await fabricOf(ctx.region.db.kysely, word);
  const all = await loadVlans(ctx.region.db.kysely);
  return { fabric, all, vlans: [...all.values()].filter((v) => v.fabricId === fabric.id) };
}

function checkName(name: string, id: number | null): void {
  if (!/^[\w .-]+$/.test(name))
    throw invalidField(
      "name",
      `"${name}" is no name for a fabric: letters, digits, blanks, dots, dashes and underscores.`,
    );
  const reserved = /^fabric-(\d+)$/.exec(name);
  if (reserved && Number(reserved[1]) !== id)
    throw invalidField("name", `"${name}" is reserved for the fabric of that id.`);
}

const columns = (fields: FabricFields) => ({
  ...(fields.description === undefined ? {} : { description: fields.description }),
  ...(fields.class_type === undefined ? {} : { class_type: fields.class_type || null }),
});

/** @returns the new fabric's id */
export async function createFabric(ctx: Ctx, fields: FabricFields): Promise<number> {
  const name = fields.name?.trim() || null;
  if (name !== null) checkName(name, null);
  return inTransaction(ctx, async (tx) => {
    const id = await insertFabric(tx, { name, ...columns(fields) });
    if (id === undefined) throw invalidField("name", `There is a fabric '${name}' already.`);
    const vlanId = await insertVlan(tx, { fabric_id: id, vid: 0, name: "untagged" });
    await appendChange(tx, { kind: "create", entity: "fabric", entityId: id });
    await appendChange(tx, { kind: "create", entity: "vlan", entityId: vlanId ?? 0 });
    await audit(ctx, tx, "NETWORKING", `Created fabric '${name ?? `fabric-${id}`}'.`);
    return id;
  });
}

/** @throws DomainError not_found, bad_request */
export async function deleteFabric(ctx: Ctx, word: string): Promise<void> {
  await inTransaction(ctx, async (tx) => {
    const fabric = await lockFabric(tx, (await fabricOf(tx, word)).id);
    if (!fabric) throw new DomainError("not_found", `There is no fabric '${word}'.`);
    const name = fabric.name ?? `fabric-${fabric.id}`;
    if (fabric.id === 0) throw invalidField("__all__", "This is the default fabric: it cannot be deleted.");
    const used = await fabricUse(tx, fabric.id);
    if (used.subnets > 0 || used.interfaces > 0)
      throw invalidField(
        "__all__",
        `Fabric ${name} is in use by ${used.subnets} subnets and ${used.interfaces} interfaces: move or delete those first.`,
      );
    await deleteFabricRow(tx, fabric.id);
    await appendChange(tx, { kind: "delete", entity: "fabric", entityId: fabric.id });
    await audit(ctx, tx, "NETWORKING", `Deleted fabric '${name}'.`);
  });
}

export async function updateFabric(ctx: Ctx, word: string, fields: FabricFields): Promise<number> {
  return inTransaction(ctx, async (tx) => {
    const { id } = await fabricOf(tx, word);
    const name = fields.name?.trim();
    if (name) {
      checkName(name, id);
      if (await fabricNameTaken(tx, name, id)) throw invalidField("name", `There is a fabric '${name}' already.`);
    }
    await updateFabricRow(tx, id, { ...columns(fields), ...(name ? { name } : {}) });
    await appendChange(tx, { kind: "update", entity: "fabric", entityId: id });
    await audit(ctx, tx, "NETWORKING", `Updated fabric '${name ?? word}'.`);
    return id;
  });
}
