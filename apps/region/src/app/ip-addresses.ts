/** Addresses that users reserve for themselves and give back. */
import { lockSubnets, subnetOccupancy } from "@rackwright/db/addresses";
import { appendChange, appendChanges } from "@rackwright/db/change";
import {
  dropIdleUnknown,
  listAddresses,
  type ReservedAddress,
  reserveAddress,
  unknownInterface,
  unknownInterfaces,
} from "@rackwright/db/reserved-addresses";
import { dropBareResources, nameAddress, nameUse, resourcesOf } from "@rackwright/db/dns";
import { deleteLinks, ensureLinks, physicalHolder } from "@rackwright/db/interfaces";
import {
  type InterfaceRow,
  loadMachineViews,
  loadVlans,
  type MachineView,
  type SubnetRow,
  type VlanView,
} from "@rackwright/db/machine-views";
import { listSubnets } from "@rackwright/db/networks";
import { defaultDomainId, domainId } from "@rackwright/db/nodes";
import { userByName } from "@rackwright/db/users";
import { allocType } from "@rackwright/domain/addressing/alloc-type";
import { formatIp, parseIp } from "@rackwright/domain/addressing/ip";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { parseHostname, parseMac } from "@rackwright/domain/machine/names";
import { checkWantedAddress } from "@rackwright/domain/network/link";
import type { Tx } from "@rackwright/db/connect";
import { type Ctx, inTransaction } from "../context.ts";
import { freeAddress } from "./addresses.ts";
import { audit, userIdOf } from "./audit.ts";
import { subnetFor, subnetGiven } from "./named.ts";

export interface AddressView {
  address: ReservedAddress;
  subnet: SubnetRow | null;
  /** The node whose interface has it. */
  node: MachineView | undefined;
  /** Of nobody that we know. */
  unknown: InterfaceRow | undefined;
  vlans: ReadonlyMap<number, VlanView>;
}

const isAdmin = (ctx: Ctx): boolean => ctx.actor.kind === "user" && ctx.actor.isSuperuser;

/** @throws DomainError invalid_fields */
function given(text: string, field: string): string {
  const ip = parseIp(text.trim());
  if (!ip) throw invalidField(field, `"${text}" is no IP address.`);
  return formatIp(ip);
}

async function views(ctx: Ctx, addresses: readonly ReservedAddress[]): Promise<AddressView[]> {
  const db = ctx.region.db.kysely;
  const nodeIds = [...new Set(addresses.map((a) => a.nodeId).filter((id) => id !== null))];
  const [subnets, vlans, nodes, unknown] = await Promise.all([
    listSubnets(db),
    loadVlans(db),
    loadMachineViews(db, nodeIds),
    unknownInterfaces(db),
  ]);
  return addresses.map((address) => ({
    address,
    vlans,
    subnet: subnets.find((subnet) => subnet.id === address.subnetId) ?? null,
    node: nodes.find((node) => node.row.id === address.nodeId),
    unknown: unknown.find((nic) => nic.id === address.interfaceId),
  }));
}

/** By their ids. */
export async function viewsOfAddresses(ctx: Ctx, ids: readonly number[]): Promise<AddressView[]> {
  return ids.length === 0 ? [] : views(ctx, await listAddresses(ctx.region.db.kysely, { ids }));
}

export async function addressViews(
  ctx: Ctx,
  which: { ip?: string | undefined; all: boolean; owner?: string | undefined },
): Promise<AddressView[]> {
  if ((which.all || which.owner) && !isAdmin(ctx))
    throw new DomainError("forbidden", "Listing all addresses, or those of other users, needs an administrator.");
  const db = ctx.region.db.kysely;
  const ip = which.ip ? given(which.ip, "ip") : undefined;
  const userId = which.all ? undefined : which.owner ? (await userByName(db, which.owner))?.id : userIdOf(ctx);
  if (!which.all && userId === undefined) throw invalidField("owner", `There is no user '${which.owner}'.`);
  const addresses = await listAddresses(db, {
    ...(ip === undefined ? {} : { ip }),
    ...(userId === undefined ? {} : { userId }),
    reservedOnly: !which.all,
  });
  return views(ctx, addresses);
}

export interface ReserveFields {
  subnet?: string | undefined;
  ip?: string | undefined;
  ip_address?: string | undefined;
  hostname?: string | undefined;
  mac?: string | undefined;
}

/** @throws DomainError invalid_fields, forbidden, not_found, conflict, no_address_left */
export async function reserve(ctx: Ctx, fields: ReserveFields): Promise<AddressView> {
  const field = fields.ip ? "ip" : "ip_address";
  const wanted = fields.ip?.trim() || fields.ip_address?.trim() || undefined;
  if (!wanted && !fields.subnet) throw invalidField("subnet", "Name a subnet, or an address in one that is known.");
  const mac = fields.mac ? parseMac(fields.mac) : null;
  if (mac === undefined) throw invalidField("mac", `"${fields.mac}" is no MAC address.`);
  const id = await inTransaction(ctx, async (tx) => {
    const subnet =
      wanted === undefined
        ? await subnetGiven(tx, fields.subnet ?? "")
        : await subnetFor(tx, fields.subnet, { field, text: wanted });
    const name = await wantedName(ctx, tx, fields.hostname);
    const holder = mac === null ? undefined : await physicalHolder(tx, mac, null);
    if (holder) throw invalidField("mac", `${mac} is ${holder.name} of ${holder.systemId}: link that to the subnet.`);
    await lockSubnets(tx, [subnet.id]);
    const occupancy = await subnetOccupancy(tx, subnet.id);
    const ip = wanted === undefined ? freeAddress(occupancy, mac) : given(wanted, field);
    if (wanted !== undefined) checkWantedAddress(ip, mac, occupancy, { outside: "not_found", field });
    const interfaceId = mac === null ? null : await unknownInterface(tx, mac, subnet.vlan_id);
    const addressId = await reserveAddress(tx, { ip, subnetId: subnet.id, userId: userIdOf(ctx), interfaceId });
    if (name) await nameAddress(tx, name, addressId);
    await told(ctx, tx, "create", addressId, `Reserved the address ${ip}.`);
    return addressId;
  });
  const [view] = await viewsOfAddresses(ctx, [id]);
  if (!view) throw new DomainError("not_found", "The address was released meanwhile.");
  return view;
}

/** @throws DomainError invalid_fields, forbidden for a name that is not the caller's, not_found for an unknown domain */
async function wantedName(
  ctx: Ctx,
  tx: Tx,
  hostname: string | undefined,
): Promise<{ name: string; domainId: number } | undefined> {
  if (!hostname?.trim()) return undefined;
  const parsed = parseHostname(hostname);
  if (!parsed)
    throw invalidField(
      "hostname",
      `"${hostname}" is no host name: letters, digits and hyphens, at most 63 to a label.`,
    );
  const id = parsed.domain === undefined ? await defaultDomainId(tx) : await domainId(tx, parsed.domain);
  if (id === undefined) throw new DomainError("not_found", `There is no domain '${parsed.domain}'.`);
  const name = { name: parsed.hostname, domainId: id };
  const use = await nameUse(tx, name, userIdOf(ctx));
  if (use.isAlias)
    throw invalidField(
      "hostname",
      `${parsed.hostname} is an alias (CNAME): it cannot have addresses. Choose another name.`,
    );
  if (!isAdmin(ctx) && (use.isForeign || use.hasRecords))
    throw new DomainError("forbidden", `hostname: ${parsed.hostname} is not your name: choose another one.`);
  return name;
}

const told = async (ctx: Ctx, tx: Tx, kind: string, id: number, what: string) => {
  await appendChange(tx, { kind, entity: "ip_address", entityId: id, visibleTo: String(userIdOf(ctx)) });
  await audit(ctx, tx, "NETWORKING", what);
};

/** A name that has no other address and no record goes with it. */
export async function release(ctx: Ctx, fields: { ip: string; force: boolean; discovered: boolean }): Promise<void> {
  if (fields.force && !isAdmin(ctx))
    throw new DomainError("forbidden", "Only an administrator releases addresses by force.");
  const ip = given(fields.ip, "ip");
  await inTransaction(ctx, async (tx) => {
    const all = await listAddresses(tx, { ip });
    const mine = (a: ReservedAddress) => a.allocType === allocType.userReserved && a.userId === userIdOf(ctx);
    const found = fields.force
      ? all.filter((a) => (a.allocType === allocType.discovered) === fields.discovered)
      : all.filter(mine);
    if (found.length === 0)
      throw new DomainError(
        "bad_request",
        // Terraform's provider looks for these two words, and goes on.
        `The address ${ip} does not exist${fields.force ? "" : ", or is not reserved by you"}: nothing is released.`,
      );
    const interfaceIds = found.map((a) => a.interfaceId).filter((id) => id !== null);
    const ids = found.map((a) => a.id);
    const names = await resourcesOf(tx, ids);
    await deleteLinks(tx, ids);
    const gone = await dropBareResources(tx, names);
    await appendChanges(tx, { kind: "delete", entity: "dns_resource", entityIds: gone.map(String) });
    for (const id of interfaceIds) await dropIdleUnknown(tx, id);
    if (!fields.discovered)
      await ensureLinks(
        tx,
        found.flatMap((a) => (a.interfaceId !== null && a.nodeId !== null ? [a.interfaceId] : [])),
      );
    for (const a of found) await told(ctx, tx, "delete", a.id, `Released the address ${ip}.`);
  });
}
