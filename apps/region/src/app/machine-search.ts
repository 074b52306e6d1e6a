/** Machines by a filter that people write, as far as the caller may see them. */
import {
  countMachines,
  type GroupCount,
  type MachineGroup,
  type MachineRow,
  pagePlaces,
  pageRows,
} from "@rackwright/db/machine-pages";
import { DomainError } from "@rackwright/domain/errors";
import { pageToken, parsePageToken, parseSort } from "@rackwright/domain/search/page-token";
import { type Filter, parseFilter, problemTexts } from "@rackwright/domain/search/parse";
import type { Ctx } from "../context.ts";
import { visibility } from "./machine-view.ts";

/** @throws DomainError invalid_fields with all that is wrong with it */
function filterOf(text: string): Filter {
  const filter = parseFilter(text);
  const problems = problemTexts(text, filter.problems);
  if (problems.length > 0)
    throw new DomainError("invalid_fields", `filter: ${problems[0]}`, { fields: { filter: problems } });
  return filter;
}

export interface MachinesPage {
  rows: MachineRow[];
  next: string | null;
}

/** @throws DomainError invalid_fields */
export async function machinesPage(
  ctx: Ctx,
  asked: { filter: string; sort: string; limit: number; after: string | undefined },
): Promise<MachinesPage> {
  const { kysely } = ctx.region.db;
  const visibleTo = visibility(ctx);
  const sorting = parseSort(asked.sort);
  const found = await pagePlaces(kysely, {
    filter: filterOf(asked.filter),
    visibleTo,
    ...sorting,
    after: asked.after ? parsePageToken(asked.after, sorting) : undefined,
    limit: asked.limit,
    now: ctx.region.now(),
  });
  const page = found.slice(0, asked.limit);
  const last = page.at(-1);
  return {
    rows:
      page.length === 0
        ? []
        : await pageRows(
            kysely,
            page.map((place) => place.id),
            visibleTo,
          ),
    next: last && found.length > page.length ? pageToken(sorting, last) : null,
  };
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
