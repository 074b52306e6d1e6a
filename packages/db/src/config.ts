/** Stored settings; defaults and rules are the domain's. */
import type { Kysely } from "kysely";
import type { Schema } from "./schema.ts";

export async function storedConfig(db: Kysely<Schema>, names: readonly string[]): Promise<Map<string, unknown>> {
  const rows = await db
    .selectFrom("config")
    .select(["name", "value"])
    .where("name", "in", [...names])
    .execute();
  return new Map(rows.map((r) => [r.name, r.value as unknown]));
}

export async function storeConfig(db: Kysely<Schema>, name: string, value: unknown): Promise<void> {
  const json = JSON.stringify(value);
  await db
    .insertInto("config")
    .values({ name, value: json })
    .onConflict((c) => c.column("name").doUpdateSet({ value: json }))
    .execute();
}
