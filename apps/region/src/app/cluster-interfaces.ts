/** Interfaces of clusters (API 1.0): kept as they were said, and put into practice on subnets, ranges and VLANs. */
import { appendChange } from "@rackwright/db/change";
import * as db from "@rackwright/db/cluster-interfaces";
import type { Tx } from "@rackwright/db/connect";
import { findSubnet } from "@rackwright/db/network-find";
import { checkClusterInterface, type ClusterInterface } from "@rackwright/domain/addressing/cluster-interface";
import { type Cidr, formatCidr, formatIp, parseIp } from "@rackwright/domain/addressing/ip";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { type Ctx, inTransaction, joining, systemActor } from "../context.ts";
import { audit } from "./audit.ts";
import { type ClusterView, clusterFor } from "./clusters.ts";
import { createRange, deleteRange, updateRange } from "./ip-ranges.ts";
import { renamedFields } from "./renamed-fields.ts";
import { createSubnet, updateSubnet } from "./subnets.ts";
import { updateVlan } from "./vlans.ts";

export type ClusterInterfaceView = db.ClusterInterfaceRow;

export interface InterfaceChange {
  ip?: string | undefined;
  interface?: string | undefined;
  management?: string | undefined;
  subnet_mask?: string | undefined;
  broadcast_ip?: string | undefined;
  router_ip?: string | undefined;
  ip_range_low?: string | undefined;
  ip_range_high?: string | undefined;
}

export async function clusterInterfaces(ctx: Ctx, uuid: string): Promise<ClusterInterfaceView[]> {
  const { rackId } = await clusterFor(ctx, uuid, "admins");
  return db.clusterInterfaceRows(ctx.region.db.kysely, rackId);
}

/** @throws DomainError not_found, forbidden */
export async function clusterInterface(ctx: Ctx, uuid: string, name: string): Promise<ClusterInterfaceView> {
  const cluster = await clusterFor(ctx, uuid, "admins");
  return rowOf(ctx.region.db.kysely, cluster, name);
}

async function rowOf(at: Ctx["region"]["db"]["kysely"], { rackId, clusterName }: ClusterView, name: string) {
  const row = await db.clusterInterfaceRow(at, rackId, name);
  if (!row) throw new DomainError("not_found", `Cluster '${clusterName}' has no interface '${name}'.`);
  return row;
}

const EMPTY = {
  ip: "",
  management: 0,
  subnet_mask: null,
  broadcast_ip: null,
  router_ip: null,
  ip_range_low: null,
  ip_range_high: null,
};

/** What is given replaces what was; an empty text takes it away. */
function merged(before: ClusterInterface, change: InterfaceChange): ClusterInterface {
  const text = (given: string | undefined, old: string | null) =>
    given === undefined ? old : canonical(given.trim()) || null;
  return {
    name: change.interface?.trim() || before.name,
    ip: text(change.ip, before.ip) ?? "",
    management: change.management === undefined ? before.management : Number(change.management),
    subnet_mask: text(change.subnet_mask, before.subnet_mask),
    broadcast_ip: text(change.broadcast_ip, before.broadcast_ip),
    router_ip: text(change.router_ip, before.router_ip),
    ip_range_low: text(change.ip_range_low, before.ip_range_low),
    ip_range_high: text(change.ip_range_high, before.ip_range_high),
  };
}

/** As it will be read again. */
function canonical(text: string): string {
  const ip = parseIp(text);
  return ip ? formatIp(ip) : text;
}

function checked(wanted: ClusterInterface): Cidr | undefined {
  const result = checkClusterInterface(wanted);
  if (!("problems" in result)) return result.cidr;
  const [first] = Object.entries(result.problems);
  throw new DomainError("invalid_fields", `${first?.[0]}: ${first?.[1][0]}`, { fields: result.problems });
}

/** @throws DomainError not_found, forbidden, invalid_fields */
export async function createClusterInterface(
  ctx: Ctx,
  uuid: string,
  change: InterfaceChange,
): Promise<ClusterInterfaceView> {
  const cluster = await clusterFor(ctx, uuid, "admins");
  const { rackId } = cluster;
  return inTransaction(ctx, async (tx) => {
    const known = await db.clusterInterfaceRows(tx, rackId);
    const names = new Set(known.map((row) => row.name));
    const wanted = merged({ ...EMPTY, name: "" }, change);
    if (wanted.management > 0 && wanted.name === "")
      throw invalidField("interface", "This field is required when DHCP is managed.");
    for (let n = 0; wanted.name === ""; n++) if (!names.has(`eth${n}`)) wanted.name = `eth${n}`;
    const cidr = checked(wanted);
    const taken = invalidField("interface", `The cluster has an interface '${wanted.name}' already.`);
    if (await db.isSaid(tx, rackId, wanted.name)) throw taken;
    const blank = { rack_id: rackId, subnet_id: null, range_id: null };
    if (!(await db.insertClusterInterface(tx, { ...blank, ...stored(wanted, cidr) }))) throw taken;
    // What is read is what is served so far: what is wanted takes its place.
    await serve(ctx, tx, cluster, { ...(await rowOf(tx, cluster, wanted.name)), ...stored(wanted, cidr) }, cidr);
    await changed(ctx, tx, cluster, `Added interface '${wanted.name}'`);
    return rowOf(tx, cluster, wanted.name);
  });
}

/** The broadcast address is the last one of the network unless another was given. */
function stored(wanted: ClusterInterface, cidr: Cidr | undefined): ClusterInterface {
  const last = cidr && cidr.family === 4 ? formatIp({ family: 4, value: cidr.last }) : null;
  return { ...wanted, broadcast_ip: wanted.broadcast_ip ?? last };
}

/** @throws DomainError not_found, forbidden, invalid_fields */
export async function updateClusterInterface(
  ctx: Ctx,
  uuid: string,
  name: string,
  change: InterfaceChange,
): Promise<ClusterInterfaceView> {
  const cluster = await clusterFor(ctx, uuid, "admins");
  const { rackId } = cluster;
  return inTransaction(ctx, async (tx) => {
    const before = await rowOf(tx, cluster, name);
    const wanted = merged(before, change);
    const cidr = checked(wanted);
    if (wanted.name !== name && (await db.clusterInterfaceRow(tx, rackId, wanted.name)))
      throw invalidField("interface", `The cluster has an interface '${wanted.name}' already.`);
    // A network card of the rack of which nothing was said so far.
    if (!(await db.isSaid(tx, rackId, name))) await db.insertClusterInterface(tx, before);
    await db.updateClusterInterface(tx, rackId, name, stored(wanted, cidr));
    // What is read is what is served so far: what is wanted takes its place.
    await serve(ctx, tx, cluster, { ...(await rowOf(tx, cluster, wanted.name)), ...stored(wanted, cidr) }, cidr);
    await changed(ctx, tx, cluster, `Updated interface '${wanted.name}'`);
    return rowOf(tx, cluster, wanted.name);
  });
}

/** Nothing is served there any more; subnet and VLAN stay. @throws DomainError not_found, forbidden */
export async function deleteClusterInterface(ctx: Ctx, uuid: string, name: string): Promise<void> {
  const cluster = await clusterFor(ctx, uuid, "admins");
  await inTransaction(ctx, async (tx) => {
    const row = await rowOf(tx, cluster, name);
    await stopServing(ctx, tx, row);
    await db.deleteClusterInterface(tx, cluster.rackId, name);
    await changed(ctx, tx, cluster, `Deleted interface '${name}'`);
  });
}

async function changed(ctx: Ctx, tx: Tx, cluster: ClusterView, what: string): Promise<void> {
  await appendChange(tx, { kind: "update", entity: "rack", entityId: cluster.systemId });
  await audit(ctx, tx, "NETWORKING", `${what} of cluster '${cluster.clusterName}'.`);
}

/** By the same functions as API 2.0, in the same transaction. A worker has no rights there: it is the region that does it. */
const acting = (ctx: Ctx, tx: Tx): Ctx => joining(ctx.actor.kind === "user" ? ctx : { ...ctx, actor: systemActor }, tx);

/** Make subnet, range and VLAN what the row says. */
async function serve(
  ctx: Ctx,
  tx: Tx,
  cluster: ClusterView,
  row: db.ClusterInterfaceRow,
  cidr: Cidr | undefined,
): Promise<void> {
  const at = acting(ctx, tx);
  const keep = (set: { subnet_id?: number; range_id?: number | null }) =>
    db.updateClusterInterface(tx, cluster.rackId, row.name, set);
  if (!cidr) return stopServing(ctx, tx, row);
  const subnetId = await renamedFields({ cidr: "ip", gateway_ip: "router_ip" }, () => subnetFor(at, tx, cidr, row));
  await keep({ subnet_id: subnetId });
  if (row.management === 0) return stopServing(ctx, tx, { ...row, subnet_id: subnetId });
  const rangeId = await renamedFields({ start_ip: "ip_range_low", end_ip: "ip_range_high", subnet: "ip" }, () =>
    rangeFor(at, tx, subnetId, row),
  );
  await keep({ range_id: rangeId });
  const subnet = await findSubnet(tx, String(subnetId));
  if (cluster.status === 1 && subnet)
    await updateVlan(at, { id: String(subnet.vlan_id) }, { dhcp_on: true, primary_rack: cluster.systemId });
}

async function subnetFor(at: Ctx, tx: Tx, cidr: Cidr, row: db.ClusterInterfaceRow): Promise<number> {
  const gateway = row.router_ip === null ? {} : { gateway_ip: row.router_ip };
  const known = await findSubnet(tx, formatCidr(cidr));
  return known ? updateSubnet(at, String(known.id), gateway) : createSubnet(at, { cidr: formatCidr(cidr), ...gateway });
}

async function rangeFor(at: Ctx, tx: Tx, subnetId: number, row: db.ClusterInterfaceRow): Promise<number> {
  const start_ip = row.ip_range_low ?? "";
  const end_ip = row.ip_range_high ?? "";
  const range = { type: "dynamic", start_ip, end_ip, subnet: String(subnetId) } as const;
  const same = await db.dynamicRange(tx, subnetId, start_ip, end_ip);
  if (same !== undefined) return same;
  return row.range_id === null ? createRange(at, range) : updateRange(at, String(row.range_id), range);
}

/** DHCP off, unless another interface needs it, and then the range that it handed out. */
async function stopServing(ctx: Ctx, tx: Tx, row: db.ClusterInterfaceRow): Promise<void> {
  const at = acting(ctx, tx);
  const subnet = row.subnet_id === null ? undefined : await findSubnet(tx, String(row.subnet_id));
  if (row.range_id === null) return;
  if (subnet && !(await db.isVlanServed(tx, subnet.vlan_id, { rackId: row.rack_id, name: row.name })))
    await updateVlan(at, { id: String(subnet.vlan_id) }, { dhcp_on: false });
  await deleteRange(at, String(row.range_id));
}

/** A DHCP server that is not ours; empty: there is none any more. @throws DomainError not_found, forbidden, invalid_fields */
export async function reportForeignDhcp(
  ctx: Ctx,
  uuid: string,
  name: string,
  address: string | undefined,
): Promise<void> {
  const cluster = await clusterFor(ctx, uuid, "admins");
  // An empty one says that there is none; none at all is a slip.
  const ip = address?.trim();
  if (ip === undefined) throw invalidField("foreign_dhcp_ip", "This field is required.");
  if (ip !== "" && !parseIp(ip)) throw invalidField("foreign_dhcp_ip", "Enter an IP address.");
  await inTransaction(ctx, async (tx) => {
    const row = await rowOf(tx, cluster, name);
    const subnet = row.subnet_id === null ? undefined : await findSubnet(tx, String(row.subnet_id));
    if (!subnet) return;
    if (await db.setExternalDhcp(tx, subnet.vlan_id, ip || null))
      await appendChange(tx, { kind: "update", entity: "vlan", entityId: subnet.vlan_id });
  });
}
