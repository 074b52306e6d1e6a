/**
 * Racks serve the DHCP that our VLANs, subnets, ranges and addresses ask for. Kea reads all of it from rows of its own database. What a
 * change concerns is told by triggers, and only that is looked at; a sweep over everything finds what was not told.
 */
import { type KeaAccess, type KeaDatabase, keaAccess } from "@rackwright/db/kea-access";
import { CHANGE_CHANNEL } from "@rackwright/db/change";
import { servesAnything } from "@rackwright/db/dhcp-wanted";
import type { NotifyHub } from "@rackwright/db/notify";
import type { Region } from "../context.ts";
import { DhcpApply } from "./dhcp-apply.ts";
import { DhcpDirty } from "./dhcp-dirty.ts";
import { DhcpSweep } from "./dhcp-sweep.ts";
import { RackDhcp } from "./rack-dhcp.ts";
import { reconciler } from "./reconciler.ts";

type DhcpRegion = Pick<Region, "db" | "log" | "racks">;

export interface DhcpOptions {
  /** Kea's database, on the server of ours; null: this region serves no DHCP. */
  kea: KeaDatabase | null;
  hub: NotifyHub;
  /** As whom its role and database are made; default: as our own connection. */
  admin?: Region["db"]["connection"];
  /** Between two sweeps. */
  sweepSeconds?: number;
}

export interface DhcpReconciler {
  start(): Promise<void>;
  wake(): void;
  stop(): Promise<void>;
}

const DHCP_CHANNEL = "dhcp";
/** Entities of the change record that concern every network, and that no trigger tells of. */
const CONCERN_ALL = ["config", "domain", "rack"];
const SWEEP_SECONDS = 60;

export function dhcpReconciler(region: DhcpRegion, options: DhcpOptions): DhcpReconciler {
  const { kea: database, hub, admin, sweepSeconds = SWEEP_SECONDS } = options;
  const kea = database && keaAccess({ db: region.db, database, ...(admin ? { admin } : {}) });
  const dirty = new DhcpDirty();
  const run = kea ? work(region, kea, dirty, sweepSeconds * 1000) : saysItIsOff(region);
  const loop = reconciler<DhcpRegion>({
    name: "dhcp",
    everySeconds: sweepSeconds,
    on: [],
    onRacks: true,
    atOnce: true,
    run: async (_, signal) => run(signal),
  });
  const unsubscribe: (() => void)[] = [];
  const lookAgain = (payload: string): void => {
    dirty.hear(payload);
    loop.wake();
  };
  const missedSome = (): void => lookAgain("all");
  return {
    async start() {
      const concernsAll = (entity: string) => {
        if (CONCERN_ALL.includes(entity)) missedSome();
      };
      unsubscribe.push(await hub.listen(DHCP_CHANNEL, lookAgain, missedSome));
      unsubscribe.push(await hub.listen(CHANGE_CHANNEL, concernsAll));
      await loop.start(region, hub);
    },
    wake: missedSome,
    async stop() {
      for (const end of unsubscribe.splice(0)) end();
      await loop.stop();
      await kea?.close();
    },
  };
}

function saysItIsOff(region: DhcpRegion): () => Promise<void> {
  let said = false;
  return async () => {
    if (!said) region.log.info("this region was started without DHCP: no rack serves any");
    said = true;
  };
}

function work(
  region: DhcpRegion,
  kea: KeaAccess,
  dirty: DhcpDirty,
  sweepMs: number,
): (signal: AbortSignal) => Promise<void> {
  const apply = new DhcpApply(region, kea, new RackDhcp());
  const sweep = new DhcpSweep(region, kea, apply, dirty);
  let isUsed = false;
  /** When everything was looked at; before it was, racks cannot be told of a part. */
  let sweptAt: number | undefined;

  const some = async (signal: AbortSignal): Promise<void> => {
    const { vlanIds, macs } = dirty.take();
    if (vlanIds.length > 0) await apply.vlans(vlanIds, signal);
    if (macs.length > 0) await apply.macs(macs);
    await apply.tell(signal);
  };
  return async (signal) => {
    // No database for those who never switch DHCP on: their region needs no Kea.
    isUsed ||= (await servesAnything(region.db)) || (await kea.exists());
    if (!isUsed) return;
    const urgent = async () => {
      if (dirty.hasUrgent) await some(signal);
    };
    try {
      if (sweptAt === undefined) dirty.markAll();
      // Whoever changed something waits for that alone, not for a sweep that is due.
      else if (dirty.hasUrgent || !dirty.hasAll) await some(signal);
      if (sweptAt !== undefined && !dirty.hasAll && performance.now() - sweptAt > sweepMs) {
        await sweep.run(signal, urgent);
        sweptAt = performance.now();
        await urgent();
      }
      if (dirty.takeAll()) {
        await apply.all(signal, urgent);
        sweptAt = performance.now();
      }
      await apply.refresh();
    } catch (error) {
      dirty.markAll();
      throw error;
    }
  };
}
