/** Finding the nodes of tags with a definition: what is to be looked at, how far it is, and what was found. */
import { type Kysely, sql } from "kysely";
import { appendChanges } from "./change.ts";
import type { Tx } from "./connect.ts";
import type { Schema } from "./schema.ts";

export type EvaluationState = "waiting" | "running" | "done" | "failed";

export interface TagEvaluation {
  generation: number;
  state: EvaluationState;
  /** Id of the last node that was looked at. */
  position: number;
  total: number;
  done: number;
  matched: number;
  unreadable: number;
  error: string | null;
  wantedAt: Date;
  startedAt: Date | null;
  finishedAt: Date | null;
}

/** "TAGS" in ASCII. */
const DEFINITIONS_LOCK = 0x54_41_47_53;

/**
 * Until `tx` ends, no transaction stores a machine's hardware. Whoever stores some either ends before, and is seen by the evaluation that
 * follows, or finds the new definition (`anyDefinitions`).
 */
export async function lockDefinitions(tx: Tx): Promise<void> {
  await sql`select pg_advisory_xact_lock(${DEFINITIONS_LOCK}::bigint)`.execute(tx);
}

/** Whether there is a tag with a definition; none comes until `tx` ends. */
export async function anyDefinitions(tx: Tx): Promise<boolean> {
  await sql`select pg_advisory_xact_lock_shared(${DEFINITIONS_LOCK}::bigint)`.execute(tx);
  const found = await tx.selectFrom("tag").select("id").where("definition", "<>", "").limit(1).executeTakeFirst();
  return found !== undefined;
}

/** From the first node on, again. @returns the generation of what is to be found now */
export async function wantEvaluation(tx: Tx, tagId: number): Promise<number> {
  const { rows } = await sql<{ generation: number }>`
    insert into tag_evaluation (tag_id) values (${tagId})
    on conflict (tag_id) do update set generation = tag_evaluation.generation + 1, state = 'waiting', position = 0,
      total = 0, done = 0, matched = 0, unreadable = 0, error = null, wanted_at = now(), started_at = null, finished_at = null
    returning generation`.execute(tx);
  return rows[0]?.generation ?? 1;
}

/** The tag has no definition any more: nothing that is under way counts. */
export async function endEvaluation(tx: Tx, tagId: number): Promise<void> {
  await tx.deleteFrom("tag_evaluation").where("tag_id", "=", tagId).execute();
}

export function tagEvaluation(db: Kysely<Schema>, tagId: number): Promise<TagEvaluation | undefined> {
  return db
    .selectFrom("tag_evaluation")
    .select([
      "generation",
      sql<EvaluationState>`state`.as("state"),
      "position",
      "total",
      "done",
      "matched",
      "unreadable",
      "error",
      "wanted_at as wantedAt",
      "started_at as startedAt",
      "finished_at as finishedAt",
    ])
    .where("tag_id", "=", tagId)
    .executeTakeFirst();
}

export interface DefinedTag {
  id: number;
  name: string;
  definition: string;
  generation: number;
}

const definedTags = (db: Kysely<Schema>) =>
  db
    .selectFrom("tag as t")
    .innerJoin("tag_evaluation as e", "e.tag_id", "t.id")
    .select(["t.id", "t.name", "t.definition", "e.generation"])
    .where("t.definition", "<>", "");

export function definedTag(db: Kysely<Schema>, tagId: number): Promise<DefinedTag | undefined> {
  return definedTags(db).where("t.id", "=", tagId).executeTakeFirst();
}

export function listDefinedTags(db: Kysely<Schema>): Promise<DefinedTag[]> {
  return definedTags(db).orderBy("t.id").execute();
}

/** Nodes are counted when the first are looked at. @returns undefined when another generation is wanted by now */
export async function startEvaluation(
  tx: Tx,
  tagId: number,
  generation: number,
  now: Date,
): Promise<TagEvaluation | undefined> {
  await sql`update tag_evaluation set state = 'running', started_at = ${now}, total = (select count(*) from node)
    where tag_id = ${tagId} and generation = ${generation} and state = 'waiting'`.execute(tx);
  const found = await tagEvaluation(tx, tagId);
  return found?.generation === generation ? found : undefined;
}

export async function finishEvaluation(
  tx: Tx,
  tagId: number,
  generation: number,
  end: { state: "done" | "failed"; error: string | null; now: Date },
): Promise<boolean> {
  const { numUpdatedRows } = await tx
    .updateTable("tag_evaluation")
    .set({ state: end.state, error: end.error, finished_at: end.now })
    .where("tag_id", "=", tagId)
    .where("generation", "=", generation)
    .where("state", "=", "running")
    .executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** What a node sent of itself, and whether it has the tags in question. */
export interface NodeDetails {
  id: number;
  systemId: string;
  /** Its bytes in base64; null when there is none. What is too large to be XML of a machine is "<". */
  lshw: string | null;
  lldp: string | null;
  /** Other after the node has sent something new. */
  version: string;
}

/** Larger output is no lshw's of a machine that anybody owns; and a batch of nodes is in memory at once. */
const MAX_DOCUMENT_BYTES = 1 << 20;

// Base64: output is bytes, which may be no text, and hexadecimal digits would be half as much again.
const newest = (name: string) => sql`
  select r.id, r.updated_at,
    case when octet_length(r.stdout) > ${MAX_DOCUMENT_BYTES} then 'PA==' else encode(r.stdout, 'base64') end as text
  from script_set s join script_result r on r.set_id = s.id
  where s.node_id = n.id and r.name = ${name} and r.status = 2
  order by r.id desc limit 1`;

const version = sql`coalesce(lshw.id || '@' || lshw.updated_at, '') || ',' || coalesce(lldp.id || '@' || lldp.updated_at, '')`;

async function details(db: Kysely<Schema>, nodes: ReturnType<typeof sql>): Promise<NodeDetails[]> {
  const { rows } = await sql<NodeDetails>`
    select n.id, n.system_id as "systemId", lshw.text as lshw, lldp.text as lldp, ${version} as version
    from (${nodes}) n
    left join lateral (${newest("maas-lshw")}) lshw on true
    left join lateral (${newest("maas-capture-lldpd")}) lldp on true
    order by n.id`.execute(db);
  return rows;
}

/** Up to `limit` nodes of any type after this id. */
export const detailsAfter = (db: Kysely<Schema>, position: number, limit: number): Promise<NodeDetails[]> =>
  details(db, sql`select id, system_id from node where id > ${position} order by id limit ${limit}`);

export const detailsOf = async (db: Kysely<Schema>, nodeId: number): Promise<NodeDetails | undefined> =>
  (await details(db, sql`select id, system_id from node where id = ${nodeId}`))[0];

/** A node and whether a definition fits it. */
export interface Found {
  id: number;
  version: string;
  matches: boolean;
}

/**
 * Put the tag on what its definition fits and take it off the rest, where that is not so already. Nodes that have sent something new since they
 * were looked at are left to whoever looks at that; they are locked, so that none does in between.
 * @returns whether the definition is still the one that was evaluated; nothing is written otherwise
 */
export async function applyFound(
  tx: Tx,
  tag: Pick<DefinedTag, "id" | "generation">,
  found: readonly Found[],
): Promise<boolean> {
  // Compatible with the key locks of others who put the tag on; not with a change of the tag.
  await sql`select 1 from tag where id = ${tag.id} for share`.execute(tx);
  // A statement of its own: it sees what whoever held the lock has written.
  if ((await tagEvaluation(tx, tag.id))?.generation !== tag.generation) return false;
  const has = await nodesWith(
    tx,
    tag.id,
    found.map((node) => node.id),
  );
  const different = found.filter((node) => node.matches !== has.has(node.id));
  if (different.length === 0) return true;
  const current = await lockedVersions(
    tx,
    different.map((node) => node.id),
  );
  const settled = different.filter((node) => current.get(node.id) === node.version);
  const ids = (matches: boolean) => settled.filter((node) => node.matches === matches).map((node) => node.id);
  const changed = await sql<{ systemId: string }>`
    with put as (
      insert into node_tag (node_id, tag_id) select unnest(${ids(true)}::bigint[]), ${tag.id}::bigint
      on conflict do nothing returning node_id
    ), taken as (
      delete from node_tag where tag_id = ${tag.id} and node_id = any(${ids(false)}::bigint[]) returning node_id
    )
    select system_id as "systemId" from node
    where id in (select node_id from put union all select node_id from taken) order by id`.execute(tx);
  await appendChanges(tx, {
    kind: "update",
    entity: "machine",
    entityIds: changed.rows.map((row) => row.systemId),
  });
  return true;
}

async function nodesWith(tx: Tx, tagId: number, nodeIds: readonly number[]): Promise<Set<number>> {
  const { rows } = await sql<{ node_id: number }>`
    select node_id from node_tag where tag_id = ${tagId} and node_id = any(${nodeIds}::bigint[])`.execute(tx);
  return new Set(rows.map((row) => row.node_id));
}

/** What these nodes have sent, and send no more of until `tx` ends. In the order of their ids, so that two who do this do not meet. */
async function lockedVersions(tx: Tx, nodeIds: readonly number[]): Promise<Map<number, string>> {
  await sql`select 1 from node where id = any(${nodeIds}::bigint[]) order by id for share`.execute(tx);
  const { rows } = await sql<{ id: number; version: string }>`
    select n.id, ${version} as version from node n
    left join lateral (${newest("maas-lshw")}) lshw on true
    left join lateral (${newest("maas-capture-lldpd")}) lldp on true
    where n.id = any(${nodeIds}::bigint[])`.execute(tx);
  return new Map(rows.map((row) => [row.id, row.version]));
}

/** Counted once: a run that gave up may still be writing what the next one looks at again. */
export async function advanceEvaluation(
  tx: Tx,
  tag: Pick<DefinedTag, "id" | "generation">,
  step: { position: number; done: number; matched: number; unreadable: number },
): Promise<void> {
  await sql`update tag_evaluation set position = ${step.position}, done = done + ${step.done}, matched = matched + ${step.matched},
      unreadable = unreadable + ${step.unreadable}
    where tag_id = ${tag.id} and generation = ${tag.generation} and position < ${step.position}`.execute(tx);
}
