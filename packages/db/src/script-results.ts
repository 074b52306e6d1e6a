/** Results of scripts: reading them, and how they move on. */
import type { ParameterValues } from "@rackwright/domain/scripts/parameters";
import { failedStatuses, runningStatuses, scriptStatus, unfinishedStatuses } from "@rackwright/domain/scripts/status";
import { type Kysely, sql } from "kysely";
import type { Tx } from "./connect.ts";
import type { Schema } from "./schema.ts";

const anyOf = (ids: readonly number[]) => sql<number>`any(${ids}::bigint[])`;

/** What is not over in these runs is over now. */
export async function finishResults(
  tx: Tx,
  setIds: readonly number[],
  as: "aborted" | "failed" | "timed_out",
  now: Date,
): Promise<void> {
  if (setIds.length === 0) return;
  await tx
    .updateTable("script_result")
    .set({ status: scriptStatus[as], ended_at: now, updated_at: now })
    .where("set_id", "=", anyOf(setIds))
    .where("status", "in", [...unfinishedStatuses])
    .execute();
}

/** A result with what decides how it moves on. */
export interface ResultState {
  id: number;
  setId: number;
  type: number;
  scriptId: number | null;
  name: string;
  status: number;
  startedAt: Date | null;
  endedAt: Date | null;
  interfaceId: number | null;
  recommission: boolean;
  /** Whether the version that was asked about is one of the script's. */
  hasVersion: boolean;
}

function stateQuery(db: Kysely<Schema>, versionId: number | null) {
  return db
    .selectFrom("script_result as r")
    .innerJoin("script_set as s", "s.id", "r.set_id")
    .leftJoin("script as sc", "sc.id", "r.script_id")
    .select([
      "r.id",
      "r.set_id as setId",
      "s.result_type as type",
      "r.script_id as scriptId",
      "r.name",
      "r.status",
      "r.started_at as startedAt",
      "r.ended_at as endedAt",
      "r.interface_id as interfaceId",
      sql<boolean>`coalesce(sc.recommission, false)`.as("recommission"),
      sql<boolean>`exists (select from script_version v where v.id = ${versionId}::bigint and v.script_id = r.script_id)`.as(
        "hasVersion",
      ),
    ]);
}

/** One result of these runs, locked until `tx` ends. */
export async function lockResult(
  tx: Tx,
  setIds: readonly number[],
  id: number,
  versionId: number | null,
): Promise<ResultState | undefined> {
  return stateQuery(tx, versionId)
    .where("r.set_id", "=", anyOf(setIds))
    .where("r.id", "=", id)
    .forUpdate("r")
    .executeTakeFirst();
}

/**
 * The result of this name in the newest of these runs, locked until `tx` ends: one that is not over before one that is. Several rows of one
 * name are told apart by their ids only; then the first is meant.
 */
export async function lockResultByName(
  tx: Tx,
  setIds: readonly number[],
  name: string,
  versionId: number | null,
): Promise<ResultState | undefined> {
  return stateQuery(tx, versionId)
    .where("r.set_id", "=", anyOf(setIds))
    .where("r.name", "=", name)
    .orderBy(sql`r.status in (0, 1, 7, 10)`, "desc")
    .orderBy("r.id")
    .limit(1)
    .forUpdate("r")
    .executeTakeFirst();
}

export interface ResultUpdate {
  status: number;
  /** Left as it is when absent, as everything below. */
  startedAt?: Date | null;
  endedAt?: Date | null;
  exitStatus?: number;
  versionId?: number;
  streams?: Partial<Record<"output" | "stdout" | "stderr" | "result", Uint8Array>>;
}

export async function updateResult(tx: Tx, id: number, update: ResultUpdate, now: Date): Promise<void> {
  const streams = Object.fromEntries(
    Object.entries(update.streams ?? {}).map(([stream, bytes]) => [stream, Buffer.from(bytes)]),
  );
  await tx
    .updateTable("script_result")
    .set({
      status: update.status,
      ...(update.startedAt === undefined ? {} : { started_at: update.startedAt }),
      ...(update.endedAt === undefined ? {} : { ended_at: update.endedAt }),
      ...(update.exitStatus === undefined ? {} : { exit_status: update.exitStatus }),
      ...(update.versionId === undefined ? {} : { version_id: update.versionId }),
      ...streams,
      updated_at: now,
    })
    .where("id", "=", id)
    .execute();
}

/** What the built-in scripts found is found again: a script before them changed the machine. */
export async function resetBuiltinResults(tx: Tx, setId: number, now: Date): Promise<void> {
  await tx
    .updateTable("script_result as r")
    .from("script as s")
    .whereRef("s.id", "=", "r.script_id")
    .where("s.builtin", "=", true)
    .where("r.set_id", "=", setId)
    .where("r.status", "<>", scriptStatus.skipped)
    .set({ status: scriptStatus.pending, started_at: null, ended_at: null, exit_status: null, updated_at: now })
    .execute();
}

/** A link that is gone has no speed. @returns the interface's name when that is news */
export async function setLinkConnected(tx: Tx, interfaceId: number, connected: boolean): Promise<string | undefined> {
  const changed = await tx
    .updateTable("interface")
    .set({ link_connected: connected, ...(connected ? {} : { link_speed: 0 }) })
    .where("id", "=", interfaceId)
    .where("link_connected", "<>", connected)
    .returning("name")
    .executeTakeFirst();
  return changed?.name;
}

export interface SetSummary {
  anyFailed: boolean;
  anyPending: boolean;
  /** One that runs. */
  running: string | null;
}

/** Suppressed results do not count. */
export async function summarizeSets(db: Kysely<Schema>, setIds: readonly number[]): Promise<SetSummary> {
  const rows = await db
    .selectFrom("script_result")
    .select(["status", (eb) => eb.fn.min("name").as("name")])
    .where("set_id", "=", anyOf(setIds))
    .where("suppressed", "=", false)
    .groupBy("status")
    .execute();
  const has = (codes: readonly number[]) => rows.some((row) => codes.includes(row.status));
  return {
    anyFailed: has(failedStatuses),
    anyPending: has([scriptStatus.pending]),
    running: rows.find((row) => runningStatuses.includes(row.status))?.name ?? null,
  };
}

/** Whether a script of these runs that may restart its machine runs, or has passed. */
export async function mayHaveRestarted(db: Kysely<Schema>, setIds: readonly number[]): Promise<boolean> {
  const found = await db
    .selectFrom("script_result as r")
    .innerJoin("script as s", "s.id", "r.script_id")
    .select("r.id")
    .where("r.set_id", "=", anyOf(setIds))
    .where("r.status", "in", [scriptStatus.running, scriptStatus.passed])
    .where("s.may_reboot", "=", true)
    .limit(1)
    .executeTakeFirst();
  return found !== undefined;
}

export interface OverdueResult {
  id: number;
  name: string;
  setId: number;
  nodeId: number;
  startedAt: Date;
  timeoutSeconds: number;
  mayReboot: boolean;
}

/** The runner ends a script this long after its time; later nobody will (lifecycle.md section 14). */
const GRACE_SECONDS = 300;

/** Running results whose time and the grace are over; a runtime parameter is a timeout of its own, 0 means none. */
export async function overdueResults(db: Kysely<Schema>, now: Date): Promise<OverdueResult[]> {
  const { rows } = await sql<OverdueResult>`
    select * from (
      select r.id, r.name, r.set_id as "setId", s.node_id as "nodeId", r.started_at as "startedAt",
        coalesce((select (p.value ->> 'value')::numeric from jsonb_each(r.parameters) p
          where p.value ->> 'type' = 'runtime' and p.value ->> 'value' ~ '^[0-9]+$' limit 1), sc.timeout_seconds, 0)::float8 as "timeoutSeconds",
        coalesce(sc.may_reboot, false) as "mayReboot"
      from script_result r
      join script_set s on s.id = r.set_id
      left join script sc on sc.id = r.script_id
      where r.status = ${scriptStatus.running} and r.started_at is not null
    ) running
    where "timeoutSeconds" > 0 and "startedAt" + make_interval(secs => "timeoutSeconds" + ${GRACE_SECONDS}) < ${now}
    order by "startedAt"`.execute(db);
  return rows;
}

/** End single results as timed out; ones that have ended meanwhile stay. */
export async function timeOutResults(tx: Tx, ids: readonly number[], now: Date): Promise<void> {
  await tx
    .updateTable("script_result")
    .set({ status: scriptStatus.timed_out, ended_at: now, updated_at: now })
    .where("id", "=", anyOf(ids))
    .where("status", "in", [...unfinishedStatuses])
    .execute();
}

/** A result of a run that is still to come, with what choosing devices or hardware again needs. */
export interface PendingResult {
  id: number;
  scriptId: number | null;
  parameters: ParameterValues;
}

export async function pendingResults(db: Kysely<Schema>, setId: number): Promise<PendingResult[]> {
  const rows = await db
    .selectFrom("script_result")
    .select(["id", "script_id as scriptId", "parameters"])
    .where("set_id", "=", setId)
    .where("status", "=", scriptStatus.pending)
    .orderBy("id")
    .execute();
  return rows.map((row) => ({ ...row, parameters: row.parameters as unknown as ParameterValues }));
}

/** Which scripts a run has, begun or not. */
export async function scriptIdsOf(db: Kysely<Schema>, setId: number): Promise<Set<number>> {
  const rows = await db
    .selectFrom("script_result")
    .select("script_id")
    .distinct()
    .where("set_id", "=", setId)
    .execute();
  return new Set(rows.map((row) => row.script_id).filter((id) => id !== null));
}

export async function deleteResults(tx: Tx, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return;
  await tx.deleteFrom("script_result").where("id", "=", anyOf(ids)).execute();
}

/** The newest standard output of each of these scripts on a machine, for those that passed. */
export async function latestOutput(
  db: Kysely<Schema>,
  nodeId: number,
  names: readonly string[],
): Promise<Map<string, Buffer>> {
  const rows = await db
    .selectFrom("script_result as r")
    .innerJoin("script_set as s", "s.id", "r.set_id")
    .distinctOn("r.name")
    .select(["r.name", "r.stdout"])
    .where("s.node_id", "=", nodeId)
    .where("r.name", "=", sql<string>`any(${names}::text[])`)
    .where("r.status", "=", scriptStatus.passed)
    .orderBy("r.name")
    .orderBy("r.id", "desc")
    .execute();
  return new Map(rows.map((r) => [r.name, r.stdout]));
}

/** The same for several machines, by system id; ones without any are left out. */
export async function latestOutputs(
  db: Kysely<Schema>,
  systemIds: readonly string[],
  names: readonly string[],
): Promise<Map<string, Map<string, Buffer>>> {
  const rows = await db
    .selectFrom("script_result as r")
    .innerJoin("script_set as s", "s.id", "r.set_id")
    .innerJoin("node as n", "n.id", "s.node_id")
    .distinctOn(["n.system_id", "r.name"])
    .select(["n.system_id as systemId", "r.name", "r.stdout"])
    .where("n.system_id", "=", sql<string>`any(${systemIds}::text[])`)
    .where("r.name", "=", sql<string>`any(${names}::text[])`)
    .where("r.status", "=", scriptStatus.passed)
    .orderBy("n.system_id")
    .orderBy("r.name")
    .orderBy("r.id", "desc")
    .execute();
  const found = new Map<string, Map<string, Buffer>>();
  for (const { systemId, name, stdout } of rows)
    found.set(systemId, (found.get(systemId) ?? new Map<string, Buffer>()).set(name, stdout));
  return found;
}

/** Let results not count, or count again. */
export async function suppressResults(tx: Tx, ids: readonly number[], suppressed: boolean, now: Date): Promise<void> {
  if (ids.length === 0) return;
  await tx.updateTable("script_result").set({ suppressed, updated_at: now }).where("id", "=", anyOf(ids)).execute();
}
