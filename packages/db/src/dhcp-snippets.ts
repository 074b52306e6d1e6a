/** DHCP snippets with what they said before. */
import { type Insertable, type Kysely, sql, type Updateable } from "kysely";
import type { Tx } from "./connect.ts";
import type { DhcpSnippetTable, Schema } from "./schema.ts";

export interface Revision {
  id: number;
  value: string;
  createdAt: string;
}

export interface SnippetRow {
  id: number;
  name: string;
  description: string;
  enabled: boolean;
  subnetId: number | null;
  nodeId: number | null;
  node: { systemId: string; hostname: string; description: string; nodeType: number } | null;
  /** The latest first: what it says. */
  revisions: Revision[];
}

export async function listSnippets(db: Kysely<Schema>, id: number | null = null): Promise<SnippetRow[]> {
  const { rows } = await sql<SnippetRow>`
    select s.id, s.name, s.description, s.enabled, s.subnet_id as "subnetId", s.node_id as "nodeId",
      case when n.id is null then null else json_build_object('systemId', n.system_id, 'hostname', n.hostname,
        'description', n.description, 'nodeType', n.node_type) end as node,
      coalesce((select json_agg(json_build_object('id', r.id, 'value', r.value, 'createdAt', r.created_at) order by r.id desc)
        from dhcp_snippet_revision r where r.snippet_id = s.id), '[]') as revisions
    from dhcp_snippet s left join node n on n.id = s.node_id
    where ${id}::bigint is null or s.id = ${id}::bigint
    order by s.id`.execute(db);
  return rows;
}

export async function insertSnippet(tx: Tx, row: Insertable<DhcpSnippetTable>): Promise<number> {
  return (await tx.insertInto("dhcp_snippet").values(row).returning("id").executeTakeFirstOrThrow()).id;
}

export async function updateSnippet(tx: Tx, id: number, set: Updateable<DhcpSnippetTable>): Promise<void> {
  if (Object.keys(set).length > 0) await tx.updateTable("dhcp_snippet").set(set).where("id", "=", id).execute();
}

/** Locked until `tx` ends, so that two changes do not count on one history. */
export async function lockSnippet(tx: Tx, id: number): Promise<SnippetRow | undefined> {
  await tx.selectFrom("dhcp_snippet").select("id").where("id", "=", id).forUpdate().execute();
  return (await listSnippets(tx, id))[0];
}

export async function addRevision(tx: Tx, snippetId: number, value: string): Promise<void> {
  await tx.insertInto("dhcp_snippet_revision").values({ snippet_id: snippetId, value }).execute();
}

export async function forgetSince(tx: Tx, snippetId: number, revisionId: number): Promise<void> {
  await tx
    .deleteFrom("dhcp_snippet_revision")
    .where("snippet_id", "=", snippetId)
    .where("id", ">", revisionId)
    .execute();
}

export async function deleteSnippet(tx: Tx, id: number): Promise<void> {
  await tx.deleteFrom("dhcp_snippet").where("id", "=", id).execute();
}
