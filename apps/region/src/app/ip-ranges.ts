/** IP ranges: dynamic ones are handed out by DHCP, reserved ones by nobody. */
import { lockSubnets, subnetOccupancy } from "@rackwright/db/addresses";
import { appendChange } from "@rackwright/db/change";
import type { Tx } from "@rackwright/db/connect";
import { loadVlans, type SubnetRow, type VlanView } from "@rackwright/db/machine-views";
import { findSubnet } from "@rackwright/db/network-find";
import {
  countDynamicRanges,
  deleteIpRangeRow,
  insertIpRange,
  ipRangeById,
  type IpRangeRow,
  type IpRangeView,
  listIpRanges,
  listSubnets,
  rangesOfSubnet,
  updateIpRangeRow,
  vlanById,
} from "@rackwright/db/networks";
import { userByName } from "@rackwright/db/users";
import { rangeProblem } from "@rackwright/domain/addressing/range-rules";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { type Ctx, inTransaction } from "../context.ts";
import { audit, userIdOf } from "./audit.ts";
import { subnetFor, subnetGiven } from "./named.ts";

export interface RangeView {
  range: IpRangeView;
  subnet: SubnetRow;
  vlans: ReadonlyMap<number, VlanView>;
}

export interface RangeUpdate {
  type?: "dynamic" | "reserved" | undefined;
  start_ip?: string | undefined;
  end_ip?: string | undefined;
  comment?: string | undefined;
  subnet?: string | undefined;
  /** Name of the user whose it becomes. */
  user?: string | undefined;
}

async function views(ctx: Ctx, id?: number): Promise<RangeView[]> {
  const db = ctx.region.db.kysely;
  const [ranges, subnets, vlans] = await Promise.all([listIpRanges(db, id), listSubnets(db), loadVlans(db)]);
  const byId = new Map(subnets.map((s) => [s.id, s]));
  return ranges.flatMap((range) => {
    const subnet = byId.get(range.subnet_id);
    return subnet ? [{ range, subnet, vlans }] : [];
  });
}

export const rangeViews = (ctx: Ctx): Promise<RangeView[]> => views(ctx);

const noSuchRange = (word: string) => new DomainError("not_found", `There is no IP range of id ${word}.`);
const idOf = (word: string): number => {
  if (!/^\d{1,15}$/.test(word)) throw noSuchRange(word);
  return Number(word);
};

export async function rangeView(ctx: Ctx, word: string): Promise<RangeView> {
  const [view] = await views(ctx, idOf(word));
  if (!view) throw noSuchRange(word);
  return view;
}

/** @returns the new range's id */
export async function createRange(
  ctx: Ctx,
  given: RangeUpdate & { start_ip: string; end_ip: string; subnet?: string | undefined },
): Promise<number> {
  const { type } = given;
  if (type === undefined) throw invalidField("type", "This field is required.");
  if (type === "dynamic") needAdmin(ctx, "create dynamic IP ranges");
  return inTransaction(ctx, async (tx) => {
    const subnet = await subnetFor(tx, given.subnet, { field: "start_ip", text: given.start_ip });
    const range = { type, start: given.start_ip.trim(), end: given.end_ip.trim() };
    await check(tx, subnet.id, range, null);
    const id = await insertIpRange(tx, {
      subnet_id: subnet.id,
      type,
      start_ip: range.start,
      end_ip: range.end,
      comment: given.comment || null,
      user_id: ctx.actor.kind === "user" ? userIdOf(ctx) : null,
    });
    await appendChange(tx, { kind: "create", entity: "ip_range", entityId: id });
    await audit(ctx, tx, "NETWORKING", `Created the ${type} IP range ${range.start} to ${range.end}.`);
    return id;
  });
}

export async function updateRange(ctx: Ctx, word: string, given: RangeUpdate): Promise<number> {
  return inTransaction(ctx, async (tx) => {
    const range = await lockOwn(ctx, tx, word, "change");
    const type = given.type ?? (range.type as "dynamic" | "reserved");
    if (type === "dynamic") needAdmin(ctx, "make an IP range dynamic");
    if (type !== "dynamic" && range.type === "dynamic") await refuseWhenLast(tx, range, "type");
    const next = { type, start: given.start_ip?.trim() || range.start_ip, end: given.end_ip?.trim() || range.end_ip };
    const subnet = given.subnet ? await subnetGiven(tx, given.subnet) : undefined;
    const subnet_id = subnet?.id ?? range.subnet_id;
    // DHCP would be left without a range, were it the last one there.
    if (type === "dynamic" && subnet_id !== range.subnet_id) await refuseWhenLast(tx, range, "subnet");
    await check(tx, subnet_id, next, range.id);
    const user_id = await newOwner(ctx, tx, given.user, range);
    const comment = given.comment === undefined ? range.comment : given.comment || null;
    await updateIpRangeRow(tx, range.id, { subnet_id, user_id, type, start_ip: next.start, end_ip: next.end, comment });
    await appendChange(tx, { kind: "update", entity: "ip_range", entityId: range.id });
    await audit(ctx, tx, "NETWORKING", `Updated the ${type} IP range ${next.start} to ${next.end}.`);
    return range.id;
  });
}

/** @throws DomainError forbidden, invalid_fields */
async function newOwner(ctx: Ctx, tx: Tx, username: string | undefined, range: IpRangeRow): Promise<number | null> {
  if (!username) return range.user_id;
  needAdmin(ctx, "give an IP range to a user");
  const user = await userByName(tx, username);
  if (!user) throw invalidField("user", `There is no user '${username}'.`);
  return user.id;
}

export async function deleteRange(ctx: Ctx, word: string): Promise<void> {
  await inTransaction(ctx, async (tx) => {
    const range = await lockOwn(ctx, tx, word, "delete");
    if (range.type === "dynamic") await refuseWhenLast(tx, range, "__all__");
    await deleteIpRangeRow(tx, range.id);
    await appendChange(tx, { kind: "delete", entity: "ip_range", entityId: range.id });
    await audit(ctx, tx, "NETWORKING", `Deleted the ${range.type} IP range ${range.start_ip} to ${range.end_ip}.`);
  });
}

const isAdmin = ({ actor }: Ctx) => actor.kind === "system" || (actor.kind === "user" && actor.isSuperuser);

function needAdmin(ctx: Ctx, what: string): void {
  if (isAdmin(ctx)) return;
  throw new DomainError("forbidden", `Only an administrator may ${what}.`);
}

/** The range, its subnet locked. @throws DomainError not_found, forbidden */
async function lockOwn(ctx: Ctx, tx: Tx, word: string, verb: string): Promise<IpRangeRow> {
  const found = await ipRangeById(tx, idOf(word));
  if (!found) throw noSuchRange(word);
  await lockSubnets(tx, [found.subnet_id]);
  const range = await ipRangeById(tx, found.id);
  if (!range) throw noSuchRange(word);
  if (!isAdmin(ctx) && (range.type === "dynamic" || range.user_id !== userIdOf(ctx)))
    throw new DomainError("forbidden", `You may only ${verb} IP ranges that you reserved yourself.`);
  return range;
}

async function check(
  tx: Tx,
  subnetId: number,
  range: { type: string; start: string; end: string },
  ownId: number | null,
): Promise<void> {
  await lockSubnets(tx, [subnetId]);
  const ranges = await rangesOfSubnet(tx, subnetId, ownId);
  const problem = rangeProblem(range, { ...(await subnetOccupancy(tx, subnetId)), ranges });
  if (problem) throw invalidField(problem.field, problem.message);
}

/** DHCP without a range to give would be no DHCP. */
async function refuseWhenLast(tx: Tx, range: IpRangeRow, field: string): Promise<void> {
  const subnet = await findSubnet(tx, String(range.subnet_id));
  const vlan = subnet && (await vlanById(tx, subnet.vlan_id));
  if (!vlan?.dhcp_on || (await countDynamicRanges(tx, vlan.id, range.id)) > 0) return;
  throw invalidField(
    field,
    `It is the last dynamic range of VLAN ${vlan.vid} (id ${vlan.id}), where DHCP is on: switch DHCP off first, or add another range.`,
  );
}
