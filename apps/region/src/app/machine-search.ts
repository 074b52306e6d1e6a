/** Machines by a filter that people write, as far as the caller may see them. */
import {
  countMachines,
  type GroupCount,
  type MachineGroup,
  machineRows,
  type MachineRow,
  pagePlaces,
  type PageRow,
  pageRows,
} from "@rackwright/db/machine-pages";
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

export interface MachinesPage<T> {
  rows: { now: PageRow; kept: T }[];
  next: string | null;
}

/** What is kept of a machine for pages. */
export interface SummaryKind<T> {
  name: string;
  of(row: MachineRow): T;
}

/** @throws DomainError invalid_fields */
export async function machinesPage<T>(
  ctx: Ctx,
  asked: { filter: string; sort: string; limit: number; after: string | undefined },
  kind: SummaryKind<T>,
): Promise<MachinesPage<T>> {
  const sorting = parseSort(asked.sort);
  const found = await pagePlaces(ctx.region.db.kysely, {
    filter: filterOf(asked.filter),
    visibleTo: visibility(ctx),
    ...sorting,
    after: asked.after ? parsePageToken(asked.after, sorting) : undefined,
    limit: asked.limit,
    now: ctx.region.now(),
  });
  const page = found.slice(0, asked.limit);
  const last = page.at(-1);
  return {
    rows: await rowsOf(
      ctx,
      page.map((place) => place.id),
      kind,
    ),
    next: last && found.length > page.length ? pageToken(sorting, last) : null,
  };
}

async function rowsOf<T>(ctx: Ctx, ids: readonly number[], kind: SummaryKind<T>): Promise<MachinesPage<T>["rows"]> {
  if (ids.length === 0) return [];
  const { kysely } = ctx.region.db;
  const keeper = new DocumentKeeper(ctx.region, kind.name);
  const shown = await pageRows(kysely, ids, visibility(ctx), keeper.kind);
  const missing = shown.filter((row) => row.kept === null).map((row) => row.id);
  const made = new Map<number, T>();
  for (const row of missing.length === 0 ? [] : await machineRows(kysely, missing)) {
    const summary = kind.of(row);
    made.set(row.id, summary);
    keeper.made(row.id, row.label, JSON.stringify(summary));
  }
  keeper.keep();
  return shown.flatMap((now) => {
    const kept = now.kept === null ? made.get(now.id) : (JSON.parse(now.kept) as T);
    return kept === undefined ? [] : [{ now, kept }];
  });
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
