/** Availability zones and resource pools. */
import type { Kysely } from "kysely";
import type { Schema } from "./schema.ts";

export interface Place {
  id: number;
  name: string;
  description: string;
}

export function listZones(db: Kysely<Schema>): Promise<Place[]> {
  return db.selectFrom("zone").select(["id", "name", "description"]).orderBy("name").execute();
}

export function listPools(db: Kysely<Schema>): Promise<Place[]> {
  return db.selectFrom("resource_pool").select(["id", "name", "description"]).orderBy("id").execute();
}
