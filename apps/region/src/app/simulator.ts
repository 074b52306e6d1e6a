/** What programs that play emulated machines may ask and tell. Refused where machines are real. */
import {
  countSimulated,
  dueSimulated,
  forgetPlayers,
  obeyed,
  type PlayedMachine,
  setBmcFaults,
  startedByThemselves,
  switchOnByHand,
  wentOff,
} from "@rackwright/db/simulated-power";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { handPowerTypes } from "@rackwright/power/type-names";
import { type Ctx, inTransaction, type Region } from "../context.ts";
import type { ConnectedRack } from "../racks/racks.ts";
import { bmcFaults, WIRED_TO } from "../simulator/bmc.ts";
import { parseDhcp } from "../simulator/dhcp.ts";
import { recordEvidence } from "./rack-evidence.ts";

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
    return dueSimulated(tx, options.limit ?? DEFAULT_LIMIT);
  });
}

export async function reportMachines(
  ctx: Ctx,
  told: { obeyed: string[]; on: string[]; off: string[]; bmc: string[]; dhcp: string[] },
): Promise<Record<string, number>> {
  onlySimulated(ctx.region);
  const orders = told.obeyed.map(parseOrder);
  const off = told.off.map(parseOff);
  const faults = told.bmc.map(parseFault);
  const seen = told.dhcp.map(parseDhcp);
  // As the rack with that DHCP server would: by the same door.
  if (seen.length > 0) await recordEvidence(ctx.region, seen);
  return inTransaction(ctx, async (tx) => {
    if (orders.length > 0) await obeyed(tx, orders);
    if (off.length > 0) await wentOff(tx, off);
    if (faults.length > 0) await setBmcFaults(tx, faults);
    return told.on.length > 0 ? startedByThemselves(tx, told.on) : {};
  });
}

function parseOrder(word: string): { systemId: string; start: number; wanted: "on" | "off" } {
  const [, systemId, start, wanted] = /^([a-z0-9]{1,41}):(\d{1,9}):(on|off)$/.exec(word) ?? [];
  if (systemId === undefined)
    throw invalidField("obeyed", `"${word}" is not SYSTEM_ID:START:on or SYSTEM_ID:START:off.`);
  return { systemId, start: Number(start), wanted: wanted === "on" ? "on" : "off" };
}

function parseOff(word: string): { systemId: string; start: number } {
  const [, systemId, start] = /^([a-z0-9]{1,41}):(\d{1,9})$/.exec(word) ?? [];
  if (systemId === undefined) throw invalidField("off", `"${word}" is not SYSTEM_ID:START.`);
  return { systemId, start: Number(start) };
}

function parseFault(word: string): { systemId: string; fault: string | null } {
  const [, systemId, fault = ""] = /^([a-z0-9]{1,41}):([a-z]+|at-[a-z0-9]{1,41})$/.exec(word) ?? [];
  const known = fault === "none" || fault.startsWith(WIRED_TO) || bmcFaults.some((one) => one === fault);
  if (systemId === undefined || !known)
    throw invalidField(
      "bmc",
      `"${word}" is not SYSTEM_ID:FAULT with a fault out of none, ${bmcFaults.join(", ")}, at-SYSTEM_ID.`,
    );
  return { systemId, fault: fault === "none" ? null : fault };
}
