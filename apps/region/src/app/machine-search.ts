/** Machines by a filter that people write, as far as the caller may see them. */
import {
  countMachines,
  type GroupCount,
  type MachineGroup,
  machineRows,
  type MachineRow,
  type PageQuery,
  type PageRow,
  pageRows,
} from "@rackwright/db/machine-pages";
import { type SharedNames, sharedNames } from "@rackwright/db/shared-names";
import { DomainError } from "@rackwright/domain/errors";
import { pageToken, parsePageToken, parseSort } from "@rackwright/domain/search/page-token";
import { type Filter, parseFilter, problemTexts } from "@rackwright/domain/search/parse";
import type { Ctx } from "../context.ts";
import { DocumentKeeper } from "./machine-documents.ts";
import { visibility } from "./machine-view.ts";

/** @throws DomainError invalid_fields with all that is wrong with it */
function filterOf(text: string): Filter {
  const filter = parseFilter(text);
  const problems = problemTexts(text, filter.problems);
  if (problems.length > 0)
    throw new DomainError("invalid_fields", `filter: ${problems[0]}`, { fields: { filter: problems } });
  return filter;
}

/** Of a page, while somebody removes zones all the time. */
const READS = 5;

interface Tagged {
  tag_ids: number[];
}

export interface MachinesPage<T> {
  rows: { kept: T; now: OfTheMoment }[];
  next: string | null;
}

/** What others share with a machine, or what is asked of it all the time. */
export interface OfTheMoment {
  zone: string;
  pool: string | null;
  domain: string;
  owner: string | null;
  tags: string[];
  powerCheckedAt: Date | null;
}

/** What is kept of a machine for pages. */
export interface SummaryKind<T extends Tagged> {
  name: string;
  of(row: MachineRow): T;
}

/** @throws DomainError invalid_fields */
export async function machinesPage<T extends Tagged>(
  ctx: Ctx,
  asked: { filter: string; sort: string; limit: number; after: string | undefined },
  kind: SummaryKind<T>,
): Promise<MachinesPage<T>> {
  const sorting = parseSort(asked.sort);
  const query: PageQuery = {
    filter: filterOf(asked.filter),
    visibleTo: visibility(ctx),
    ...sorting,
    after: asked.after ? parsePageToken(asked.after, sorting) : undefined,
    limit: asked.limit,
    now: ctx.region.now(),
  };
  for (let times = 1; ; times++) {
    const { page, next } = await readPage(ctx, query, kind);
    const rows = await named(ctx, page);
    // The zone of one went while it was read: it has another by now.
    if (rows.length === page.length || times === READS) return { rows, next: next && pageToken(sorting, next) };
  }
}

interface Read<T> {
  row: PageRow;
  kept: T;
}

async function readPage<T extends Tagged>(
  ctx: Ctx,
  query: PageQuery,
  kind: SummaryKind<T>,
): Promise<{ page: Read<T>[]; next: PageRow | null }> {
  const { kysely } = ctx.region.db;
  const keeper = new DocumentKeeper(ctx.region, kind.name);
  const found = await pageRows(kysely, query, keeper.kind);
  const rows = found.slice(0, query.limit);
  const missing = rows.filter((row) => row.kept === null).map((row) => row.id);
  const made = new Map<number, T>();
  for (const row of missing.length === 0 ? [] : await machineRows(kysely, missing, query.visibleTo)) {
    const summary = kind.of(row);
    made.set(row.id, summary);
    keeper.made(row.id, row.label, JSON.stringify(summary));
  }
  keeper.keep();
  const page = rows.flatMap((row) => {
    const kept = row.kept === null ? made.get(row.id) : (JSON.parse(row.kept) as T);
    return kept === undefined ? [] : [{ row, kept }];
  });
  return { page, next: found.length > rows.length ? (rows.at(-1) ?? null) : null };
}

/** Those whose names are all known are all there are, but for what went since they were read. */
async function named<T extends Tagged>(ctx: Ctx, page: readonly Read<T>[]): Promise<MachinesPage<T>["rows"]> {
  const [first] = page;
  if (!first) return [];
  const names = await sharedNames(ctx.region.db.kysely, first.row.nameLabel, (known) =>
    page.every(({ row, kept }) => momentOf(row, known) && kept.tag_ids.every((id) => known.tags.has(id))),
  );
  return page.flatMap(({ row, kept }) => {
    const moment = momentOf(row, names);
    return moment ? [{ kept, now: { ...moment, tags: tagNames(kept.tag_ids, names) } }] : [];
  });
}

/** undefined: a name of it is not known. */
function momentOf(row: PageRow, names: SharedNames): Omit<OfTheMoment, "tags"> | undefined {
  const zone = names.zones.get(row.zoneId);
  const domain = names.domains.get(row.domainId);
  const pool = row.poolId === null ? null : names.pools.get(row.poolId);
  const owner = row.ownerId === null ? null : names.owners.get(row.ownerId);
  if (zone === undefined || domain === undefined || pool === undefined || owner === undefined) return undefined;
  return { zone, domain, pool, owner, powerCheckedAt: row.powerCheckedAt };
}

/** In the order that the database has for names; those that are gone by now are left out. */
function tagNames(ids: readonly number[], { tags }: SharedNames): string[] {
  const known = ids.flatMap((id) => tags.get(id) ?? []);
  known.sort((a, b) => a.place - b.place);
  return known.map((tag) => tag.name);
}

/** @throws DomainError invalid_fields */
export async function machineCounts(
  ctx: Ctx,
  asked: { filter: string; by: MachineGroup },
): Promise<{ total: number; groups: GroupCount[] }> {
  return countMachines(ctx.region.db.kysely, {
    filter: filterOf(asked.filter),
    visibleTo: visibility(ctx),
    by: asked.by,
    now: ctx.region.now(),
  });
}
