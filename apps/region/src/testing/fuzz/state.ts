/** Whether a request that was refused left the database as it was. */
import type { Database } from "@rackwright/db/connect";

/** What grows with every request, refused or not, or is made again from the rest at any time. */
const UNCOUNTED = new Set(["event", "oauth_nonce", "machine_document", "machine_label"]);

/** Count and hash of each table, in any order of rows. */
export type State = ReadonlyMap<string, string>;

export async function tablesOf(db: Database): Promise<string[]> {
  const { rows } = await db.pool.query<{ name: string }>(
    "select tablename as name from pg_tables where schemaname = 'public' order by 1",
  );
  return rows.map(({ name }) => name).filter((name) => !UNCOUNTED.has(name));
}

export async function stateOf(db: Database, tables: readonly string[]): Promise<State> {
  const each = tables.map(
    (name) =>
      `select '${name}' as name, count(*) || ' ' || coalesce(sum(hashtextextended(x::text, 0)), 0) as state from "${name}" x`,
  );
  const { rows } = await db.pool.query<{ name: string; state: string }>(each.join(" union all "));
  return new Map(rows.map(({ name, state }) => [name, state]));
}

/** Names of the tables that differ. */
export function changed(before: State, after: State): string[] {
  return [...after].filter(([name, state]) => before.get(name) !== state).map(([name]) => name);
}
