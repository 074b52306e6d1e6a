/** Runs of a machine as people look at them: choosing, suppressing, deleting (reference: scripts.md sections 12 and 13). */
import { appendChange } from "@rackwright/db/change";
import type { Tx } from "@rackwright/db/connect";
import { insertEvents } from "@rackwright/db/history";
import { lockMachine, type LoadedMachine, readMachine } from "@rackwright/db/machines";
import { earlierRuns, type Outputs, outputsOf, type ResultView, resultViews } from "@rackwright/db/script-result-views";
import { suppressResults } from "@rackwright/db/script-results";
import { deleteSet, readSets, type ScriptSet, setCurrentSet, setsOfNode } from "@rackwright/db/script-sets";
import { DomainError } from "@rackwright/domain/errors";
import { estimatedRuntime } from "@rackwright/domain/scripts/estimate";
import { aggregate, resultType, unfinishedStatuses } from "@rackwright/domain/scripts/status";
import { actorName, type Ctx, inTransaction } from "../context.ts";
import { permitted } from "./permissions.ts";

export interface ResultFilter {
  /** Script names, tags or result ids; absent: all. */
  words?: readonly string[] | undefined;
  hardwareType?: number | undefined;
}

export interface ResultShown {
  view: ResultView;
  estimatedRuntime: string;
  outputs: Outputs | undefined;
}

export interface SetShown {
  id: number;
  systemId: string;
  hostname: string;
  type: number;
  lastPing: Date | null;
  status: number;
  startedAt: Date | null;
  endedAt: Date | null;
  results: ResultShown[];
}

export function passes(view: ResultView, { words, hardwareType }: ResultFilter): boolean {
  if (hardwareType !== undefined && view.hardwareType !== hardwareType) return false;
  if (words === undefined || words.length === 0) return true;
  return words.some((w) => view.name === w || view.tags.includes(w) || String(view.id) === w);
}

/** @throws DomainError not_found, forbidden */
async function viewable(ctx: Ctx, systemId: string): Promise<LoadedMachine> {
  return permitted(ctx.actor, "view", await readMachine(ctx.region.db.kysely, systemId));
}

async function show(
  ctx: Ctx,
  { machine }: LoadedMachine,
  sets: readonly ScriptSet[],
  filter: ResultFilter,
  withOutput: boolean,
): Promise<SetShown[]> {
  const db = ctx.region.db.kysely;
  const all = await resultViews(
    db,
    sets.map((s) => s.id),
  );
  const views = all.filter((view) => passes(view, filter));
  const outputs = withOutput
    ? await outputsOf(
        db,
        views.map((v) => v.id),
      )
    : undefined;
  const scriptIds = [...new Set(views.map((v) => v.scriptId).filter((id) => id !== null))];
  const runs = Map.groupBy(await earlierRuns(db, machine.id, scriptIds), (r) => `${r.scriptId} ${r.diskName ?? ""}`);
  const shown = (view: ResultView): ResultShown => ({
    view,
    estimatedRuntime: estimatedRuntime(
      view.startedAt && view.endedAt ? (view.endedAt.getTime() - view.startedAt.getTime()) / 1000 : null,
      (runs.get(`${view.scriptId} ${view.diskName ?? ""}`) ?? []).map((r) => r.seconds),
      view.timeoutSeconds,
    ),
    outputs: outputs?.get(view.id),
  });
  return sets.map((set) => ({
    id: set.id,
    systemId: machine.systemId,
    hostname: machine.hostname,
    type: set.type,
    lastPing: set.lastPing,
    ...standing(all.filter((v) => v.setId === set.id)),
    results: views.filter((v) => v.setId === set.id).map(shown),
  }));
}

/** Status and times of a whole run, whatever part of it is shown. */
function standing(views: readonly ResultView[]): Pick<SetShown, "status" | "startedAt" | "endedAt"> {
  const times = (dates: (Date | null)[]) => dates.filter((d) => d !== null).map((d) => d.getTime());
  const starts = times(views.map((v) => v.startedAt));
  const ends = times(views.map((v) => v.endedAt));
  const isOver = views.length > 0 && !views.some((v) => unfinishedStatuses.includes(v.status));
  return {
    status: aggregate(views.filter((v) => !v.suppressed).map((v) => v.status)),
    startedAt: starts.length > 0 ? new Date(Math.min(...starts)) : null,
    endedAt: isOver && ends.length > 0 ? new Date(Math.max(...ends)) : null,
  };
}

/** The machine's runs, newest first; with a filter only those that have something of it. */
export async function resultSets(
  ctx: Ctx,
  systemId: string,
  filter: ResultFilter & { type?: number | undefined },
  withOutput: boolean,
): Promise<SetShown[]> {
  const loaded = await viewable(ctx, systemId);
  const sets = await setsOfNode(ctx.region.db.kysely, loaded.machine.id, filter.type);
  const shown = await show(ctx, loaded, sets, filter, withOutput);
  const isFiltered = (filter.words?.length ?? 0) > 0 || filter.hardwareType !== undefined;
  return isFiltered ? shown.filter((s) => s.results.length > 0) : shown;
}

const current = {
  "current-commissioning": "commissioning_set_id",
  "current-testing": "testing_set_id",
  "current-installation": "installation_set_id",
  "current-release": "release_set_id",
} as const;

/**
 * One run, by its id or as the current one of its kind.
 * @throws DomainError bad_request for another word, not_found when there is none
 */
async function findSet(
  db: Ctx["region"]["db"]["kysely"] | Tx,
  { machine, row }: LoadedMachine,
  which: string,
): Promise<ScriptSet> {
  let id: number | null;
  if (/^\d{1,15}$/.test(which)) id = Number(which);
  else if (Object.hasOwn(current, which)) id = row[current[which as keyof typeof current]];
  else
    throw new DomainError(
      "bad_request",
      `"${which}" names no run: use an id, current-commissioning, current-testing or current-installation.`,
    );
  const [set] = id === null ? [] : await readSets(db, [id]);
  if (!set || set.nodeId !== machine.id) throw new DomainError("not_found", `${machine.hostname} has no run ${which}.`);
  return set;
}

export async function resultSet(
  ctx: Ctx,
  systemId: string,
  which: string,
  filter: ResultFilter,
  withOutput: boolean,
): Promise<SetShown> {
  const loaded = await viewable(ctx, systemId);
  const set = await findSet(ctx.region.db.kysely, loaded, which);
  const [shown] = await show(ctx, loaded, [set], filter, withOutput);
  if (!shown) throw new Error(`run ${set.id} cannot be shown`);
  return shown;
}

/** Let results not count, or count again. @returns the run with those that the filter means */
export async function suppress(
  ctx: Ctx,
  systemId: string,
  which: string,
  filter: ResultFilter,
  suppressed: boolean | undefined,
  withOutput: boolean,
): Promise<SetShown> {
  const { results } = await resultSet(ctx, systemId, which, filter, false);
  if (suppressed !== undefined) {
    await inTransaction(ctx, async (tx) => {
      const loaded = permitted(ctx.actor, "view", await lockMachine(tx, systemId));
      await suppressResults(
        tx,
        results.map((r) => r.view.id),
        suppressed,
        ctx.region.now(),
      );
      await appendChange(tx, { kind: "update", entity: "script_result", entityId: loaded.machine.systemId });
    });
  }
  return resultSet(ctx, systemId, which, filter, withOutput);
}

/** @throws DomainError bad_request for the current commissioning or installation run */
export async function removeSet(ctx: Ctx, systemId: string, which: string): Promise<void> {
  await inTransaction(ctx, async (tx) => {
    const loaded = permitted(ctx.actor, "view", await lockMachine(tx, systemId));
    const { machine, row } = loaded;
    const set = await findSet(tx, loaded, which);
    if (set.id === row.commissioning_set_id || set.id === row.installation_set_id)
      throw new DomainError(
        "bad_request",
        `Run ${set.id} is ${machine.hostname}'s current one: it can be deleted when there is a newer one.`,
      );
    await deleteSet(tx, set.id);
    if (set.id === row.testing_set_id) await fallBack(tx, machine.id);
    await appendChange(tx, { kind: "delete", entity: "script_set", entityId: set.id });
    await insertEvents(tx, { nodeId: machine.id, hostname: machine.hostname, username: actorName(ctx.actor) }, [
      { type: "NODE", description: `Deleted the results of run ${set.id} of ${machine.hostname}.` },
    ]);
  });
}

/** The test run before the deleted one is the current one again. */
async function fallBack(tx: Tx, machineId: number): Promise<void> {
  const [newest] = await setsOfNode(tx, machineId, resultType.testing);
  await setCurrentSet(tx, machineId, "testing", newest?.id ?? null);
}
