/** VLANs: find, create, change; DHCP is switched on and off here. */
import { appendChange, appendChanges } from "@rackwright/db/change";
import type { Tx } from "@rackwright/db/connect";
import { loadVlans, type VlanView } from "@rackwright/db/machine-views";
import { removeVlan } from "@rackwright/db/network-removal";
import {
  countDynamicRanges,
  defaultVlan,
  findRack,
  findVlan,
  insertVlan,
  lockVlan,
  updateVlanRow,
  vlanById,
  type VlanRow,
} from "@rackwright/db/networks";
import { findSpace } from "@rackwright/db/spaces";
import { changeVlanDhcp, type VlanDhcp, type VlanDhcpChange } from "@rackwright/domain/addressing/vlan-rules";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { type Ctx, inTransaction } from "../context.ts";
import { audit } from "./audit.ts";
import { fabricOf } from "./fabrics.ts";
import { vlanGiven } from "./named.ts";

export interface VlanFields {
  vid?: number | undefined;
  fabric?: string | undefined;
  name?: string | undefined;
  description?: string | undefined;
  mtu?: number | undefined;
  space?: string | undefined;
  dhcp_on?: boolean | undefined;
  primary_rack?: string | undefined;
  secondary_rack?: string | undefined;
  relay_vlan?: string | undefined;
}

/** By fabric and tag, or by the VLAN's own id. */
export type VlanPath = { fabric: string; vid: string } | { id: string };

export interface VlanViews {
  vlan: VlanView;
  all: ReadonlyMap<number, VlanView>;
}

const noSuchVlan = (path: VlanPath) =>
  new DomainError(
    "not_found",
    "id" in path ? `There is no VLAN of id ${path.id}.` : `There is no VLAN ${path.vid} in fabric '${path.fabric}'.`,
  );

/** Largest tag of IEEE 802.1Q. */
const MAX_VID = 4094;

async function vlanOf(db: Ctx["region"]["db"]["kysely"] | Tx, path: VlanPath): Promise<VlanRow> {
  const number = "id" in path ? path.id : path.vid;
  const isNumber = /^\d{1,15}$/.test(number);
  const fabric = "id" in path ? undefined : await fabricOf(db, path.fabric);
  const vid = number === "untagged" ? 0 : isNumber ? Number(number) : -1;
  const vlan = fabric
    ? vid >= 0 && vid <= MAX_VID
      ? await findVlan(db, fabric.id, vid)
      : undefined
    : isNumber
      ? await vlanById(db, Number(number))
      : undefined;
  if (!vlan) throw noSuchVlan(path);
  return vlan;
}

export async function vlanViewById(ctx: Ctx, id: number): Promise<VlanViews> {
  const all = await loadVlans(ctx.region.db.kysely);
  const vlan = all.get(id);
  if (!vlan) throw noSuchVlan({ id: String(id) });
  return { vlan, all };
}

export async function vlanView(ctx: Ctx, path: VlanPath): Promise<VlanViews> {
  return vlanViewById(ctx, (await vlanOf(ctx.region.db.kysely, path)).id);
}

export async function vlansOfFabric(ctx: Ctx, fabric: string): Promise<VlanViews[]> {
  const { id } = await fabricOf(ctx.region.db.kysely, fabric);
  const all = await loadVlans(ctx.region.db.kysely);
  return [...all.values()]
    .filter((v) => v.fabricId === id)
    .sort((a, b) => a.vid - b.vid)
    .map((vlan) => ({ vlan, all }));
}

/** @returns the new VLAN's id */
export async function createVlan(ctx: Ctx, fabricWord: string, fields: VlanFields & { vid: number }): Promise<number> {
  return inTransaction(ctx, async (tx) => {
    const fabric = await fabricOf(tx, fabricWord);
    const stored: VlanDhcp = { dhcpOn: false, primaryRackId: null, secondaryRackId: null, relayVlanId: null };
    const dhcp = await dhcpColumns(ctx, tx, null, stored, fields);
    const id = await insertVlan(tx, {
      fabric_id: fabric.id,
      vid: fields.vid,
      ...(await plainColumns(tx, fields)),
      ...dhcp,
    });
    if (id === undefined) throw invalidField("vid", `The fabric has a VLAN ${fields.vid} already.`);
    await appendChange(tx, { kind: "create", entity: "vlan", entityId: id });
    await audit(
      ctx,
      tx,
      "NETWORKING",
      `Created VLAN ${fields.vid} in fabric '${fabric.name ?? `fabric-${fabric.id}`}'.`,
    );
    return id;
  });
}

export async function updateVlan(ctx: Ctx, path: VlanPath, fields: VlanFields): Promise<number> {
  return inTransaction(ctx, async (tx) => {
    const vlan = await lockVlan(tx, (await vlanOf(tx, path)).id);
    if (!vlan) throw noSuchVlan(path);
    const fabricId = fields.fabric ? (await fabricOf(tx, fields.fabric)).id : vlan.fabric_id;
    const vid = fields.vid ?? vlan.vid;
    const holder = await findVlan(tx, fabricId, vid);
    if (holder && holder.id !== vlan.id) throw invalidField("vid", `The fabric has a VLAN ${vid} already.`);
    const stored: VlanDhcp = {
      dhcpOn: vlan.dhcp_on,
      primaryRackId: vlan.primary_rack_id,
      secondaryRackId: vlan.secondary_rack_id,
      relayVlanId: vlan.relay_vlan_id,
    };
    const dhcp = await dhcpColumns(ctx, tx, vlan.id, stored, fields);
    await updateVlanRow(tx, vlan.id, { vid, fabric_id: fabricId, ...(await plainColumns(tx, fields)), ...dhcp });
    await appendChange(tx, { kind: "update", entity: "vlan", entityId: vlan.id });
    await audit(
      ctx,
      tx,
      "NETWORKING",
      `Updated VLAN ${vid} (id ${vlan.id})${dhcp.dhcp_on === vlan.dhcp_on ? "" : `: DHCP ${dhcp.dhcp_on ? "on" : "off"}`}.`,
    );
    return vlan.id;
  });
}

/**
 * Its subnets and interfaces go on in the fabric's first VLAN; VLAN interfaces, which are nothing without their tag, are deleted.
 * @throws DomainError not_found, invalid_fields
 */
export async function deleteVlan(ctx: Ctx, path: VlanPath): Promise<void> {
  await inTransaction(ctx, async (tx) => {
    const vlan = await lockVlan(tx, (await vlanOf(tx, path)).id);
    if (!vlan) throw noSuchVlan(path);
    const first = await defaultVlan(tx, vlan.fabric_id);
    if (!first || first.id === vlan.id)
      throw invalidField("__all__", "This is the default VLAN of its fabric: it goes only with the fabric.");
    const machines = await removeVlan(tx, vlan.id, first.id);
    await appendChange(tx, { kind: "delete", entity: "vlan", entityId: vlan.id });
    await appendChanges(tx, { kind: "update", entity: "machine", entityIds: machines });
    await audit(ctx, tx, "NETWORKING", `Deleted VLAN ${vlan.vid} (id ${vlan.id}).`);
  });
}

async function plainColumns(tx: Tx, fields: VlanFields) {
  const space = fields.space && fields.space !== "undefined" ? (await findSpace(tx, fields.space))?.id : null;
  if (space === undefined) throw invalidField("space", `There is no space '${fields.space}'.`);
  return {
    ...(fields.name === undefined ? {} : { name: fields.name.trim() || null }),
    ...(fields.description === undefined ? {} : { description: fields.description }),
    ...(fields.mtu === undefined ? {} : { mtu: fields.mtu }),
    ...(fields.space === undefined ? {} : { space_id: space }),
  };
}

async function dhcpColumns(ctx: Ctx, tx: Tx, vlanId: number | null, stored: VlanDhcp, fields: VlanFields) {
  const rack = async (field: "primary_rack" | "secondary_rack") => {
    const word = fields[field];
    if (word === undefined || word === "") return word === undefined ? undefined : null;
    const id = await findRack(tx, word);
    if (id === undefined) throw invalidField(field, `There is no rack controller '${word}'.`);
    return id;
  };
  const target = fields.relay_vlan ? await vlanGiven(tx, fields.relay_vlan, "relay_vlan") : null;
  const change: VlanDhcpChange = {
    dhcpOn: fields.dhcp_on,
    primaryRackId: await rack("primary_rack"),
    secondaryRackId: await rack("secondary_rack"),
    relayVlanId: fields.relay_vlan === undefined ? undefined : (target?.id ?? null),
  };
  const decided = changeVlanDhcp(stored, change, {
    vlanId,
    hasDynamicRange: vlanId !== null && (await countDynamicRanges(tx, vlanId)) > 0,
    targetIsRelayed: target !== null && target.relay_vlan_id !== null,
    primaryIsConnected: ctx.region.racks.connected().some((r) => r.nodeId === stored.primaryRackId),
  });
  if ("problems" in decided)
    throw new DomainError("invalid_fields", "The VLAN cannot be so.", { fields: decided.problems });
  const { dhcpOn, primaryRackId, secondaryRackId, relayVlanId } = decided.set;
  return {
    dhcp_on: dhcpOn,
    primary_rack_id: primaryRackId,
    secondary_rack_id: secondaryRackId,
    relay_vlan_id: relayVlanId,
  };
}
