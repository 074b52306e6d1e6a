/** Deployed systems that report their hardware by themselves, and do not. */
import { statusCode } from "@rackwright/domain/machine/status";
import { type Kysely, sql } from "kysely";
import type { Schema } from "./schema.ts";

/**
 * Those that were heard (or became Deployed) longer ago than an interval, oldest ids first; which of them are late, the domain says.
 * @param heardFrom nobody is late before it listened for an interval
 */
export async function quietMachineIds(
  db: Kysely<Schema>,
  now: Date,
  heardFrom: Date,
  page: { after: number; limit: number },
): Promise<number[]> {
  const rows = await db
    .selectFrom("node")
    .select("id")
    .where("id", ">", page.after)
    .where("enable_hw_sync", "=", true)
    .where("sync_silent", "=", false)
    .where("status", "=", statusCode.deployed)
    .where(
      sql<boolean>`greatest(last_sync, status_since, ${heardFrom}::timestamptz) + sync_interval_s * interval '1 s' < ${now}::timestamptz`,
    )
    .orderBy("id")
    .limit(page.limit)
    .execute();
  return rows.map((row) => row.id);
}
