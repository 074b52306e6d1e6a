/** New nodes, and the words by which callers name zones, pools and domains. */
import { type Kysely, sql } from "kysely";
import type { Tx } from "./connect.ts";
import type { Schema } from "./schema.ts";
import { adoptUnknown } from "./unknown-interfaces.ts";

export interface NewNode {
  systemId: string;
  nodeType: number;
  hostname: string;
  domainId: number;
  columns: Record<string, unknown>;
}

/** @returns the new row's id; undefined when system id or host name is taken */
export async function insertNode(tx: Tx, node: NewNode): Promise<number | undefined> {
  const row = await tx
    .insertInto("node")
    .values({
      system_id: node.systemId,
      node_type: node.nodeType,
      hostname: node.hostname,
      domain_id: node.domainId,
      ...node.columns,
    })
    .onConflict((c) => c.doNothing())
    .returning("id")
    .executeTakeFirst();
  return row?.id;
}

/** Physical interfaces by MAC, named eth0, eth1 ... until commissioning knows better; on the default VLAN. */
export async function insertBootInterfaces(
  tx: Tx,
  nodeId: number,
  macs: readonly string[],
  firstIndex = 0,
): Promise<void> {
  if (macs.length === 0) return;
  const vlan = await tx
    .selectFrom("vlan")
    .select("id")
    .where("fabric_id", "=", 0)
    .orderBy("id")
    .limit(1)
    .executeTakeFirst();
  await tx
    .insertInto("interface")
    .values(macs.map((mac, i) => ({ node_id: nodeId, name: `eth${firstIndex + i}`, mac, vlan_id: vlan?.id ?? null })))
    .execute();
  await adoptUnknown(tx, nodeId);
}

/** MAC addresses among these that some physical interface has already, with its machine. */
export function takenMacs(
  db: Kysely<Schema>,
  macs: readonly string[],
): Promise<{ mac: string | null; systemId: string; nodeId: number; status: number }[]> {
  return db
    .selectFrom("interface as i")
    .innerJoin("node as n", "n.id", "i.node_id")
    .select(["i.mac", "n.system_id as systemId", "n.id as nodeId", "n.status"])
    .where("i.type", "=", "physical")
    .where("i.mac", "=", sql<string>`any(${macs}::macaddr[])`)
    .execute();
}

/** Machines in these statuses of which a BMC is known and no interface. */
export function machinesWithoutInterfaces(
  db: Kysely<Schema>,
  powerType: string,
  statuses: readonly number[],
  limit: number,
): Promise<{ id: number; system_id: string; power_parameters: Buffer | null }[]> {
  return db
    .selectFrom("node as n")
    .select(["n.id", "n.system_id", "n.power_parameters"])
    .where("n.node_type", "=", 0)
    .where("n.power_type", "=", powerType)
    .where("n.status", "=", sql<number>`any(${statuses}::smallint[])`)
    .where(sql<boolean>`not exists (select from interface i where i.node_id = n.id)`)
    .orderBy("n.id")
    .limit(limit)
    .execute();
}

async function byNameOrId(
  db: Kysely<Schema>,
  table: "zone" | "resource_pool" | "domain",
  word: string,
): Promise<number | undefined> {
  const row = await db
    .selectFrom(table)
    .select("id")
    .where((eb) => eb.or([eb("name", "=", word), ...(/^\d{1,15}$/.test(word) ? [eb("id", "=", Number(word))] : [])]))
    .executeTakeFirst();
  return row?.id;
}

export const zoneId = (db: Kysely<Schema>, word: string) => byNameOrId(db, "zone", word);
export const poolId = (db: Kysely<Schema>, word: string) => byNameOrId(db, "resource_pool", word);
export const domainId = (db: Kysely<Schema>, word: string) => byNameOrId(db, "domain", word);

export async function defaultDomainId(db: Kysely<Schema>): Promise<number> {
  const row = await db.selectFrom("domain").select("id").where("is_default", "=", true).executeTakeFirstOrThrow();
  return row.id;
}

/** Whether another node of this domain has the name. */
export async function hostnameTaken(
  db: Kysely<Schema>,
  domain: number,
  hostname: string,
  exceptId: number | null,
): Promise<boolean> {
  let query = db
    .selectFrom("node")
    .select("id")
    .where("domain_id", "=", domain)
    .where(sql`lower(hostname)`, "=", hostname.toLowerCase());
  if (exceptId !== null) query = query.where("id", "<>", exceptId);
  return (await query.executeTakeFirst()) !== undefined;
}

/** System ids of all machines in a status. */
export async function machinesInStatus(db: Kysely<Schema>, status: number): Promise<string[]> {
  const rows = await db
    .selectFrom("node")
    .select("system_id")
    .where("node_type", "=", 0)
    .where("status", "=", status)
    .orderBy("id")
    .execute();
  return rows.map((r) => r.system_id);
}

export async function deleteNode(tx: Tx, id: number): Promise<void> {
  await tx
    .deleteFrom("ip_address")
    .where("interface_id", "in", tx.selectFrom("interface").select("id").where("node_id", "=", id))
    .execute();
  await tx.deleteFrom("node").where("id", "=", id).execute();
}

/** The machine of a MAC address, and its status: what is_registered and is_action_in_progress answer from. */
export function statusByMac(db: Kysely<Schema>, mac: string): Promise<{ status: number } | undefined> {
  return db
    .selectFrom("interface as i")
    .innerJoin("node as n", "n.id", "i.node_id")
    .select("n.status")
    .where("i.type", "=", "physical")
    .where("i.mac", "=", mac)
    .executeTakeFirst();
}

export async function bootInterfaceByMac(db: Kysely<Schema>, nodeId: number, mac: string): Promise<number | undefined> {
  const row = await db
    .selectFrom("interface")
    .select("id")
    .where("node_id", "=", nodeId)
    .where("mac", "=", mac)
    .where("type", "=", "physical")
    .executeTakeFirst();
  return row?.id;
}

/**
 * Whose each of these is: by name, by MAC address, else the machine that last booted from that address (the latest one when several did).
 * @returns ids in the same order; null where nobody is known by it
 */
export async function machinesSeen(
  db: Kysely<Schema>,
  seen: readonly { systemId: string | null; mac: string | null; address: string | null }[],
): Promise<(number | null)[]> {
  if (seen.length === 0) return [];
  const { rows } = await sql<{ id: number | null }>`
    select coalesce(
      (select id from node where system_id = s.system_id),
      (select n.id from interface i join node n on n.id = i.node_id
        where i.mac = s.mac and i.type = 'physical' and n.node_type = 0 order by n.id limit 1),
      (select id from node where boot_address = s.address and node_type = 0 order by status_since desc limit 1)) as id
    from unnest(${seen.map((s) => s.systemId)}::text[], ${seen.map((s) => s.mac)}::macaddr[], ${seen.map((s) => s.address)}::inet[])
      with ordinality as s(system_id, mac, address, place)
    order by place`.execute(db);
  return rows.map(({ id }) => id);
}

export async function domainName(db: Kysely<Schema>, id: number): Promise<string> {
  const row = await db.selectFrom("domain").select("name").where("id", "=", id).executeTakeFirstOrThrow();
  return row.name;
}

export async function nodeIdBySystemId(db: Kysely<Schema>, systemId: string): Promise<number | undefined> {
  const row = await db.selectFrom("node").select("id").where("system_id", "=", systemId).executeTakeFirst();
  return row?.id;
}
