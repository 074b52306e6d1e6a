/** Machines as replies show them: loaded after the transaction that changed them, so that nothing older is shown. */
import { loadMachineViews, type MachineView } from "@rackwright/db/machine-views";
import { type MachineCriteria, searchNodeIds, type SearchOptions } from "@rackwright/db/machine-search";
import { DomainError } from "@rackwright/domain/errors";
import { scrubText } from "@rackwright/domain/recorder/scrub";
import type { Ctx } from "../context.ts";
import { secretsOfMachines } from "./machine-secrets.ts";

export async function machineView(ctx: Ctx, id: number): Promise<MachineView> {
  const [view] = await machineViews(ctx, [id]);
  if (!view) throw new DomainError("not_found", "The machine was deleted meanwhile.");
  return view;
}

export async function machineViews(ctx: Ctx, ids: readonly number[]): Promise<MachineView[]> {
  return withoutSecrets(ctx, await loadMachineViews(ctx.region.db.kysely, ids));
}

/** What was seen of a machine may quote what it was sent. */
export async function withoutSecrets(ctx: Ctx, views: readonly MachineView[]): Promise<MachineView[]> {
  const rows = views.filter((v) => v.lastEvidence !== null).map((v) => v.row);
  const secrets = await secretsOfMachines(ctx.region, rows);
  return views.map((view) =>
    view.lastEvidence === null
      ? view
      : {
          ...view,
          lastEvidence: { ...view.lastEvidence, text: scrubText(view.lastEvidence.text, secrets.get(view.row.id)) },
        },
  );
}

/** Whose machines a caller sees: null for all. */
export function visibility(ctx: Ctx): number | null {
  return ctx.actor.kind === "user" && !ctx.actor.isSuperuser ? ctx.actor.userId : null;
}

export interface SearchScope {
  /** enums.json NODE_TYPE; default: machines alone. */
  nodeTypes?: readonly number[];
  /** Only machines allocated with this API key. */
  allocatedToken?: string;
}

export function searchOptions(ctx: Ctx, criteria: MachineCriteria, scope: SearchScope = {}): SearchOptions {
  return {
    criteria,
    visibleTo: visibility(ctx),
    nodeTypes: scope.nodeTypes ?? [0],
    ...(scope.allocatedToken === undefined ? {} : { allocatedToken: scope.allocatedToken }),
  };
}

export async function searchMachines(ctx: Ctx, criteria: MachineCriteria, scope?: SearchScope): Promise<MachineView[]> {
  return machineViews(ctx, await searchNodeIds(ctx.region.db.kysely, searchOptions(ctx, criteria, scope)));
}
