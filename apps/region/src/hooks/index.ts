/** What the output of a built-in script means for the machine that ran it. Called for scripts that ended with exit status 0. */
import type { Tx } from "@rackwright/db/connect";
import { setBootInterface } from "@rackwright/db/hardware-network";
import { readMachineById, updateMachine } from "@rackwright/db/machines";
import { bootifMac } from "@rackwright/domain/hardware/bootif";
import { lldpRouters } from "@rackwright/domain/hardware/lldp";
import { parseHardwareReport } from "@rackwright/domain/hardware/parse";
import { BadReport } from "@rackwright/domain/hardware/read";
import type { Ctx } from "../context.ts";
import { noteInventory, noteSwitchPorts } from "../app/inventory.ts";
import { notePreflight, sharersOf } from "../app/preflight.ts";
import { regenerateTests } from "../app/script-set-refresh.ts";
import { detailsChanged } from "../app/tag-evaluation.ts";
import { applyHardwareReport } from "./commissioning.ts";

type Hook = (ctx: Ctx, tx: Tx, machineId: number, stdout: string) => Promise<void>;

/** maas-list-modaliases needs none: scripts for certain hardware are chosen by its stored output. */
const hooks: Readonly<Record<string, Hook>> = {
  "50-maas-01-commissioning": commissioningHook,
  "maas-kernel-cmdline": cmdlineHook,
  "maas-lshw": detailsChanged,
  "maas-capture-lldpd": neighboursHook,
};

export interface HookOutcome {
  /** The output cannot be used: why, for whoever looks at the script's result, which the caller marks failed. Nothing was written. */
  failed?: string;
  /** Whether there is anything to be learnt from that script at all. */
  ran: boolean;
}

/** The caller holds the machine's row, in `tx`. */
export async function runHook(
  ctx: Ctx,
  tx: Tx,
  machineId: number,
  scriptName: string,
  stdout: string | Uint8Array,
): Promise<HookOutcome> {
  const hook = Object.hasOwn(hooks, scriptName) ? hooks[scriptName] : undefined;
  if (!hook) return { ran: false };
  try {
    await hook(ctx, tx, machineId, typeof stdout === "string" ? stdout : new TextDecoder().decode(stdout));
    return { ran: true };
  } catch (error) {
    if (!(error instanceof BadReport)) throw error;
    return { ran: true, failed: `${scriptName}: ${error.message}` };
  }
}

/** The routers that it sees are among what machines are chosen by. */
async function neighboursHook(ctx: Ctx, tx: Tx, machineId: number, stdout: string): Promise<void> {
  await updateMachine(tx, machineId, {}, { routers: lldpRouters(stdout) });
  await noteSwitchPorts(tx, machineId, stdout);
  await detailsChanged(ctx, tx, machineId);
}

async function commissioningHook(ctx: Ctx, tx: Tx, machineId: number, stdout: string): Promise<void> {
  const report = parseHardwareReport(stdout);
  const sharers = await sharersOf(tx, machineId);
  const loaded = await readMachineById(tx, machineId);
  if (!loaded) return;
  const { skipNetworking, skipStorage, status, osystem } = loaded.machine;
  const isConfigured = status === "deployed" && osystem !== "";
  await applyHardwareReport(ctx, tx, machineId, report, { skipNetworking, skipStorage, status, isConfigured });
  await noteInventory(tx, loaded.machine, report);
  await notePreflight(tx, machineId, sharers);
  // Tests were chosen before the disks and cards were known: now each gets its own run.
  await regenerateTests(ctx, tx, machineId, ["storage", "interface"]);
}

/** Serial scripts end first, so that the interface is there by now. An unknown card changes nothing. */
async function cmdlineHook(_ctx: Ctx, tx: Tx, machineId: number, stdout: string): Promise<void> {
  const mac = bootifMac(stdout);
  if (mac !== undefined) await setBootInterface(tx, machineId, mac);
}
