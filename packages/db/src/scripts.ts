/** Scripts and the versions of their text. */
import type { ParameterDefinitions, Packages, Script } from "@rackwright/domain/scripts/script";
import { type Kysely, type Selectable, sql } from "kysely";
import type { Tx } from "./connect.ts";
import type { Schema, ScriptTable } from "./schema.ts";

const anyOf = (ids: readonly number[]) => sql<number>`any(${ids}::bigint[])`;

export function scriptFromRow(row: Omit<Selectable<ScriptTable>, "created_at">): Script {
  return {
    id: row.id,
    name: row.name,
    title: row.title,
    description: row.description,
    tags: row.tags,
    type: row.type,
    hardwareType: row.hardware_type,
    parallel: row.parallel,
    results: row.results,
    parameters: row.parameters as unknown as ParameterDefinitions,
    packages: row.packages as unknown as Packages,
    timeoutSeconds: row.timeout_seconds,
    destructive: row.destructive,
    builtin: row.builtin,
    forHardware: row.for_hardware,
    mayReboot: row.may_reboot,
    recommission: row.recommission,
    applyConfiguredNetworking: row.apply_configured_networking,
  };
}

/** Column of each field; jsonb ones are written as text. */
function toColumns(fields: Partial<Omit<Script, "id">>): Record<string, unknown> {
  const columns: Record<string, unknown> = {
    name: fields.name,
    title: fields.title,
    description: fields.description,
    tags: fields.tags,
    type: fields.type,
    hardware_type: fields.hardwareType,
    parallel: fields.parallel,
    results: fields.results === undefined ? undefined : JSON.stringify(fields.results),
    parameters: fields.parameters && JSON.stringify(fields.parameters),
    packages: fields.packages && JSON.stringify(fields.packages),
    timeout_seconds: fields.timeoutSeconds,
    destructive: fields.destructive,
    builtin: fields.builtin,
    for_hardware: fields.forHardware,
    may_reboot: fields.mayReboot,
    recommission: fields.recommission,
    apply_configured_networking: fields.applyConfiguredNetworking,
  };
  return Object.fromEntries(Object.entries(columns).filter(([, value]) => value !== undefined));
}

export async function listScripts(
  db: Kysely<Schema>,
  where: { type?: number; hardwareType?: number } = {},
): Promise<Script[]> {
  let query = db.selectFrom("script").selectAll().orderBy(sql`name collate "C"`);
  if (where.type !== undefined) query = query.where("type", "=", where.type);
  if (where.hardwareType !== undefined) query = query.where("hardware_type", "=", where.hardwareType);
  return (await query.execute()).map(scriptFromRow);
}

/** By name, else by id: no name is all digits. */
export async function readScript(db: Kysely<Schema>, nameOrId: string): Promise<Script | undefined> {
  const query = db.selectFrom("script").selectAll();
  const row = await (isId(nameOrId)
    ? query.where("id", "=", Number(nameOrId))
    : query.where("name", "=", nameOrId)
  ).executeTakeFirst();
  return row && scriptFromRow(row);
}

const isId = (text: string) => /^\d{1,15}$/.test(text);

/** Locked until `tx` ends: versions are added and taken away one caller at a time. */
export async function lockScript(tx: Tx, nameOrId: string): Promise<Script | undefined> {
  const query = tx.selectFrom("script").selectAll().forUpdate();
  const row = await (isId(nameOrId)
    ? query.where("id", "=", Number(nameOrId))
    : query.where("name", "=", nameOrId)
  ).executeTakeFirst();
  return row && scriptFromRow(row);
}

/** @throws a unique violation (23505) when the name is taken */
export async function insertScript(tx: Tx, fields: Omit<Script, "id">): Promise<number> {
  const row = await tx
    .insertInto("script")
    .values(toColumns(fields) as never)
    .returning("id")
    .executeTakeFirstOrThrow();
  return row.id;
}

export async function updateScript(tx: Tx, id: number, fields: Partial<Omit<Script, "id">>): Promise<void> {
  const columns = toColumns(fields);
  if (Object.keys(columns).length === 0) return;
  await tx.updateTable("script").set(columns).where("id", "=", id).execute();
}

export async function deleteScript(tx: Tx, id: number): Promise<void> {
  await tx.deleteFrom("script").where("id", "=", id).execute();
}

export interface ScriptVersion {
  id: number;
  scriptId: number;
  comment: string | null;
  createdAt: Date;
  /** Only where it was asked for. */
  content?: Uint8Array;
}

/** All versions of these scripts, newest first. */
export async function versionsOf(
  db: Kysely<Schema>,
  scriptIds: readonly number[],
  withContent: boolean,
): Promise<Map<number, ScriptVersion[]>> {
  const query = db
    .selectFrom("script_version")
    .select(["id", "script_id as scriptId", "comment", "created_at as createdAt"])
    .where("script_id", "=", anyOf(scriptIds))
    .orderBy("id", "desc");
  const rows: ScriptVersion[] = await (withContent ? query.select("content") : query).execute();
  return Map.groupBy(rows, (row) => row.scriptId);
}

/** The newest version of each script, with its text. */
export async function newestVersions(
  db: Kysely<Schema>,
  scriptIds: readonly number[],
): Promise<Map<number, { id: number; content: Uint8Array }>> {
  const rows = await db
    .selectFrom("script_version")
    .distinctOn("script_id")
    .select(["id", "script_id", "content"])
    .where("script_id", "=", anyOf(scriptIds))
    .orderBy("script_id")
    .orderBy("id", "desc")
    .execute();
  return new Map(rows.map((row) => [row.script_id, { id: row.id, content: row.content }]));
}

export async function insertVersion(
  tx: Tx,
  scriptId: number,
  version: { content: Uint8Array; comment: string | null; createdAt: Date },
): Promise<number> {
  const row = await tx
    .insertInto("script_version")
    .values({
      script_id: scriptId,
      content: Buffer.from(version.content),
      comment: version.comment,
      created_at: version.createdAt,
    })
    .returning("id")
    .executeTakeFirstOrThrow();
  return row.id;
}

/** Forget what came after a version. */
export async function deleteVersionsAfter(tx: Tx, scriptId: number, versionId: number): Promise<void> {
  await tx.deleteFrom("script_version").where("script_id", "=", scriptId).where("id", ">", versionId).execute();
}

/** One writer of built-in scripts at a time; ours, arbitrary. Until `tx` ends. */
const BUILTIN_LOCK = 7_225_010;

export async function lockBuiltinScripts(tx: Tx): Promise<void> {
  await sql`select pg_advisory_xact_lock(${BUILTIN_LOCK})`.execute(tx);
}
