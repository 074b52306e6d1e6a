/**
 * What a filter names is looked up first, all of it in one statement, so that the search itself has values: PostgreSQL then knows how
 * many machines to expect, and takes an index for a few and walks in order through many.
 */
import { type Kysely, type RawBuilder, sql } from "kysely";
import type { Schema } from "./schema.ts";

/** Of more machines than this, some are met soon by walking through all in order. */
const FEW = 2000;

/** The condition is built twice, in the same order: the first time to learn what is to be looked up. */
export class Lookups {
  readonly #queries: RawBuilder<unknown>[] = [];
  #results: number[][] | undefined;
  #next = 0;
  readonly #few: number;

  constructor(few = FEW) {
    this.#few = few;
  }

  /** Ids that the query gives; none the first time. */
  ids(query: RawBuilder<unknown>): number[] {
    if (this.#results) return this.#results[this.#next++] ?? [];
    this.#queries.push(query);
    return [];
  }

  /** Ids of nodes that the query gives; undefined when they are many. */
  fewNodes(query: RawBuilder<unknown>): number[] | undefined {
    const ids = this.ids(sql`${query} limit ${sql.lit(this.#few + 1)}`);
    return ids.length > this.#few ? undefined : ids;
  }

  async resolve(db: Kysely<Schema>): Promise<void> {
    const columns = this.#queries.map((query, i) => sql`array(${query}) as ${sql.ref(`l${i}`)}`);
    const { rows } =
      columns.length === 0
        ? { rows: [] }
        : await sql<Record<string, number[]>>`select ${sql.join(columns)}`.execute(db);
    this.#results = columns.map((_, i) => rows[0]?.[`l${i}`] ?? []);
  }
}
