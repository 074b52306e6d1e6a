/** Subnets as the networks of API 1.0, by the functions of subnets and VLANs. */
import { appendChange } from "@rackwright/db/change";
import * as db from "@rackwright/db/network-names";
import type { Tx } from "@rackwright/db/connect";
import { defaultVlan, findVlan } from "@rackwright/db/networks";
import { knownSystemIds } from "@rackwright/db/subnet-addresses";
import { networkOf } from "@rackwright/domain/addressing/cluster-interface";
import { type Cidr, formatCidr, netmaskOf, parseCidr, parseIp } from "@rackwright/domain/addressing/ip";
import { DomainError, type FieldMessages, invalidField } from "@rackwright/domain/errors";
import { parseMac } from "@rackwright/domain/machine/names";
import { type Ctx, inTransaction, joining } from "../context.ts";
import { audit } from "./audit.ts";
import { unlinkSubnet } from "./interface-links.ts";
import { updateInterface } from "./interface-update.ts";
import { visibility } from "./machine-view.ts";
import { renamedFields } from "./renamed-fields.ts";
import { createSubnet, deleteSubnet, updateSubnet } from "./subnets.ts";
import { createVlan, deleteVlan } from "./vlans.ts";

export type OldNetwork = db.NamedNetwork;

export interface NetworkFields {
  name?: string | undefined;
  ip?: string | undefined;
  netmask?: string | undefined;
  vlan_tag?: number | undefined;
  description?: string | undefined;
  default_gateway?: string | undefined;
  dns_servers?: string | undefined;
}

const DEFAULT_FABRIC = 0;
/** As subnets call what is refused. */
const SUBNET_FIELDS = { cidr: "netmask", gateway_ip: "default_gateway", vid: "vlan_tag" };

/** Those that all of these nodes are on. @throws DomainError invalid_fields */
export async function networks(ctx: Ctx, nodes: readonly string[]): Promise<OldNetwork[]> {
  const at = ctx.region.db.kysely;
  const known = await knownSystemIds(at, nodes);
  const missing = nodes.filter((id) => !known.includes(id));
  if (missing.length > 0) throw invalidField("node", `There is no node '${missing.join("', '")}'.`);
  const all = await db.listNetworks(at);
  const on = await db.networksOfNodes(at, nodes);
  return all.filter(({ subnetId }) => nodes.every((id) => on.get(id)?.has(subnetId)));
}

/** @throws DomainError not_found */
export async function network(ctx: Ctx, name: string): Promise<OldNetwork> {
  const found = await db.networkNamed(ctx.region.db.kysely, name);
  if (!found) throw new DomainError("not_found", `There is no network '${name}'.`);
  return found;
}

/** @throws DomainError invalid_fields */
function cidrOf(address: string, mask: string): Cidr {
  const ip = parseIp(address.trim());
  const cidr = ip && networkOf(ip, mask);
  if (cidr) return cidr;
  const fields: FieldMessages = ip
    ? { netmask: [`"${mask}" is no netmask of a network: all ones and all zeroes are not taken.`] }
    : { ip: [`"${address}" is no IP address.`] };
  const [first] = Object.entries(fields);
  throw new DomainError("invalid_fields", `${first?.[0]}: ${first?.[1][0]}`, { fields });
}

async function refuseOverlap(tx: Tx, cidr: string, exceptId: number | null): Promise<void> {
  const other = await db.overlappingNetwork(tx, cidr, exceptId);
  if (other === undefined) return;
  const message = `${cidr} shares addresses with the network ${other}.`;
  throw new DomainError("invalid_fields", `ip: ${message}`, { fields: { ip: [message], netmask: [message] } });
}

async function refuseName(tx: Tx, name: string, exceptId: number | null): Promise<void> {
  const holder = await db.networkNamed(tx, name);
  if (holder && holder.subnetId !== exceptId) throw invalidField("name", `There is a network '${name}' already.`);
}

/** The VLAN of a tag, made when there is none. @throws DomainError invalid_fields when another network has the tag */
async function vlanOf(
  at: Ctx,
  tx: Tx,
  tag: number,
  exceptId: number | null,
): Promise<{ id: number | undefined; made: boolean }> {
  if (tag === 0) return { id: (await defaultVlan(tx, DEFAULT_FABRIC))?.id, made: false };
  const known = await findVlan(tx, DEFAULT_FABRIC, tag);
  if (!known) return { id: await createVlan(at, String(DEFAULT_FABRIC), { vid: tag }), made: true };
  const holder = (await db.listNetworks(tx)).find((n) => n.vlanId === known.id && n.subnetId !== exceptId);
  if (holder) throw invalidField("vlan_tag", `Network '${holder.name}' has VLAN tag ${tag}.`);
  return { id: known.id, made: false };
}

function furtherFields(fields: NetworkFields): { gateway_ip?: string; dns_servers?: string[] } {
  return {
    ...(fields.default_gateway === undefined ? {} : { gateway_ip: fields.default_gateway }),
    ...(fields.dns_servers === undefined ? {} : { dns_servers: fields.dns_servers.split(/[,\s]+/).filter(Boolean) }),
  };
}

/** @throws DomainError invalid_fields */
export async function createNetwork(
  ctx: Ctx,
  fields: NetworkFields & { name: string; ip: string; netmask: string },
): Promise<OldNetwork> {
  const cidr = formatCidr(cidrOf(fields.ip, fields.netmask));
  await renamedFields(SUBNET_FIELDS, () =>
    inTransaction(ctx, async (tx) => {
      const at = joining(ctx, tx);
      await refuseName(tx, fields.name, null);
      await refuseOverlap(tx, cidr, null);
      const { id: vlan, made } = await vlanOf(at, tx, fields.vlan_tag ?? 0, null);
      const onVlan = vlan === undefined ? {} : { vlan: String(vlan) };
      const id = await createSubnet(at, { cidr, ...onVlan, ...furtherFields(fields) });
      await db.nameNetwork(tx, id, { name: fields.name, description: fields.description ?? "", made_vlan: made });
    }),
  );
  return network(ctx, fields.name);
}

/** @throws DomainError not_found, invalid_fields */
export async function updateNetwork(ctx: Ctx, word: string, fields: NetworkFields): Promise<OldNetwork> {
  const name = fields.name || word;
  await renamedFields(SUBNET_FIELDS, () =>
    inTransaction(ctx, async (tx) => {
      const at = joining(ctx, tx);
      const before = await network(at, word);
      const { subnetId } = before;
      if (name !== word) await refuseName(tx, name, subnetId);
      const cidr = changedCidr(before, fields);
      if (cidr !== before.cidr) await refuseOverlap(tx, cidr, subnetId);
      const tag = fields.vlan_tag ?? before.vid;
      const vlan = tag === before.vid ? undefined : await vlanOf(at, tx, tag, subnetId);
      await updateSubnet(at, String(subnetId), {
        cidr,
        ...(vlan?.id === undefined ? {} : { vlan: String(vlan.id) }),
        ...furtherFields(fields),
      });
      const description = fields.description ?? before.description;
      await db.nameNetwork(tx, subnetId, { name, description, made_vlan: vlan?.made ?? before.madeVlan });
      if (vlan && before.madeVlan) await dropVlan(at, tx, before.vlanId);
    }),
  );
  return network(ctx, name);
}

function changedCidr(before: OldNetwork, { ip, netmask }: NetworkFields): string {
  const cidr = parseCidr(before.cidr);
  if ((!ip && !netmask) || !cidr) return before.cidr;
  return formatCidr(cidrOf(ip || before.cidr.replace(/\/.*$/, ""), netmask || netmaskOf(cidr)));
}

async function dropVlan(at: Ctx, tx: Tx, vlanId: number): Promise<void> {
  if (await db.isVlanEmpty(tx, vlanId)) await deleteVlan(at, { id: String(vlanId) });
}

/** One that is gone already is no error. @throws DomainError conflict while nodes are on it */
export async function deleteNetwork(ctx: Ctx, name: string): Promise<void> {
  await inTransaction(ctx, async (tx) => {
    const at = joining(ctx, tx);
    const found = await db.networkNamed(tx, name);
    if (!found) return;
    const macs = await db.connectedMacs(tx, found.subnetId, null);
    if (macs.length > 0)
      throw new DomainError("conflict", `${macs.length} nodes are on network '${name}': disconnect them first.`);
    await deleteSubnet(at, String(found.subnetId));
    if (found.madeVlan) await dropVlan(at, tx, found.vlanId);
  });
}

/** @throws DomainError not_found */
export async function macsOnNetwork(ctx: Ctx, name: string): Promise<db.ConnectedMac[]> {
  const { subnetId } = await network(ctx, name);
  return db.connectedMacs(ctx.region.db.kysely, subnetId, visibility(ctx));
}

/** @throws DomainError invalid_fields naming those that no machine has */
async function macsOf(tx: Tx, given: readonly string[], subnetId: number): Promise<db.KnownMac[]> {
  const macs = given.map((text) => [text, parseMac(text)] as const);
  const known = await db.knownMacs(
    tx,
    macs.flatMap(([, mac]) => mac ?? []),
    subnetId,
  );
  const missing = macs.filter(([, mac]) => !known.some((one) => one.mac === mac)).map(([text]) => text);
  if (missing.length > 0) throw invalidField("macs", `No node has: ${missing.join(", ")}.`);
  return known;
}

/** All or none; ones that are on it stay as they are. @throws DomainError not_found, invalid_fields */
export async function connectMacs(ctx: Ctx, name: string, given: readonly string[]): Promise<void> {
  await inTransaction(ctx, async (tx) => {
    const at = joining(ctx, tx);
    const { subnetId, vlanId } = await network(at, name);
    for (const mac of await macsOf(tx, given, subnetId)) {
      await db.connectInterface(tx, mac.interfaceId, subnetId);
      if (mac.vlanId === null)
        await updateInterface(at, mac.systemId, String(mac.interfaceId), { vlan: String(vlanId) });
      await appendChange(tx, { kind: "update", entity: "machine", entityId: mac.systemId });
    }
    await audit(ctx, tx, "NETWORKING", `Connected ${given.length} MAC addresses to network '${name}'.`);
  });
}

/** All or none; ones that are not on it are no error. @throws DomainError not_found, invalid_fields */
export async function disconnectMacs(ctx: Ctx, name: string, given: readonly string[]): Promise<void> {
  await inTransaction(ctx, async (tx) => {
    const at = joining(ctx, tx);
    const { subnetId } = await network(at, name);
    for (const mac of await macsOf(tx, given, subnetId)) {
      await db.disconnectInterface(tx, mac.interfaceId, subnetId);
      for (const link of mac.links) await unlinkSubnet(at, mac.systemId, String(mac.interfaceId), link);
      await appendChange(tx, { kind: "update", entity: "machine", entityId: mac.systemId });
    }
    await audit(ctx, tx, "NETWORKING", `Disconnected ${given.length} MAC addresses from network '${name}'.`);
  });
}
