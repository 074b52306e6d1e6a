/** Scans the subnets that are to be scanned, as often as the settings say; of several regions one does it (reference: boot.md section 13). */
import { storeConfig, storedConfig } from "@rackwright/db/config";
import { activelyDiscovered, lockDiscovery } from "@rackwright/db/discoveries";
import { LARGEST_SCAN_PREFIX } from "@rackwright/domain/discovery/targets";
import { getConfig } from "../app/config.ts";
import { scanNetworks } from "../app/discovery-scan.ts";
import { inTransaction, type Region, systemCtx } from "../context.ts";

const LOOK_EVERY_MS = 5 * 60_000;
/** Seconds since 1970. No setting: nobody is to change it. */
const LAST = "active_discovery_last_scan";

/** Scan when it is time. @returns networks that were asked for */
export async function discoverActively(region: Region): Promise<string[]> {
  const cidrs = await inTransaction({ region }, async (tx) => {
    const { active_discovery_interval: interval, network_discovery } = await getConfig(
      tx,
      "active_discovery_interval",
      "network_discovery",
    );
    if (interval === 0 || network_discovery === "disabled") return [];
    await lockDiscovery(tx);
    const now = Math.floor(region.now().getTime() / 1000);
    const last = Number((await storedConfig(tx, [LAST])).get(LAST) ?? 0);
    if (last + interval > now) return [];
    const wanted = await activelyDiscovered(tx, LARGEST_SCAN_PREFIX);
    // Noted before it is done: a region that dies meanwhile leaves it to the next time, and no two do it.
    if (wanted.length > 0) await storeConfig(tx, LAST, now);
    return wanted;
  });
  if (cidrs.length === 0) return [];
  const ways = { force: false, alwaysUsePing: false, slow: false, threads: null };
  const { result, failures } = await scanNetworks(systemCtx(region), { cidrs, ...ways });
  region.log.info({ cidrs, failures }, `active discovery: ${result}`);
  return cidrs;
}

/** @returns a function that ends it */
export function startActiveDiscovery(region: Region): () => void {
  const look = () =>
    void discoverActively(region).catch((error: unknown) => {
      region.log.warn({ err: error }, "active discovery failed: trying again in five minutes");
    });
  const timer = setInterval(look, LOOK_EVERY_MS);
  return () => clearInterval(timer);
}
