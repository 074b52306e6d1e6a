/** Looks anew at VM hosts, so that machines that come, go or change there are seen, and what a crash cut short is settled. */
import { claimOverdueVmHosts } from "@rackwright/db/vm-hosts";
import { DomainError } from "@rackwright/domain/errors";
import { VM_HOST_TYPES } from "../app/vm-host-settings.ts";
import { removeUnwanted } from "../app/vm-discard.ts";
import { refreshVmHost } from "../app/vm-hosts.ts";
import { canConnect } from "@rackwright/power/vm-host";
import { type Region, systemCtx } from "../context.ts";

const EVERY_MS = 10 * 60_000;
const LOOK_EVERY_MS = 60_000;
/** What they take of their hosts may be waited for. */
const REMOVE_EVERY_MS = 10_000;

/** One after the other: none of them is in a hurry. @returns ids of the hosts that were asked */
export async function refreshOverdueVmHosts(region: Region): Promise<number[]> {
  // Without a rack each would fail, and be as good as asked for ten minutes.
  if (region.racks.connected().length === 0) return [];
  const now = region.now();
  const before = new Date(now.getTime() - EVERY_MS);
  const ids = await claimOverdueVmHosts(region.db.kysely, { types: VM_HOST_TYPES.filter(canConnect), before, now });
  for (const id of ids)
    await refreshVmHost(systemCtx(region), id).catch((error: unknown) => {
      if (!(error instanceof DomainError)) throw error;
      region.log.warn({ vmHost: id, reason: error.message }, "a VM host could not be looked at");
    });
  return ids;
}

/** @returns a function that ends it */
export function startVmHostRefresh(region: Region): () => void {
  const look = () =>
    void refreshOverdueVmHosts(region).catch((error: unknown) => {
      region.log.error({ err: error }, "looking at VM hosts failed: trying again in a minute");
    });
  let removing = false;
  const remove = async () => {
    if (removing) return;
    removing = true;
    try {
      await removeUnwanted(region);
    } catch (error) {
      region.log.error({ err: error }, "removing virtual machines that nobody needs failed: trying again");
    } finally {
      removing = false;
    }
  };
  const timers = [setInterval(look, LOOK_EVERY_MS), setInterval(() => void remove(), REMOVE_EVERY_MS)];
  return () => timers.forEach((timer) => clearInterval(timer));
}
