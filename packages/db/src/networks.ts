/** Fabrics, VLANs, subnets and IP ranges: rows, found by the words that callers use. */
import { allocType } from "@rackwright/domain/addressing/alloc-type";
import { type Insertable, type Kysely, type Selectable, sql, type Updateable } from "kysely";
import type { Tx } from "./connect.ts";
import type { SubnetRow } from "./machine-views.ts";
import type { FabricTable, IpRangeTable, Schema, SubnetTable, VlanTable } from "./schema.ts";

type Db = Kysely<Schema>;
export type FabricRow = Selectable<FabricTable>;
export type VlanRow = Selectable<VlanTable>;
export type IpRangeRow = Selectable<IpRangeTable>;

const asId = (word: string): number | undefined => (/^\d{1,15}$/.test(word) ? Number(word) : undefined);

export function listFabrics(db: Db): Promise<FabricRow[]> {
  return db.selectFrom("fabric").selectAll().orderBy("id").execute();
}

/** By id or by name, `id:` or `name:` before it or not; `fabric-<id>` is the name of one that has none. */
export async function findFabric(db: Db, given: string): Promise<FabricRow | undefined> {
  const word = given.replace(/^(id|name|fabric):/, "");
  const id = asId(word) ?? asId(/^fabric-(\d+)$/.exec(word)?.[1] ?? "");
  const rows = await db
    .selectFrom("fabric")
    .selectAll()
    .where((eb) => eb.or([eb("name", "=", word), ...(id === undefined ? [] : [eb("id", "=", id)])]))
    .execute();
  return (
    rows.find((f) => f.id === asId(word)) ?? rows.find((f) => f.name === word) ?? rows.find((f) => f.name === null)
  );
}

/** @returns undefined when the name is taken */
export async function insertFabric(tx: Tx, fabric: Insertable<FabricTable>): Promise<number | undefined> {
  const row = await tx
    .insertInto("fabric")
    .values(fabric)
    .onConflict((c) => c.column("name").doNothing())
    .returning("id")
    .executeTakeFirst();
  return row?.id;
}

/** Whether another fabric has this name. */
export async function fabricNameTaken(tx: Tx, name: string, exceptId: number): Promise<boolean> {
  return (
    (await tx
      .selectFrom("fabric")
      .select("id")
      .where("name", "=", name)
      .where("id", "<>", exceptId)
      .executeTakeFirst()) !== undefined
  );
}

export async function updateFabricRow(tx: Tx, id: number, set: Updateable<FabricTable>): Promise<void> {
  if (Object.keys(set).length > 0) await tx.updateTable("fabric").set(set).where("id", "=", id).execute();
}

export function lockVlan(tx: Tx, id: number): Promise<VlanRow | undefined> {
  return tx.selectFrom("vlan").selectAll().where("id", "=", id).forNoKeyUpdate().executeTakeFirst();
}

export function findVlan(db: Db, fabricId: number, vid: number): Promise<VlanRow | undefined> {
  return db.selectFrom("vlan").selectAll().where("fabric_id", "=", fabricId).where("vid", "=", vid).executeTakeFirst();
}

export function vlanById(db: Db, id: number): Promise<VlanRow | undefined> {
  return db.selectFrom("vlan").selectAll().where("id", "=", id).executeTakeFirst();
}

/** The first one of a fabric, which every fabric has. */
export function defaultVlan(db: Db, fabricId: number): Promise<VlanRow | undefined> {
  return db.selectFrom("vlan").selectAll().where("fabric_id", "=", fabricId).orderBy("id").limit(1).executeTakeFirst();
}

/** @returns undefined when the fabric has one with this tag */
export async function insertVlan(tx: Tx, vlan: Insertable<VlanTable>): Promise<number | undefined> {
  const row = await tx
    .insertInto("vlan")
    .values(vlan)
    .onConflict((c) => c.columns(["fabric_id", "vid"]).doNothing())
    .returning("id")
    .executeTakeFirst();
  return row?.id;
}

export async function updateVlanRow(tx: Tx, id: number, set: Updateable<VlanTable>): Promise<void> {
  if (Object.keys(set).length > 0) await tx.updateTable("vlan").set(set).where("id", "=", id).execute();
}

/** Dynamic ranges on the subnets of a VLAN; `exceptId`: not counting this one. */
export async function countDynamicRanges(db: Db, vlanId: number, exceptId: number | null = null): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*) as n from ip_range r join subnet s on s.id = r.subnet_id
    where s.vlan_id = ${vlanId} and r.type = 'dynamic' and r.id is distinct from ${exceptId}::bigint`.execute(db);
  return rows[0]?.n ?? 0;
}

/** A rack controller by system id or host name. */
export async function findRack(db: Db, word: string): Promise<number | undefined> {
  const row = await db
    .selectFrom("node")
    .select("id")
    .where("node_type", "in", [2, 4])
    .where((eb) => eb.or([eb("system_id", "=", word), eb("hostname", "=", word)]))
    .executeTakeFirst();
  return row?.id;
}

export async function firstSubnetOfVlan(db: Db, vlanId: number): Promise<number | undefined> {
  const row = await db
    .selectFrom("subnet")
    .select("id")
    .where("vlan_id", "=", vlanId)
    .orderBy("id")
    .limit(1)
    .executeTakeFirst();
  return row?.id;
}

export function listSubnets(db: Db): Promise<SubnetRow[]> {
  return db.selectFrom("subnet").selectAll().orderBy("id").execute();
}

/** The best subnet of an address: on a VLAN with DHCP first, then the most narrow one. @param ip checked before */
export async function subnetOfAddress(db: Db, ip: string): Promise<SubnetRow | undefined> {
  return db
    .selectFrom("subnet")
    .innerJoin("vlan", "vlan.id", "subnet.vlan_id")
    .selectAll("subnet")
    .where(sql<boolean>`subnet.cidr >>= ${ip}::inet`)
    .orderBy("vlan.dhcp_on", "desc")
    .orderBy(sql`masklen(subnet.cidr)`, "desc")
    .limit(1)
    .executeTakeFirst();
}

export async function insertSubnet(tx: Tx, subnet: Insertable<SubnetTable>): Promise<number | undefined> {
  const row = await tx
    .insertInto("subnet")
    .values(subnet)
    .onConflict((c) => c.column("cidr").doNothing())
    .returning("id")
    .executeTakeFirst();
  return row?.id;
}

export async function updateSubnetRow(tx: Tx, id: number, set: Updateable<SubnetTable>): Promise<void> {
  if (Object.keys(set).length > 0) await tx.updateTable("subnet").set(set).where("id", "=", id).execute();
}

export async function cidrTaken(tx: Tx, cidr: string, exceptId: number): Promise<boolean> {
  return (
    (await tx
      .selectFrom("subnet")
      .select("id")
      .where("cidr", "=", cidr)
      .where("id", "<>", exceptId)
      .executeTakeFirst()) !== undefined
  );
}

/**
 * Addresses of controllers that are inside of this subnet are theirs, and their interfaces are on its VLAN: a controller reports its
 * addresses when it connects, which is mostly before anybody has told us of its subnets.
 */
export async function adoptControllerAddresses(tx: Tx, subnetId: number): Promise<void> {
  await sql`
    with adopted as (
      update ip_address a set subnet_id = s.id, alloc_type = ${allocType.sticky}
      from subnet s, interface i, node n
      where s.id = ${subnetId} and i.id = a.interface_id and n.id = i.node_id and n.node_type in (2, 3, 4)
        and a.alloc_type in (${allocType.sticky}, ${allocType.discovered}) and a.ip <<= s.cidr
        and not exists (select from subnet o where o.cidr >>= a.ip and masklen(o.cidr) > masklen(s.cidr))
        and not exists (select from ip_address c where c.ip = a.ip and c.id <> a.id and c.alloc_type <> ${allocType.discovered})
      returning a.interface_id, s.vlan_id
    )
    update interface i set vlan_id = adopted.vlan_id from adopted where i.id = adopted.interface_id`.execute(tx);
}

export interface IpRangeView {
  id: number;
  type: string;
  start_ip: string;
  end_ip: string;
  comment: string | null;
  subnet_id: number;
  user_id: number | null;
  username: string | null;
  email: string | null;
  is_superuser: boolean | null;
}

export function listIpRanges(db: Db, id?: number): Promise<IpRangeView[]> {
  let query = db
    .selectFrom("ip_range as r")
    .leftJoin("app_user as u", "u.id", "r.user_id")
    .select([
      "r.id",
      "r.type",
      "r.start_ip",
      "r.end_ip",
      "r.comment",
      "r.subnet_id",
      "r.user_id",
      "u.username",
      "u.email",
      "u.is_superuser",
    ])
    .orderBy("r.id");
  if (id !== undefined) query = query.where("r.id", "=", id);
  return query.execute();
}

export function ipRangeById(db: Db, id: number): Promise<IpRangeRow | undefined> {
  return db.selectFrom("ip_range").selectAll().where("id", "=", id).executeTakeFirst();
}

/** Those of one subnet, without `exceptId`. */
export function rangesOfSubnet(
  db: Db,
  subnetId: number,
  exceptId: number | null = null,
): Promise<{ type: string; start: string; end: string }[]> {
  return db
    .selectFrom("ip_range")
    .select(["type", "start_ip as start", "end_ip as end"])
    .where("subnet_id", "=", subnetId)
    .where(sql<boolean>`id is distinct from ${exceptId}::bigint`)
    .orderBy("start_ip")
    .execute();
}

export async function insertIpRange(tx: Tx, range: Insertable<IpRangeTable>): Promise<number> {
  const row = await tx.insertInto("ip_range").values(range).returning("id").executeTakeFirstOrThrow();
  return row.id;
}

export async function updateIpRangeRow(tx: Tx, id: number, set: Updateable<IpRangeTable>): Promise<void> {
  if (Object.keys(set).length > 0) await tx.updateTable("ip_range").set(set).where("id", "=", id).execute();
}

export async function deleteIpRangeRow(tx: Tx, id: number): Promise<void> {
  await tx.deleteFrom("ip_range").where("id", "=", id).execute();
}
