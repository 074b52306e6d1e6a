/** What can be asked of a machine: its power, its credentials, its hardware as captured. */
import type { Tx } from "@rackwright/db/connect";
import { latestOutputs } from "@rackwright/db/script-results";
import { lockMachineById, type NodeRow } from "@rackwright/db/machines";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { canSwitchPower } from "@rackwright/domain/machine/lifecycle";
import { powerObserved } from "@rackwright/domain/machine/lifecycle/power";
import type { PowerState } from "@rackwright/domain/machine/machine";
import { Binary, serialize } from "bson";
import { nodeToken, type Token } from "../auth/tokens.ts";
import { type Ctx, inTransaction, type Region, systemCtx } from "../context.ts";
import { commit } from "./commit.ts";
import { viewableMachine } from "./machines.ts";
import { type PowerParameters, readPowerParameters } from "./power-settings.ts";

/** How long a query may take (lifecycle.md section 13). */
const QUERY_TIMEOUT_MS = 60_000;

export function powerParametersOf(ctx: Ctx, row: Pick<NodeRow, "system_id" | "power_parameters">): PowerParameters {
  return readPowerParameters(ctx.region, row);
}

export async function machineToken(ctx: Ctx, systemId: string): Promise<Token | null> {
  const { machine } = await viewableMachine(ctx, systemId, "admin_read");
  return nodeToken(ctx.region, machine.id);
}

/** A BSON document with lshw's and lldpctl's output. */
export async function machineDetails(ctx: Ctx, systemId: string): Promise<Uint8Array> {
  await viewableMachine(ctx, systemId);
  return serialize((await hardwareOutputs(ctx, [systemId])).get(systemId) ?? nothing);
}

const nothing = { lshw: null, lldp: null };

/** lshw's and lldpctl's output of these machines, whoever may see it. */
export async function hardwareOutputs(
  ctx: Ctx,
  systemIds: readonly string[],
): Promise<Map<string, { lshw: Binary | null; lldp: Binary | null }>> {
  const found = await latestOutputs(ctx.region.db.kysely, systemIds, ["maas-lshw", "maas-capture-lldpd"]);
  const binary = (systemId: string, name: string) => {
    const bytes = found.get(systemId)?.get(name);
    return bytes ? new Binary(bytes) : null;
  };
  return new Map(
    systemIds.map((id) => [id, { lshw: binary(id, "maas-lshw"), lldp: binary(id, "maas-capture-lldpd") }]),
  );
}

/** As `machineDetails`, of what is never commissioned. */
export const emptyDetails = (): Uint8Array => serialize(nothing);

/** Racks that can reach the BMC of a machine: the one it last booted through, then any other. */
export function racksFor(region: Pick<Region, "racks">, row: Pick<NodeRow, "boot_rack_id">): number[] {
  const ids = region.racks.connected().map((r) => r.nodeId);
  return ids.sort((a, b) => Number(b === row.boot_rack_id) - Number(a === row.boot_rack_id));
}

export function flatParameters(parameters: PowerParameters): Record<string, string> {
  return Object.fromEntries(
    Object.entries(parameters).map(([name, value]) => [name, Array.isArray(value) ? value.join(",") : value]),
  );
}

/** Ask the BMC, record what it says. */
export async function queryPower(ctx: Ctx, systemId: string): Promise<PowerState> {
  const { machine, row } = await viewableMachine(ctx, systemId);
  if (machine.powerType === "") throw invalidField("power_type", `${machine.hostname} has no power type: set one.`);
  if (!canSwitchPower(machine)) return "unknown";
  const state = await askBmc(ctx.region, row);
  if (state !== "unknown") await observePower(ctx.region, machine.id, state);
  return state;
}

/** @throws DomainError power_failed, rack_unavailable */
export async function askBmc(region: Region, row: NodeRow): Promise<"on" | "off" | "unknown"> {
  const [rack] = racksFor(region, row);
  if (rack === undefined)
    throw new DomainError("rack_unavailable", `No rack controller is connected to ask ${row.hostname}'s BMC.`);
  const { state } = await region.racks.call(
    rack,
    "power",
    {
      systemId: row.system_id,
      bootEpoch: row.boot_epoch,
      action: "query",
      powerType: row.power_type,
      parameters: flatParameters(readPowerParameters(region, row)),
      bootDevice: null,
      done: [],
    },
    { timeoutMs: QUERY_TIMEOUT_MS },
  );
  return state;
}

/**
 * What the BMC said becomes a fact; finishes a release when that is waited for.
 * @param also done in the same transaction, with the machine locked
 */
export async function observePower(
  region: Region,
  machineId: number,
  state: "on" | "off",
  also?: (tx: Tx) => Promise<void>,
): Promise<void> {
  const ctx = systemCtx(region);
  await inTransaction(ctx, async (tx) => {
    const loaded = await lockMachineById(tx, machineId);
    if (!loaded) return;
    await also?.(tx);
    await commit(ctx, tx, loaded, powerObserved(loaded.machine, state, region.now()), {
      power_checked_at: region.now(),
    });
  });
}
