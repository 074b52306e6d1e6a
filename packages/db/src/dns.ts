/** Names in domains, their addresses and records. */
import { type Kysely, sql } from "kysely";
import type { Tx } from "./connect.ts";
import type { Schema } from "./schema.ts";

/** The name has this address too. */
export async function nameAddress(
  tx: Tx,
  { name, domainId }: { name: string; domainId: number },
  addressId: number,
): Promise<void> {
  await sql`
    with named as (
      insert into dns_resource (name, domain_id) values (${name}, ${domainId})
      on conflict (domain_id, lower(name)) do update set name = dns_resource.name returning id
    )
    insert into dns_resource_address (resource_id, address_id) select id, ${addressId} from named on conflict do nothing`.execute(
    tx,
  );
}

export interface NameUse {
  /** It has a CNAME record, beside which nothing can stand. */
  isAlias: boolean;
  /** It has records, which administrators make. */
  hasRecords: boolean;
  /** It has an address of somebody else, or is the name of somebody else's node. */
  isForeign: boolean;
}

/** What a name is already, seen by a user. The name is locked until `tx` ends. */
export async function nameUse(
  tx: Tx,
  { name, domainId }: { name: string; domainId: number },
  userId: number,
): Promise<NameUse> {
  const { rows } = await sql<{ id: number }>`
    select id from dns_resource where domain_id = ${domainId} and lower(name) = lower(${name}) for update`.execute(tx);
  const id = rows[0]?.id ?? null;
  const found = await sql<NameUse>`
    select exists (select from dns_record x where x.resource_id = ${id}::bigint and x.rrtype = 'CNAME') as "isAlias",
      exists (select from dns_record x where x.resource_id = ${id}::bigint) as "hasRecords",
      exists (
        select from dns_resource_address d join ip_address a on a.id = d.address_id
          left join interface i on i.id = a.interface_id left join node n on n.id = i.node_id
        where d.resource_id = ${id}::bigint and coalesce(a.user_id, n.owner_id) is distinct from ${userId}::bigint
      ) or exists (
        select from node n where n.domain_id = ${domainId} and lower(n.hostname) = lower(${name})
          and n.owner_id is distinct from ${userId}::bigint
      ) as "isForeign"`.execute(tx);
  const [use] = found.rows;
  if (!use) throw new Error(`what ${name} is used for was not answered`);
  return use;
}

export interface ResourceRow {
  id: number;
  name: string;
  domainId: number;
  domain: string;
  addressTtl: number | null;
  addressIds: number[];
}

export interface RecordRow {
  id: number;
  resourceId: number;
  name: string;
  domain: string;
  rrtype: string;
  rrdata: string;
  ttl: number | null;
}

export interface NameFilter {
  domainId?: number | undefined;
  name?: string | undefined;
  rrtype?: string | undefined;
}

/** `@` in the domain is the domain. */
const named = (filter: NameFilter) => sql<boolean>`
  (${filter.domainId ?? null}::bigint is null or r.domain_id = ${filter.domainId ?? null}::bigint)
  and (${filter.name ?? null}::text is null or lower(r.name) = lower(${filter.name ?? null}::text))`;

export async function listResources(db: Kysely<Schema>, filter: NameFilter & { id?: number }): Promise<ResourceRow[]> {
  const { rows } = await sql<ResourceRow>`
    select r.id, r.name, r.domain_id as "domainId", d.name as domain, r.address_ttl as "addressTtl",
      array(select a.address_id from dns_resource_address a where a.resource_id = r.id order by a.address_id) as "addressIds"
    from dns_resource r join domain d on d.id = r.domain_id
    where ${named(filter)} and (${filter.id ?? null}::bigint is null or r.id = ${filter.id ?? null}::bigint)
      and (${filter.rrtype ?? null}::text is null or exists (
        select from dns_record x where x.resource_id = r.id and x.rrtype = ${filter.rrtype ?? null}::text))
    order by r.id`.execute(db);
  return rows;
}

export async function listRecords(db: Kysely<Schema>, filter: NameFilter & { id?: number }): Promise<RecordRow[]> {
  const { rows } = await sql<RecordRow>`
    select x.id, x.resource_id as "resourceId", r.name, d.name as domain, x.rrtype, x.rrdata, x.ttl
    from dns_record x join dns_resource r on r.id = x.resource_id join domain d on d.id = r.domain_id
    where ${named(filter)} and (${filter.id ?? null}::bigint is null or x.id = ${filter.id ?? null}::bigint)
      and (${filter.rrtype ?? null}::text is null or x.rrtype = ${filter.rrtype ?? null}::text)
    order by x.id`.execute(db);
  return rows;
}

export interface NodeName {
  systemId: string;
  nodeType: number;
  userId: number | null;
  name: string;
  domain: string;
  ttl: number | null;
  ip: string;
}

/** Names that nodes have by their own addresses. */
export async function nodeNames(db: Kysely<Schema>, filter: NameFilter): Promise<NodeName[]> {
  const { rows } = await sql<NodeName>`
    select n.system_id as "systemId", n.node_type as "nodeType", n.owner_id as "userId", n.hostname as name, d.name as domain,
      coalesce(n.address_ttl, d.ttl) as ttl, host(a.ip) as ip
    from node n join domain d on d.id = n.domain_id join interface i on i.node_id = n.id join ip_address a on a.interface_id = i.id
    where a.ip is not null and a.alloc_type <> 6
      and (${filter.domainId ?? null}::bigint is null or n.domain_id = ${filter.domainId ?? null}::bigint)
      and (${filter.name ?? null}::text is null or lower(n.hostname) = lower(${filter.name ?? null}::text))
    order by n.id, a.id`.execute(db);
  return rows;
}

/** @returns undefined when the domain has the name already */
export async function insertResource(
  tx: Tx,
  row: { name: string; domain_id: number; address_ttl: number | null },
): Promise<number | undefined> {
  const made = await tx
    .insertInto("dns_resource")
    .values(row)
    .onConflict((c) => c.doNothing())
    .returning("id")
    .executeTakeFirst();
  return made?.id;
}

/** Whether another name of the domain is the same. */
export async function nameTaken(tx: Tx, domainId: number, name: string, exceptId: number): Promise<boolean> {
  const rows = await listResources(tx, { domainId, name });
  return rows.some((row) => row.id !== exceptId);
}

export async function updateResource(
  tx: Tx,
  id: number,
  row: { name: string; domain_id: number; address_ttl: number | null },
): Promise<void> {
  await tx.updateTable("dns_resource").set(row).where("id", "=", id).execute();
}

/** In place of those that it had. */
export async function setResourceAddresses(tx: Tx, id: number, addressIds: readonly number[]): Promise<void> {
  await tx.deleteFrom("dns_resource_address").where("resource_id", "=", id).execute();
  if (addressIds.length > 0)
    await tx
      .insertInto("dns_resource_address")
      .values(addressIds.map((address_id) => ({ resource_id: id, address_id })))
      .execute();
}

export async function deleteResource(tx: Tx, id: number): Promise<void> {
  await tx.deleteFrom("dns_resource").where("id", "=", id).execute();
}

/** @returns undefined when the name has just this record */
export async function insertRecord(
  tx: Tx,
  row: { resource_id: number; rrtype: string; rrdata: string; ttl: number | null },
): Promise<number | undefined> {
  const made = await tx
    .insertInto("dns_record")
    .values(row)
    .onConflict((c) => c.doNothing())
    .returning("id")
    .executeTakeFirst();
  return made?.id;
}

export async function updateRecord(
  tx: Tx,
  id: number,
  row: { rrtype: string; rrdata: string; ttl: number | null },
): Promise<void> {
  await tx.updateTable("dns_record").set(row).where("id", "=", id).execute();
}

/** And its name, if that has nothing else. */
export async function deleteRecord(tx: Tx, { id, resourceId }: Pick<RecordRow, "id" | "resourceId">): Promise<void> {
  await tx.deleteFrom("dns_record").where("id", "=", id).execute();
  await dropBareResources(tx, [resourceId]);
}

/** Ids of the names that these addresses have. */
export async function resourcesOf(tx: Tx, addressIds: readonly number[]): Promise<number[]> {
  const rows = await tx
    .selectFrom("dns_resource_address")
    .select("resource_id")
    .distinct()
    .where("address_id", "=", sql<number>`any(${addressIds}::bigint[])`)
    .execute();
  return rows.map((row) => row.resource_id);
}

/** Delete those of the names that have neither addresses nor records. @returns their ids */
export async function dropBareResources(tx: Tx, ids: readonly number[]): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`
    delete from dns_resource r where r.id = any(${ids}::bigint[])
      and not exists (select from dns_record x where x.resource_id = r.id)
      and not exists (select from dns_resource_address a where a.resource_id = r.id)
    returning r.id`.execute(tx);
  return rows.map((row) => row.id);
}
