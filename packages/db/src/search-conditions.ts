/** A parsed filter of machines as one SQL condition on `node`. What people wrote travels as values, never as SQL. */
import type { FieldOf } from "@rackwright/domain/search/fields";
import type { Filter, Range, Test } from "@rackwright/domain/search/parse";
import { type MachineStatus, statusCode } from "@rackwright/domain/machine/status";
import { type Kysely, type RawBuilder, sql } from "kysely";
import { type Condition, either } from "./machine-conditions.ts";
import type { Schema } from "./schema.ts";
import { Lookups } from "./search-lookups.ts";
import { textFields } from "./search-text.ts";

/**
 * What is compared with a column that is null is neither true nor false. Where that cannot be, `not` stands alone: PostgreSQL then looks at
 * one machine after the other, and not first at all that have the tag.
 */
const not = (condition: Condition, nullable: boolean): Condition =>
  nullable ? sql<boolean>`not coalesce(${condition}, false)` : sql<boolean>`not ${condition}`;
const isNullable = (test: Test): boolean =>
  test.kind === "words" || ((test.kind === "text" || test.kind === "has") && textFields[test.field].nullable);

const numbers: Record<FieldOf<"number" | "memory" | "disk">, RawBuilder<number>> = {
  cpu: sql<number>`node.cpu_count`,
  mem: sql<number>`node.memory_mib`,
  disks: sql<number>`(select count(*) from block_device b where b.node_id = node.id and b.type = 'physical')`,
  storage: sql<number>`(select coalesce(sum(b.size_bytes), 0) from block_device b where b.node_id = node.id and b.type = 'physical')`,
};
const moments: Record<FieldOf<"age">, RawBuilder<Date>> = {
  since: sql<Date>`node.status_since`,
  created: sql<Date>`node.created_at`,
};
const comparisons = { "=": sql`=`, "<": sql`<`, "<=": sql`<=`, ">": sql`>`, ">=": sql`>=` };
/** Younger than an hour is later than an hour ago. */
const turned = { "=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<=" } as const;

function inRange(field: FieldOf<"number" | "memory" | "disk" | "age">, { comparison, value }: Range, now: Date) {
  if (field === "since" || field === "created") {
    const moment = new Date(now.getTime() - value * 1000);
    return sql<boolean>`${moments[field]} ${comparisons[turned[comparison]]} ${moment}`;
  }
  // As whole numbers, which indexes are of: more than 2.5 is more than 2.
  const whole = Math.min(Math.floor(value), Number.MAX_SAFE_INTEGER);
  if (whole === value) return sql<boolean>`${numbers[field]} ${comparisons[comparison]} ${whole}::bigint`;
  if (comparison === "=") return sql<boolean>`false`;
  return sql<boolean>`${numbers[field]} ${comparison.startsWith("<") ? sql`<=` : sql`>`} ${whole}::bigint`;
}

function isOne(field: FieldOf<"choice">, words: readonly string[]): Condition {
  return field === "status"
    ? sql<boolean>`node.status = any(${words.map((word) => statusCode[word as MachineStatus])}::smallint[])`
    : sql<boolean>`node.power_state = any(${words}::text[])`;
}

/** A bare word is part of the machine's name, address, serial number, owner or tag, or its id. */
function hasWord(word: string, lookups: Lookups): Condition {
  const values = [{ text: word, whole: false }];
  // Where a word cannot be an address, addresses are not looked at.
  const fields = [
    "name",
    "serial",
    "owner",
    "tag",
    ...(/^[0-9a-f:]+$/.test(word) ? ["mac" as const] : []),
    ...(/^[0-9a-f:.]+$/.test(word) ? ["ip" as const] : []),
  ] as const;
  return either([
    sql<boolean>`node.system_id = ${word}`,
    ...fields.map((field) => textFields[field].fits(values, lookups)),
  ]);
}

function holds(test: Test, now: Date, lookups: Lookups): Condition {
  switch (test.kind) {
    case "words":
      return hasWord(test.text, lookups);
    case "has":
      return textFields[test.field].has;
    case "flag":
      return test.is ? sql<boolean>`node.locked` : sql<boolean>`not node.locked`;
    case "text":
      return sided(test, (values) => textFields[test.field].fits(values, lookups), textFields[test.field].nullable);
    case "choice":
      return sided(test, (words) => isOne(test.field, words));
    case "range":
      return sided(test, (ranges) => either(ranges.map((range) => inRange(test.field, range, now))));
  }
}

function sided<V>(
  { any, none }: { any: V[]; none: V[] },
  condition: (values: V[]) => Condition,
  nullable = false,
): Condition {
  const parts = [
    ...(any.length === 0 ? [] : [condition(any)]),
    ...(none.length === 0 ? [] : [not(condition(none), nullable)]),
  ];
  return sql<boolean>`(${sql.join(parts, sql` and `)})`;
}

function filterCondition({ terms }: Pick<Filter, "terms">, now: Date, lookups: Lookups): Condition {
  if (terms.length === 0) return sql<boolean>`true`;
  const parts = terms.map(({ negated, test }) =>
    negated ? not(holds(test, now, lookups), isNullable(test)) : holds(test, now, lookups),
  );
  return sql<boolean>`${sql.join(parts, sql` and `)}`;
}

/**
 * @param now that ages are counted from
 * @param few so many machines or less are found by what belongs to them; more are looked at in order
 */
export async function prepareFilter(
  db: Kysely<Schema>,
  { filter, now, few }: { filter: Pick<Filter, "terms">; now: Date; few?: number },
): Promise<Condition> {
  const lookups = new Lookups(few);
  filterCondition(filter, now, lookups);
  await lookups.resolve(db);
  return filterCondition(filter, now, lookups);
}
