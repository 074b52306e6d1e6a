/** Names that many machines show, kept in memory for as long as no transaction changes one (migration 0135). */
import { type Kysely, sql } from "kysely";
import type { Schema } from "./schema.ts";

export interface SharedNames {
  /** The one that `name_label` has for as long as these are right. */
  label: string;
  zones: ReadonlyMap<number, string>;
  pools: ReadonlyMap<number, string>;
  domains: ReadonlyMap<number, string>;
  owners: ReadonlyMap<number, string>;
  tags: ReadonlyMap<number, { name: string; place: number }>;
}

const known = new WeakMap<Kysely<Schema>, SharedNames>();

/**
 * @param label of the snapshot that something was read from: no name is older than that
 * @param isEnough whether all that is needed is among them: something new may be missing
 */
export async function sharedNames(
  db: Kysely<Schema>,
  label: string,
  isEnough: (names: SharedNames) => boolean,
): Promise<SharedNames> {
  const kept = known.get(db);
  if (kept?.label === label && isEnough(kept)) return kept;
  const names = await loadNames(db);
  known.set(db, names);
  return names;
}

type Pairs = [id: number, name: string][];

/** One statement, so that label and names are of one snapshot. */
async function loadNames(db: Kysely<Schema>): Promise<SharedNames> {
  const { rows } = await sql<
    Record<"zones" | "pools" | "domains" | "owners" | "tags", Pairs | null> & { label: string }
  >`
    select label,
      (select json_agg(json_build_array(id, name)) from zone) as zones,
      (select json_agg(json_build_array(id, name)) from resource_pool) as pools,
      (select json_agg(json_build_array(id, name)) from domain) as domains,
      (select json_agg(json_build_array(id, username)) from app_user) as owners,
      (select json_agg(json_build_array(id, name) order by name) from tag) as tags
    from name_label`.execute(db);
  const [row] = rows;
  if (!row) throw new Error("name_label has no row: migration 0135 makes it");
  const of = (pairs: Pairs | null) => new Map(pairs ?? []);
  return {
    label: row.label,
    zones: of(row.zones),
    pools: of(row.pools),
    domains: of(row.domains),
    owners: of(row.owners),
    // By their order, which is the database's own.
    tags: new Map((row.tags ?? []).map(([id, name], place) => [id, { name, place }])),
  };
}
