/** Results as replies and archives show them. A fixed number of statements, however many results. */
import type { ParameterValues } from "@rackwright/domain/scripts/parameters";
import { type Kysely, sql } from "kysely";
import type { Schema } from "./schema.ts";

const anyOf = (ids: readonly number[]) => sql<number>`any(${ids}::bigint[])`;

export interface ResultView {
  id: number;
  setId: number;
  scriptId: number | null;
  versionId: number | null;
  name: string;
  status: number;
  parameters: ParameterValues;
  diskName: string | null;
  interfaceName: string | null;
  exitStatus: number | null;
  startedAt: Date | null;
  endedAt: Date | null;
  suppressed: boolean;
  createdAt: Date;
  updatedAt: Date;
  /** Of the script; those of one that is gone are empty. */
  tags: string[];
  hardwareType: number;
  timeoutSeconds: number;
}

/** By name, disk and interface. */
export async function resultViews(db: Kysely<Schema>, setIds: readonly number[]): Promise<ResultView[]> {
  const rows = await db
    .selectFrom("script_result as r")
    .leftJoin("script as s", "s.id", "r.script_id")
    .leftJoin("block_device as b", "b.id", "r.block_device_id")
    .leftJoin("interface as i", "i.id", "r.interface_id")
    .select([
      "r.id",
      "r.set_id as setId",
      "r.script_id as scriptId",
      "r.version_id as versionId",
      "r.name",
      "r.status",
      "r.parameters",
      "b.name as diskName",
      "i.name as interfaceName",
      "r.exit_status as exitStatus",
      "r.started_at as startedAt",
      "r.ended_at as endedAt",
      "r.suppressed",
      "r.created_at as createdAt",
      "r.updated_at as updatedAt",
      sql<string[]>`coalesce(s.tags, '{}')`.as("tags"),
      sql<number>`coalesce(s.hardware_type, 0)`.as("hardwareType"),
      sql<number>`coalesce(s.timeout_seconds, 0)`.as("timeoutSeconds"),
    ])
    .where("r.set_id", "=", anyOf(setIds))
    .orderBy(sql`r.name collate "C"`)
    .orderBy(sql`coalesce(b.name, '') collate "C"`)
    .orderBy(sql`coalesce(i.name, '') collate "C"`)
    .orderBy("r.id")
    .execute();
  return rows.map((row) => ({ ...row, parameters: row.parameters as unknown as ParameterValues }));
}

export interface Outputs {
  output: Uint8Array;
  stdout: Uint8Array;
  stderr: Uint8Array;
  result: Uint8Array;
}

export async function outputsOf(db: Kysely<Schema>, resultIds: readonly number[]): Promise<Map<number, Outputs>> {
  if (resultIds.length === 0) return new Map();
  const rows = await db
    .selectFrom("script_result")
    .select(["id", "output", "stdout", "stderr", "result"])
    .where("id", "=", anyOf(resultIds))
    .execute();
  return new Map(rows.map((row) => [row.id, row]));
}

export interface EarlierRun {
  scriptId: number;
  diskName: string | null;
  seconds: number;
}

/** How long passes of these scripts took on a machine, oldest first: what the next run is estimated by. */
export async function earlierRuns(
  db: Kysely<Schema>,
  nodeId: number,
  scriptIds: readonly number[],
): Promise<EarlierRun[]> {
  if (scriptIds.length === 0) return [];
  const { rows } = await sql<EarlierRun>`
    select r.script_id as "scriptId", b.name as "diskName", extract(epoch from r.ended_at - r.started_at)::float8 as seconds
    from script_result r join script_set s on s.id = r.set_id left join block_device b on b.id = r.block_device_id
    where s.node_id = ${nodeId} and r.script_id = any(${scriptIds}::bigint[]) and r.status = 2
      and r.started_at is not null and r.ended_at is not null
    order by r.id`.execute(db);
  return rows;
}
