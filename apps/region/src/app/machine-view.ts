/** Machines as replies show them: loaded after the transaction that changed them, so that nothing older is shown. */
import { loadMachineViews, type MachineView } from "@rackwright/db/machine-views";
import { type MachineCriteria, searchNodeIds } from "@rackwright/db/machine-search";
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
async function withoutSecrets(ctx: Ctx, views: readonly MachineView[]): Promise<MachineView[]> {
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

export async function searchMachines(
  ctx: Ctx,
  criteria: MachineCriteria,
  options: { nodeTypes?: readonly number[]; allocatedToken?: string } = {},
): Promise<MachineView[]> {
  const ids = await searchNodeIds(ctx.region.db.kysely, {
    criteria,
    visibleTo: visibility(ctx),
    nodeTypes: options.nodeTypes ?? [0],
    ...(options.allocatedToken === undefined ? {} : { allocatedToken: options.allocatedToken }),
  });
  return machineViews(ctx, ids);
}
