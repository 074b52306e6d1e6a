/** Long lists of machines, of one moment, a few at a time: no list is ever in memory as a whole. */
import type { Tx } from "@rackwright/db/connect";
import { loadMachineViews, loadShared, type MachineView, type SharedRows } from "@rackwright/db/machine-views";
import { type MachineCriteria, searchNodeIds } from "@rackwright/db/machine-search";
import { fromSnapshot } from "@rackwright/db/snapshot";
import type { Ctx } from "../context.ts";
import { searchOptions, type SearchScope, withoutSecrets } from "./machine-view.ts";

/** The first ones come soon; later batches are larger, since each costs a round of statements. */
const FIRST = 10;
const BATCH = 200;

/** Ids of each batch. */
function* batchesOf(ids: readonly number[]): Generator<readonly number[]> {
  for (let from = 0; from < ids.length; from += from === 0 ? FIRST : BATCH)
    yield ids.slice(from, from === 0 ? FIRST : from + BATCH);
}

/** @throws DomainError invalid_fields, before the first batch */
export function machineBatches(
  ctx: Ctx,
  criteria: MachineCriteria,
  scope: SearchScope = {},
): AsyncGenerator<MachineView[]> {
  return fromSnapshot(ctx.region.db, async function* (tx) {
    const ids = await searchNodeIds(tx, searchOptions(ctx, criteria, scope));
    const shared = await loadShared(tx);
    let next: Promise<MachineView[]> | undefined;
    try {
      for (const batch of batchesOf(ids)) {
        const ready = next;
        if (ready) await ready;
        // Read while what came before is written out.
        next = load(ctx, tx, batch, shared);
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

async function load(ctx: Ctx, tx: Tx, ids: readonly number[], shared: SharedRows): Promise<MachineView[]> {
  return withoutSecrets(ctx, await loadMachineViews(tx, ids, shared));
}
