import { type Kysely, sql } from "kysely";
import type { Schema } from "./schema.ts";

/** Owners of machines by system id; without those that nobody owns or that are gone. */
export async function ownersOf(db: Kysely<Schema>, systemIds: readonly string[]): Promise<Map<string, number>> {
  if (systemIds.length === 0) return new Map();
  const rows = await db
    .selectFrom("node")
    .select(["system_id", "owner_id"])
    .where("system_id", "=", sql<string>`any(${systemIds}::text[])`)
    .where("owner_id", "is not", null)
    .execute();
  return new Map(rows.flatMap((r) => (r.owner_id === null ? [] : [[r.system_id, r.owner_id] as const])));
}
