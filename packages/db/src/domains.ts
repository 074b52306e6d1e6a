/** Domains: where the names of nodes are. */
import { asId } from "@rackwright/domain/network/specifier";
import { type Insertable, type Kysely, type Selectable, sql, type Updateable } from "kysely";
import type { Tx } from "./connect.ts";
import type { DomainTable, Schema } from "./schema.ts";

export type DomainRow = Selectable<DomainTable> & { resourceRecordCount: number };

/** Names of nodes, addresses of other names, and records, in `domain`: kept as a sum by triggers (migration 0138). */
export const resourceRecordCount = sql<number>`(
  select coalesce(sum(c.delta), 0)::bigint from domain_content c where c.domain_id = domain.id)`;

export function listDomains(db: Kysely<Schema>): Promise<DomainRow[]> {
  return db
    .selectFrom("domain")
    .selectAll()
    .select(resourceRecordCount.as("resourceRecordCount"))
    .orderBy("id")
    .execute();
}

/** By id or name; an id comes first. */
export async function findDomain(db: Kysely<Schema>, word: string): Promise<DomainRow | undefined> {
  const id = asId(word);
  const rows = await db
    .selectFrom("domain")
    .selectAll()
    .select(resourceRecordCount.as("resourceRecordCount"))
    .where((eb) => eb.or([eb("name", "=", word), ...(id === undefined ? [] : [eb("id", "=", id)])]))
    .execute();
  return rows.find((row) => row.id === id) ?? rows[0];
}

/** @returns undefined when the name is taken */
export async function insertDomain(tx: Tx, row: Insertable<DomainTable>): Promise<number | undefined> {
  const made = await tx
    .insertInto("domain")
    .values(row)
    .onConflict((c) => c.column("name").doNothing())
    .returning("id")
    .executeTakeFirst();
  return made?.id;
}

export async function updateDomain(tx: Tx, id: number, set: Updateable<DomainTable>): Promise<void> {
  if (Object.keys(set).length > 0) await tx.updateTable("domain").set(set).where("id", "=", id).execute();
}

/** It alone. */
export async function setDefaultDomain(tx: Tx, id: number): Promise<void> {
  await sql`update domain set is_default = (id = ${id}) where is_default or id = ${id}`.execute(tx);
}

export async function nodesInDomain(tx: Tx, id: number): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*) as n from node where domain_id = ${id}`.execute(tx);
  return rows[0]?.n ?? 0;
}

export async function deleteDomain(tx: Tx, id: number): Promise<void> {
  await tx.deleteFrom("domain").where("id", "=", id).execute();
}

export async function setZoneSerial(tx: Tx, serial: number): Promise<void> {
  await tx
    .insertInto("dns_serial")
    .values({ serial })
    .onConflict((c) => c.column("singleton").doUpdateSet({ serial }))
    .execute();
}
