/** Addresses that are kept for a MAC address: DHCP and links of that interface use them, nobody else does. */
import { lockSubnets, subnetOccupancy } from "@rackwright/db/addresses";
import { appendChange } from "@rackwright/db/change";
import { loadVlans, type SubnetRow, type VlanView } from "@rackwright/db/machine-views";
import { listSubnets } from "@rackwright/db/networks";
import {
  deleteReservedIp,
  holdersOf,
  insertReservedIp,
  listReservedIps,
  type ReservedIpRow,
  updateReservedComment,
} from "@rackwright/db/reserved-ips";
import { formatIp, parseIp } from "@rackwright/domain/addressing/ip";
import { keptIpProblem } from "@rackwright/domain/addressing/kept-ip-rules";
import { DomainError, type FieldMessages, invalidField } from "@rackwright/domain/errors";
import { parseMac } from "@rackwright/domain/machine/names";
import { asId } from "@rackwright/domain/network/specifier";
import { type Ctx, inTransaction } from "../context.ts";
import { audit } from "./audit.ts";
import { type Db, subnetFor, subnetGiven } from "./named.ts";

export interface ReservedView {
  reserved: ReservedIpRow;
  subnet: SubnetRow;
  vlans: ReadonlyMap<number, VlanView>;
}

export async function reservedViews(ctx: Ctx, id?: number): Promise<ReservedView[]> {
  const db = ctx.region.db.kysely;
  const [rows, subnets, vlans] = await Promise.all([listReservedIps(db, id), listSubnets(db), loadVlans(db)]);
  const byId = new Map(subnets.map((subnet) => [subnet.id, subnet]));
  return rows.flatMap((reserved) => {
    const subnet = byId.get(reserved.subnet_id);
    return subnet ? [{ reserved, subnet, vlans }] : [];
  });
}

const noSuch = (word: string) => new DomainError("not_found", `There is no reserved IP of id ${word}.`);

export async function reservedView(ctx: Ctx, word: string): Promise<ReservedView> {
  const id = asId(word);
  const [view] = id === undefined ? [] : await reservedViews(ctx, id);
  if (!view) throw noSuch(word);
  return view;
}

async function reservedOf(db: Db, word: string): Promise<ReservedIpRow> {
  const id = asId(word);
  const [row] = id === undefined ? [] : await listReservedIps(db, id);
  if (!row) throw noSuch(word);
  return row;
}

/** @returns the new row's id */
export async function reserveForMac(
  ctx: Ctx,
  given: { ip: string; subnet?: string | undefined; mac_address: string; comment?: string | undefined },
): Promise<number> {
  const mac = parseMac(given.mac_address);
  if (mac === undefined) throw invalidField("mac_address", `"${given.mac_address}" is no MAC address.`);
  return inTransaction(ctx, async (tx) => {
    const subnet = await subnetFor(tx, given.subnet, { field: "ip", text: given.ip });
    const parsed = parseIp(given.ip.trim());
    if (!parsed) throw invalidField("ip", `"${given.ip}" is no IP address.`);
    const ip = formatIp(parsed);
    await lockSubnets(tx, [subnet.id]);
    const problem = keptIpProblem({ ip, mac, holders: await holdersOf(tx, ip) }, await subnetOccupancy(tx, subnet.id));
    if (problem) throw new DomainError("invalid_fields", "The address cannot be reserved.", { fields: problem });
    const id = await insertReservedIp(tx, { ip, mac, subnet_id: subnet.id, comment: given.comment || null });
    if (id === undefined) throw invalidField("ip", `${ip} is reserved already.`);
    await appendChange(tx, { kind: "create", entity: "reserved_ip", entityId: id });
    await audit(ctx, tx, "NETWORKING", `Reserved ${ip} for ${mac}.`);
    return id;
  });
}

export async function updateReserved(
  ctx: Ctx,
  word: string,
  given: {
    comment?: string | undefined;
    ip?: string | undefined;
    subnet?: string | undefined;
    mac_address?: string | undefined;
  },
): Promise<number> {
  return inTransaction(ctx, async (tx) => {
    const row = await reservedOf(tx, word);
    const stays = "It cannot be changed: delete this reserved IP and reserve another.";
    const fields: FieldMessages = {};
    if (given.ip && given.ip.trim() !== row.ip) fields.ip = [stays];
    if (given.mac_address && parseMac(given.mac_address) !== row.mac) fields.mac_address = [stays];
    if (given.subnet && (await subnetGiven(tx, given.subnet)).id !== row.subnet_id) fields.subnet = [stays];
    if (Object.keys(fields).length > 0)
      throw new DomainError("invalid_fields", "Only the comment of a reserved IP changes.", { fields });
    if (given.comment !== undefined) await updateReservedComment(tx, row.id, given.comment || null);
    await appendChange(tx, { kind: "update", entity: "reserved_ip", entityId: row.id });
    await audit(ctx, tx, "NETWORKING", `Updated the reserved IP ${row.ip}.`);
    return row.id;
  });
}

export async function deleteReserved(ctx: Ctx, word: string): Promise<void> {
  await inTransaction(ctx, async (tx) => {
    const row = await reservedOf(tx, word);
    await deleteReservedIp(tx, row.id);
    await appendChange(tx, { kind: "delete", entity: "reserved_ip", entityId: row.id });
    await audit(ctx, tx, "NETWORKING", `Deleted the reserved IP ${row.ip} of ${row.mac}.`);
  });
}
