/**
 * Racks read the serial consoles of machines that are being worked on, and of no others: a BMC lets one reader in, and that is the administrator's
 * place at all other times.
 */
import { createHash } from "node:crypto";
import { CONSOLE_LEASE_MS, CONSOLES_PER_RACK, type WatchedConsole } from "@rackwright/contract/rack-protocol";
import { type ConsoleRow, machinesWithConsole } from "@rackwright/db/consoles";
import type { NotifyHub } from "@rackwright/db/notify";
import { powerDrivers } from "@rackwright/power/registry";
import { getConfig } from "../app/config.ts";
import { flatParameters, racksFor } from "../app/machine-facts.ts";
import { readPowerParameters } from "../app/power-settings.ts";
import type { Region } from "../context.ts";
import type { ConnectedRack } from "../racks/racks.ts";
import { type Reconciler, reconciler } from "./reconciler.ts";

type ConsoleRegion = Pick<Region, "db" | "log" | "now" | "racks" | "secrets">;

const withConsole = [...powerDrivers.values()].filter((driver) => driver.console).map((driver) => driver.name);

/** A rack is told again in good time before what it was told runs out. */
const REPEAT_MS = CONSOLE_LEASE_MS / 2;

interface Told {
  connectedAt: number;
  /** Of the list: it has passwords in it. */
  hash: string;
  at: number;
}

export function consoleReconciler(): Reconciler<ConsoleRegion> {
  const told = new Map<number, Told>();

  const tell = async (region: ConsoleRegion, rack: ConnectedRack, machines: WatchedConsole[], signal: AbortSignal) => {
    const last = told.get(rack.nodeId);
    const now: Told = {
      connectedAt: rack.connectedAt.getTime(),
      hash: createHash("sha256").update(JSON.stringify(machines)).digest("base64"),
      at: region.now().getTime(),
    };
    const isKnown = last?.connectedAt === now.connectedAt && last.hash === now.hash;
    if (isKnown && (machines.length === 0 || now.at - last.at < REPEAT_MS)) return;
    // A rack that was never told holds none.
    if (machines.length === 0 && last?.connectedAt !== now.connectedAt) return;
    await region.racks.call(rack.nodeId, "watchConsoles", { machines }, { signal });
    told.set(rack.nodeId, now);
  };

  return reconciler<ConsoleRegion>({
    name: "consoles",
    everySeconds: REPEAT_MS / 1000 / 2,
    on: ["machine", "config"],
    onRacks: true,
    async run(region, signal) {
      const racks = region.racks.connected();
      if (racks.length === 0) return;
      const wanted = await consolesByRack(region, racks);
      const results = await Promise.allSettled(
        racks.map((rack) => tell(region, rack, wanted.get(rack.nodeId) ?? [], signal)),
      );
      const failed = results.find((result) => result.status === "rejected");
      if (failed) throw failed.reason;
    },
  });
}

/** The rack that a machine booted through reads its console; each reads no more than it can. */
async function consolesByRack(
  region: ConsoleRegion,
  racks: readonly ConnectedRack[],
): Promise<Map<number, WatchedConsole[]>> {
  const byRack = new Map<number, WatchedConsole[]>();
  const { enable_console_evidence } = await getConfig(region.db.kysely, "enable_console_evidence");
  if (!enable_console_evidence) return byRack;
  const limit = racks.length * CONSOLES_PER_RACK;
  for (const row of await machinesWithConsole(region.db.kysely, { powerTypes: withConsole, limit })) {
    const [rack] = racksFor(region, row);
    if (rack === undefined) continue;
    const list = byRack.get(rack) ?? [];
    if (list.length < CONSOLES_PER_RACK) byRack.set(rack, [...list, watched(region, row)]);
  }
  return byRack;
}

const watched = (region: ConsoleRegion, row: ConsoleRow): WatchedConsole => ({
  systemId: row.system_id,
  bootEpoch: row.boot_epoch,
  powerType: row.power_type,
  parameters: flatParameters(readPowerParameters(region, row)),
});

/** @returns a function that ends it */
export async function watchConsoles(region: ConsoleRegion, hub: NotifyHub): Promise<() => Promise<void>> {
  const consoles = consoleReconciler();
  await consoles.start(region, hub);
  return () => consoles.stop();
}
