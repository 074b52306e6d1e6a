/** What this installation is: for real machines or for emulated ones. Decided once, at the first start. */
import { type Kysely, sql } from "kysely";
import type { Schema } from "./schema.ts";

/** @returns what was decided first: `simulated` when nothing was until now */
export async function declareInstallation(db: Kysely<Schema>, simulated: boolean): Promise<boolean> {
  const { rows } = await sql<{ simulated: boolean }>`
    insert into installation as i (simulated) values (${simulated})
    on conflict (singleton) do update set simulated = coalesce(i.simulated, excluded.simulated)
    returning simulated`.execute(db);
  return rows[0]?.simulated ?? simulated;
}
