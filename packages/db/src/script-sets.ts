/** Runs of scripts on a machine: making them, keeping the newest, and what is needed to choose for them. */
import type { Disk, Interface } from "@rackwright/domain/scripts/devices";
import type { HardwareFacts } from "@rackwright/domain/scripts/hardware";
import type { ParameterValues } from "@rackwright/domain/scripts/parameters";
import { resultType, scriptStatus, unfinishedStatuses } from "@rackwright/domain/scripts/status";
import { type Kysely, sql } from "kysely";
import type { Tx } from "./connect.ts";
import type { Schema } from "./schema.ts";

/** Kysely types a jsonb column with a default as what is read: written, it is text. */
const jsonb = (value: unknown) => sql<never>`${JSON.stringify(value)}::jsonb`;

export type ResultTypeName = keyof typeof resultType;

export interface ScriptSet {
  id: number;
  nodeId: number;
  type: number;
  /** Words by which scripts were asked for. */
  tags: string[];
  params: Record<string, string>;
  lastPing: Date | null;
}

const setColumns = ["id", "node_id", "result_type", "tags", "params", "last_ping"] as const;
interface SetRow {
  id: number;
  node_id: number;
  result_type: number;
  tags: string[];
  params: unknown;
  last_ping: Date | null;
}
const setFromRow = (row: SetRow): ScriptSet => ({
  id: row.id,
  nodeId: row.node_id,
  type: row.result_type,
  tags: row.tags,
  params: row.params as Record<string, string>,
  lastPing: row.last_ping,
});

export async function insertSet(
  tx: Tx,
  set: { nodeId: number; type: number; tags: readonly string[]; params: Record<string, string>; now: Date },
): Promise<number> {
  const row = await tx
    .insertInto("script_set")
    .values({
      node_id: set.nodeId,
      result_type: set.type,
      tags: [...set.tags],
      params: jsonb(set.params),
      created_at: set.now,
    })
    .returning("id")
    .executeTakeFirstOrThrow();
  return row.id;
}

export async function readSets(db: Kysely<Schema>, ids: readonly number[]): Promise<ScriptSet[]> {
  const rows = await db
    .selectFrom("script_set")
    .select(setColumns)
    .where("id", "=", sql<number>`any(${ids}::bigint[])`)
    .orderBy("id")
    .execute();
  return rows.map(setFromRow);
}

/** The newest run first. */
export async function setsOfNode(db: Kysely<Schema>, nodeId: number, type?: number): Promise<ScriptSet[]> {
  let query = db.selectFrom("script_set").select(setColumns).where("node_id", "=", nodeId).orderBy("id", "desc");
  if (type !== undefined) query = query.where("result_type", "=", type);
  return (await query.execute()).map(setFromRow);
}

const setColumnOf = {
  commissioning: "commissioning_set_id",
  testing: "testing_set_id",
  installation: "installation_set_id",
  release: "release_set_id",
} as const satisfies Record<ResultTypeName, string>;

/** Make a run the machine's current one of its kind; null: it has none. */
export async function setCurrentSet(tx: Tx, nodeId: number, type: ResultTypeName, setId: number | null): Promise<void> {
  await tx
    .updateTable("node")
    .set({ [setColumnOf[type]]: setId })
    .where("id", "=", nodeId)
    .execute();
}

export async function deleteSet(tx: Tx, setId: number): Promise<void> {
  await tx.deleteFrom("script_set").where("id", "=", setId).execute();
}

export interface NewResult {
  scriptId: number | null;
  name: string;
  status: number;
  parameters: ParameterValues;
  diskId: number | null;
  interfaceId: number | null;
}

export async function insertResults(tx: Tx, setId: number, rows: readonly NewResult[], now: Date): Promise<number[]> {
  if (rows.length === 0) return [];
  const inserted = await tx
    .insertInto("script_result")
    .values(
      rows.map((row) => ({
        set_id: setId,
        script_id: row.scriptId,
        name: row.name,
        status: row.status,
        parameters: jsonb(row.parameters),
        block_device_id: row.diskId,
        interface_id: row.interfaceId,
        ended_at: row.status === scriptStatus.skipped ? now : null,
        started_at: row.status === scriptStatus.skipped ? now : null,
        created_at: now,
        updated_at: now,
      })),
    )
    .returning("id")
    .execute();
  return inserted.map((row) => row.id);
}

/** Another run of this kind has begun: what the older ones have not finished never will be. */
export async function abortOlderSets(
  tx: Tx,
  nodeId: number,
  type: number,
  newestSetId: number,
  now: Date,
): Promise<void> {
  await tx
    .updateTable("script_result as r")
    .from("script_set as s")
    .whereRef("s.id", "=", "r.set_id")
    .where("s.node_id", "=", nodeId)
    .where("s.result_type", "=", type)
    .where("s.id", "<>", newestSetId)
    .where("r.status", "in", [...unfinishedStatuses])
    .set({ status: scriptStatus.aborted, ended_at: now, updated_at: now })
    .execute();
}

/**
 * Keep the newest `keep` results of each (script, disk) among the machine's runs of a kind; older ones go, with runs that are left empty, and
 * placeholders of disks that earlier runs never got to know.
 */
export async function pruneResults(
  tx: Tx,
  nodeId: number,
  type: number,
  currentSetId: number,
  keep: number,
): Promise<void> {
  await sql`
    delete from script_result where id in (
      select id from (
        select r.id, row_number() over (partition by r.name, r.block_device_id, r.interface_id order by r.id desc) as place
        from script_result r join script_set s on s.id = r.set_id
        where s.node_id = ${nodeId} and s.result_type = ${type}
      ) ranked where place > ${keep}
      union all
      select r.id from script_result r join script_set s on s.id = r.set_id, jsonb_each(r.parameters) p
      where s.node_id = ${nodeId} and s.result_type = ${type} and s.id <> ${currentSetId}
        and p.value ->> 'type' = 'storage' and p.value -> 'value' = '"all"')`.execute(tx);
  await sql`
    delete from script_set s where s.node_id = ${nodeId} and s.result_type = ${type} and s.id <> ${currentSetId}
      and not exists (select from script_result r where r.set_id = s.id)`.execute(tx);
}

/** What scripts are chosen by, and made rows for. */
export interface ScriptTarget {
  systemId: string;
  hostname: string;
  status: number;
  previousStatus: number;
  sets: Record<ResultTypeName, number | null>;
  disks: Disk[];
  interfaces: Interface[];
  facts: HardwareFacts;
}

/** @throws Error when there is no such node */
export async function loadScriptTarget(db: Kysely<Schema>, nodeId: number): Promise<ScriptTarget> {
  const node = await db.selectFrom("node").selectAll().where("id", "=", nodeId).executeTakeFirstOrThrow();
  const disks = await db
    .selectFrom("block_device")
    .select(["id", "name", "model", "serial", "id_path as idPath", "tags"])
    .where("node_id", "=", nodeId)
    .where("type", "=", "physical")
    .orderBy("id")
    .execute();
  const interfaces = await db
    .selectFrom("interface as i")
    .select([
      "i.id",
      "i.name",
      "i.mac",
      "i.vendor",
      "i.product",
      "i.tags",
      // Configured: it gets an address, of whatever kind; one that was only observed does not count (6: discovered).
      sql<boolean>`i.enabled and not exists (select from interface_parent p where p.parent_id = i.id)
        and exists (select from ip_address a where a.interface_id = i.id and a.alloc_type <> 6 and (a.ip is not null or a.alloc_type in (0, 5)))`.as(
        "usable",
      ),
      sql<boolean>`i.id is not distinct from ${node.boot_interface_id}::bigint`.as("boots"),
      sql<number[]>`array(select b.id from interface_parent p join interface b on b.id = p.child_id
        where p.parent_id = i.id and i.enabled and b.enabled and b.type = 'bond' order by b.id)`.as("bondIds"),
    ])
    .where("i.node_id", "=", nodeId)
    .orderBy("i.id")
    .execute();
  const metadata = await db
    .selectFrom("node_metadata")
    .select(["key", "value"])
    .where("node_id", "=", nodeId)
    .execute();
  return {
    systemId: node.system_id,
    hostname: node.hostname,
    status: node.status,
    previousStatus: node.previous_status,
    sets: {
      commissioning: node.commissioning_set_id,
      testing: node.testing_set_id,
      installation: node.installation_set_id,
      release: node.release_set_id,
    },
    disks,
    interfaces,
    facts: { modaliases: await modaliases(db, nodeId), metadata },
  };
}

/** What the last passed listing of the machine's modules said. */
async function modaliases(db: Kysely<Schema>, nodeId: number): Promise<string[]> {
  const row = await db
    .selectFrom("script_result as r")
    .innerJoin("script_set as s", "s.id", "r.set_id")
    .select("r.stdout")
    .where("s.node_id", "=", nodeId)
    .where("s.result_type", "=", resultType.commissioning)
    .where("r.name", "=", "maas-list-modaliases")
    .where("r.status", "=", scriptStatus.passed)
    .orderBy("r.id", "desc")
    .limit(1)
    .executeTakeFirst();
  return (row?.stdout.toString("utf8") ?? "").split("\n").filter((line) => line !== "");
}
