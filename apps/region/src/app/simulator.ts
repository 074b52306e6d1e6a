/** What programs that play emulated machines may ask and tell. Refused where machines are real. */
import {
  countSimulated,
  forgetPlayers,
  type PlayedMachine,
  setBmcFaults,
  startedByThemselves,
  switchOnByHand,
  takeSimulated,
  wentOff,
} from "@rackwright/db/simulated-power";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { handPowerTypes } from "@rackwright/power/type-names";
import { type Ctx, inTransaction, type Region } from "../context.ts";
import type { ConnectedRack } from "../racks/racks.ts";
import { bmcFaults } from "../simulator/bmc.ts";

export interface SimulatorOverview {
  racks: ConnectedRack[];
  on: number;
  off: number;
  unplayed: number;
}

/** @throws DomainError not_found */
function onlySimulated(region: Region): void {
  if (!region.simulated)
    throw new DomainError(
      "not_found",
      "This installation is for real machines: nothing here is simulated. script/up --simulated makes one that is, on a data directory of its own.",
    );
}

export async function simulatorOverview({ region }: Ctx): Promise<SimulatorOverview> {
  onlySimulated(region);
  return { racks: region.racks.connected(), ...(await countSimulated(region.db.kysely)) };
}

const DEFAULT_LIMIT = 1000;

export async function takeWork(
  ctx: Ctx,
  options: { again: boolean; limit: number | undefined },
): Promise<PlayedMachine[]> {
  onlySimulated(ctx.region);
  return inTransaction(ctx, async (tx) => {
    if (options.again) await forgetPlayers(tx);
    await switchOnByHand(tx, handPowerTypes);
    return takeSimulated(tx, options.limit ?? DEFAULT_LIMIT);
  });
}

export async function reportMachines(
  ctx: Ctx,
  told: { on: string[]; off: string[]; bmc: string[] },
): Promise<Record<string, number>> {
  onlySimulated(ctx.region);
  const off = told.off.map(parseOff);
  const faults = told.bmc.map(parseFault);
  return inTransaction(ctx, async (tx) => {
    if (off.length > 0) await wentOff(tx, off);
    if (faults.length > 0) await setBmcFaults(tx, faults);
    return told.on.length > 0 ? startedByThemselves(tx, told.on) : {};
  });
}

function parseOff(word: string): { systemId: string; start: number } {
  const [, systemId, start] = /^([a-z0-9]{1,41}):(\d{1,9})$/.exec(word) ?? [];
  if (systemId === undefined) throw invalidField("off", `"${word}" is not SYSTEM_ID:START.`);
  return { systemId, start: Number(start) };
}

function parseFault(word: string): { systemId: string; fault: string | null } {
  const [, systemId, fault = ""] = /^([a-z0-9]{1,41}):([a-z]+)$/.exec(word) ?? [];
  if (systemId === undefined || (fault !== "none" && !bmcFaults.some((known) => known === fault)))
    throw invalidField("bmc", `"${word}" is not SYSTEM_ID:FAULT with a fault out of none, ${bmcFaults.join(", ")}.`);
  return { systemId, fault: fault === "none" ? null : fault };
}
