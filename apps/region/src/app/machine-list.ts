/** Long lists of machines, of one moment, a few at a time: no list is ever in memory as a whole. */
import type { Tx } from "@rackwright/db/connect";
import { keptDocuments } from "@rackwright/db/machine-documents";
import { loadMachineViews, loadShared, type MachineView, type SharedRows } from "@rackwright/db/machine-views";
import { type MachineCriteria, searchNodeIds } from "@rackwright/db/machine-search";
import { fromSnapshot } from "@rackwright/db/snapshot";
import type { Ctx } from "../context.ts";
import { type DocumentKind, DocumentKeeper } from "./machine-documents.ts";
import { searchOptions, type SearchScope, withoutSecrets } from "./machine-view.ts";

/** The first ones come soon; later batches are larger, since each costs a round of statements. */
const FIRST = 10;
const BATCH = 200;

/** Ids of each batch. */
function* batchesOf(ids: readonly number[]): Generator<readonly number[]> {
  for (let from = 0; from < ids.length; from += from === 0 ? FIRST : BATCH)
    yield ids.slice(from, from === 0 ? FIRST : from + BATCH);
}

type Load<T> = (tx: Tx, ids: readonly number[], shared: SharedRows) => Promise<T[]>;

/** @throws DomainError invalid_fields, before the first batch */
function batches<T>(ctx: Ctx, criteria: MachineCriteria, scope: SearchScope, load: Load<T>): AsyncGenerator<T[]> {
  return fromSnapshot(ctx.region.db, async function* (tx) {
    const ids = await searchNodeIds(tx, searchOptions(ctx, criteria, scope));
    const shared = await loadShared(tx);
    let next: Promise<T[]> | undefined;
    try {
      for (const batch of batchesOf(ids)) {
        const ready = next;
        if (ready) await ready;
        // Read while what came before is written out.
        next = load(tx, batch, shared);
        next.catch(() => undefined);
        if (ready) yield await ready;
      }
      return await next;
    } finally {
      // Nobody listens any more: the connection goes back when it is done with what it was asked.
      await next?.catch(() => undefined);
    }
  });
}

/** @throws DomainError invalid_fields, before the first batch */
export function nodeViewBatches(
  ctx: Ctx,
  criteria: MachineCriteria,
  scope: SearchScope,
): AsyncGenerator<MachineView[]> {
  return batches(ctx, criteria, scope, (tx, ids, shared) => views(ctx, tx, ids, shared));
}

/**
 * Machines as texts, each made when it is asked for: kept ones where they are of use, else made anew, and kept for the next time.
 * @throws DomainError invalid_fields, before the first batch
 */
export function machineTexts(
  ctx: Ctx,
  criteria: MachineCriteria,
  kind: DocumentKind<MachineView, SharedRows>,
  scope: Omit<SearchScope, "nodeTypes"> = {},
): AsyncGenerator<(() => string)[]> {
  let filler: ((text: string) => string) | undefined;
  const keeper = new DocumentKeeper(ctx.region, kind.name);
  return batches(ctx, criteria, scope, async (tx, ids, shared) => {
    const fill = (filler ??= kind.filler(shared));
    const rows = await keptDocuments(tx, keeper.kind, ids);
    const missing = rows.filter((d) => d.kept === null);
    const loaded = await views(
      ctx,
      tx,
      missing.map((d) => d.nodeId),
      shared,
    );
    const made = new Map(loaded.map((view) => [view.row.id, view]));
    await keeper.kept();
    let left = loaded.length;
    return rows.flatMap(({ nodeId, label, kept }): (() => string)[] => {
      if (kept !== null) return [() => fill(kept)];
      const view = made.get(nodeId);
      if (!view) return [];
      const make = () => {
        const holed = kind.textOf(view);
        // One that waits for something shows what was last seen of it, which comes too often to be kept.
        if (view.row.status_deadline === null) keeper.made(nodeId, label, holed);
        if (--left === 0) keeper.keep();
        return fill(holed);
      };
      return [make];
    });
  });
}

async function views(ctx: Ctx, tx: Tx, ids: readonly number[], shared: SharedRows): Promise<MachineView[]> {
  return withoutSecrets(ctx, await loadMachineViews(tx, ids, shared));
}
