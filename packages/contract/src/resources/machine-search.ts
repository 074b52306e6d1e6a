/** Operations of ours: machines by a filter, page by page, and how many there are. */
import { sortWords } from "@rackwright/domain/search/page-token";
import { MAX_FILTER } from "@rackwright/domain/search/parse";
import { action } from "../action.ts";
import { choice, integer, text } from "../params.ts";

const filter = text(
  "What the machines must be, terms with blanks between them: `web` (name, address, serial number, owner or tag contains it), `status:ready`, `zone:=default` (the whole), `tag:(a,b)` (any of), `-tag:gpu` or `status:!new` (not), `cpu:>=16`, `mem:>=64G`, `since:<2h`, `has:owner`. Default: all.",
  { max: MAX_FILTER },
);

export const machineGroups = ["status", "power", "owner", "pool", "zone", "domain", "arch", "tag", "model"] as const;

const wrongFilter = "a term of the filter makes no sense: which, where, and what to write instead";

/** Of the resource Machines. */
export const searchActions = {
  search: action({
    method: "GET",
    doc: "Search machines\n\nThose that the caller may see and the filter describes, a page at a time and each machine in brief. A page costs as much among a hundred thousand machines as among a hundred. A machine that stays as it is while pages are read is in exactly one of them.",
    params: {
      filter,
      sort: choice("Order; with a minus the other way round. Default: name.", sortWords),
      limit: integer("Machines at most. Default: 50.", { min: 1, max: 500 }),
      after: text("Where the page begins: next of the page before."),
    },
    returns: "MachinesPage",
    unknown: "refuse",
    errors: { 400: `${wrongFilter}; or the place or order makes none` },
  }),
  search_counts: action({
    method: "GET",
    doc: "Count machines\n\nHow many machines the filter describes, of those that the caller may see: in all, and by group.",
    params: { filter, by: choice("What to group by. Default: status.", machineGroups) },
    returns: "MachineCounts",
    unknown: "refuse",
    errors: { 400: wrongFilter },
  }),
} as const;
