/** Deployed systems that are to report their hardware, and have stopped: told once, and shown until they report again. */
import { quietMachineIds } from "@rackwright/db/hardware-sync";
import { lockMachineById } from "@rackwright/db/machines";
import { fellSilent, silentFrom } from "@rackwright/domain/machine/lifecycle/hardware-sync";
import type { Machine } from "@rackwright/domain/machine/machine";
import { commit } from "../app/commit.ts";
import { inTransaction, type Region, systemCtx } from "../context.ts";

const LOOK_EVERY_MS = 30_000;
const BATCH = 200;

/**
 * One look at all of them.
 * @param listensSince machines that could not be heard before are not late for it
 * @returns ids of those that are silent from now on
 */
export async function sweepHardwareSync(region: Region, listensSince: Date): Promise<number[]> {
  const told: number[] = [];
  for (let after = 0; ; ) {
    const ids = await quietMachineIds(region.db.kysely, region.now(), listensSince, { after, limit: BATCH });
    for (const id of ids) if (await tellSilence(region, id, listensSince)) told.push(id);
    const last = ids.at(-1);
    if (last === undefined || ids.length < BATCH) return told;
    after = last;
  }
}

async function tellSilence(region: Region, id: number, listensSince: Date): Promise<boolean> {
  const ctx = systemCtx(region);
  return inTransaction(ctx, async (tx) => {
    const loaded = await lockMachineById(tx, id);
    if (!loaded || !isLate(loaded.machine, region.now(), listensSince)) return false;
    await commit(ctx, tx, loaded, fellSilent(loaded.machine, region.now()));
    return true;
  });
}

function isLate(m: Machine, now: Date, listensSince: Date): boolean {
  const statusSince = listensSince > m.statusSince ? listensSince : m.statusSince;
  const from = silentFrom({ ...m, statusSince });
  return from !== null && from < now && !m.syncSilent;
}

/** @returns a function that ends it */
export function startHardwareSync(region: Region): () => void {
  const listensSince = region.now();
  const look = () =>
    void sweepHardwareSync(region, listensSince).catch((error: unknown) => {
      region.log.warn({ err: error }, "looking for machines that stopped to report failed: trying again");
    });
  const timer = setInterval(look, LOOK_EVERY_MS);
  return () => clearInterval(timer);
}
