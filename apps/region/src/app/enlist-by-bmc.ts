/** Machines that were added by their BMC alone: their first boot says which network interfaces they have (lifecycle.md section 6). */
import { bootedFrom } from "@rackwright/db/boot-secrets";
import type { Tx } from "@rackwright/db/connect";
import { type LoadedMachine, lockMachineById } from "@rackwright/db/machines";
import { insertBootInterfaces, machinesWithoutInterfaces, takenMacs } from "@rackwright/db/nodes";
import { commissionKnown } from "@rackwright/domain/machine/lifecycle/commission";
import { enlistableStatuses, statusCode } from "@rackwright/domain/machine/status";
import type { Ctx } from "../context.ts";
import { commit } from "./commit.ts";
import { lifecycleTimes } from "./config.ts";
import { readPowerParameters } from "./power-settings.ts";

/** Machines whose BMC is compared: those that wait to be seen for the first time are few. */
const MOST_COMPARED = 1000;

export interface Announced {
  macs: readonly string[];
  /** Where the announcement came from. */
  address: string;
  powerType: string | undefined;
  powerAddress: unknown;
}

/**
 * The machine whose BMC this is, with the interfaces that it announced. Nobody's word counts but that of what has booted just now as a
 * stranger with such a MAC address. What is known of its BMC stays as its administrator had it.
 * @returns undefined when there is none
 */
export async function adoptByBmc(ctx: Ctx, tx: Tx, announced: Announced): Promise<LoadedMachine | undefined> {
  const { macs, address, powerType, powerAddress } = announced;
  if (powerType !== "ipmi" || typeof powerAddress !== "string" || powerAddress === "" || macs.length === 0)
    return undefined;
  const codes = enlistableStatuses.map((status) => statusCode[status]);
  const known = (await machinesWithoutInterfaces(tx, powerType, codes, MOST_COMPARED)).find(
    (row) => readPowerParameters(ctx.region, row).power_address === powerAddress,
  );
  if (!known || (await takenMacs(tx, macs)).length > 0) return undefined;
  if (!(await bootedFrom(tx, { nodeId: known.id, macs, address }))) return undefined;
  const loaded = await lockMachineById(tx, known.id);
  if (!loaded || !enlistableStatuses.includes(loaded.machine.status) || loaded.machine.interfaceCount > 0)
    return undefined;
  await insertBootInterfaces(tx, known.id, macs);
  const now = { ...loaded, machine: { ...loaded.machine, interfaceCount: macs.length } };
  if (now.machine.status !== "commissioning" || now.machine.enlisting) return now;
  // It is to run the scripts that somebody chose for it, and not those of enlistment.
  return commit(ctx, tx, now, commissionKnown(now.machine, await lifecycleTimes(ctx, tx)));
}
