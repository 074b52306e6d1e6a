/** Whether what is kept of machines says what their rows say: asked of one snapshot, so that nothing written meanwhile matters. */
import { machineRows } from "@rackwright/db/machine-pages";
import { keptDocuments } from "@rackwright/db/machine-documents";
import { loadMachineViews, loadShared } from "@rackwright/db/machine-views";
import { fromSnapshot } from "@rackwright/db/snapshot";
import { machineSummary } from "../api/machine-search.ts";
import { machineDocument } from "../api/wire/machine-document.ts";
import { wireMachine } from "../api/wire/machine.ts";
import { DocumentKeeper } from "../app/machine-documents.ts";
import type { Region } from "../context.ts";

/** Keep all machines as they are now, as the lists do. */
export async function keepAllDocuments(region: Region): Promise<void> {
  const { kysely } = region.db;
  const ids = await machineIds(region);
  const whole = new DocumentKeeper(region, machineDocument.name);
  const summaries = new DocumentKeeper(region, machineSummary.name);
  for await (const { views, labels } of fromSnapshot(region.db, async function* (tx) {
    const kept = await keptDocuments(tx, whole.kind, ids);
    yield { views: await loadMachineViews(tx, ids), labels: new Map(kept.map((d) => [d.nodeId, d.label])) };
    return undefined;
  }))
    for (const view of views)
      if (view.row.status_deadline === null)
        whole.made(view.row.id, labels.get(view.row.id) ?? null, machineDocument.textOf(view));
  for (const row of await machineRows(kysely, ids, null))
    summaries.made(row.id, row.label, JSON.stringify(machineSummary.of(row)));
  for (const keeper of [whole, summaries]) {
    keeper.keep();
    await keeper.kept();
  }
}

/** @returns what is kept and wrong, in words */
export async function staleDocuments(region: Region): Promise<string[]> {
  const ids = await machineIds(region);
  const kindOf = (name: string) => new DocumentKeeper(region, name).kind;
  const wrong: string[] = [];
  for await (const problems of fromSnapshot(region.db, async function* (tx) {
    const views = new Map((await loadMachineViews(tx, ids)).map((view) => [view.row.id, view]));
    const fill = machineDocument.filler(await loadShared(tx));
    const kept = await keptDocuments(tx, kindOf(machineDocument.name), ids);
    yield kept.flatMap(({ nodeId, kept: text }) => {
      const view = views.get(nodeId);
      return text === null || !view ? [] : differences(wireMachine(view), JSON.parse(fill(text)) as object);
    });
    const rows = new Map((await machineRows(tx, ids, null)).map((row) => [row.id, row]));
    yield (await keptDocuments(tx, kindOf(machineSummary.name), ids)).flatMap(({ nodeId, kept: text }) => {
      const row = rows.get(nodeId);
      return text === null || !row ? [] : differences(machineSummary.of(row), JSON.parse(text) as object);
    });
    return undefined;
  }))
    wrong.push(...problems);
  return wrong;
}

function differences(live: object, kept: object): string[] {
  const now = JSON.parse(JSON.stringify(live)) as Record<string, unknown>;
  const then = kept as Record<string, unknown>;
  return [...new Set([...Object.keys(now), ...Object.keys(then)])].flatMap((key) => {
    const [a, b] = [JSON.stringify(now[key]), JSON.stringify(then[key])];
    return a === b ? [] : [`${String(now.system_id)}: ${key} is ${a}, kept as ${b}`];
  });
}

async function machineIds(region: Region): Promise<number[]> {
  const rows = await region.db.kysely.selectFrom("node").select("id").where("node_type", "=", 0).execute();
  return rows.map((row) => row.id);
}
