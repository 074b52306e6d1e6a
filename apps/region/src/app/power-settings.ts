/** A machine's power type and parameters: checked, encrypted at rest, masked everywhere but where they are needed. */
import { DomainError, invalidField } from "@rackwright/domain/errors";
import type { NodeRow } from "@rackwright/db/machines";
import { oldPowerTypes } from "@rackwright/power/old-types";
import { powerDrivers } from "@rackwright/power/registry";
import { checkSettings } from "@rackwright/power/settings";
import { powerTypeNames } from "@rackwright/power/type-names";
import type { Ctx, Region } from "../context.ts";

const purpose = (systemId: string) => `power:${systemId}`;

export type PowerParameters = Record<string, string | string[]>;

export function readPowerParameters(
  region: Pick<Region, "secrets">,
  row: Pick<NodeRow, "system_id" | "power_parameters">,
): PowerParameters {
  if (row.power_parameters === null) return {};
  return JSON.parse(region.secrets.open(purpose(row.system_id), row.power_parameters)) as PowerParameters;
}

/**
 * Columns of the row for a power type and the parameters given with it; `given` only changes what it names.
 * @throws DomainError invalid_fields by `power_parameters_NAME`
 */
export function powerColumns(
  region: Pick<Region, "secrets" | "simulated">,
  systemId: string,
  now: { powerType: string; parameters: PowerParameters },
  wanted: { powerType: string | undefined; given: Record<string, unknown>; skipCheck: boolean; partial?: boolean },
): Record<string, unknown> {
  const powerType = wanted.powerType ?? now.powerType;
  if (powerType === "") {
    if (Object.keys(wanted.given).length > 0)
      throw invalidField("power_type", "Power parameters were given without a power type.");
    return { power_type: "", power_parameters: null };
  }
  const kept = powerType === now.powerType ? now.parameters : {};
  const sealed = (values: PowerParameters) => ({
    power_type: powerType,
    power_parameters: region.secrets.seal(purpose(systemId), JSON.stringify(values)),
  });
  // No BMC is asked by them: whatever a script gives to a machine of that type is taken.
  if (region.simulated && isTypeName(powerType)) return sealed({ ...kept, ...asText(wanted.given) });
  const driver = powerDrivers.get(powerType) ?? oldPowerTypes.get(powerType);
  if (!driver)
    throw invalidField(
      "power_type",
      `Select a valid choice. ${powerType} is not one of the available choices: ${[...new Set([...powerDrivers.keys(), ...oldPowerTypes.keys()])].join(", ")}.`,
    );
  const checked = checkSettings(
    driver,
    { ...kept, ...wanted.given },
    {
      skipCheck: wanted.skipCheck,
      partial: wanted.partial ?? false,
    },
  );
  if (!checked.ok) {
    const fields = Object.fromEntries(
      Object.entries(checked.errors).map(([name, messages]) => [`power_parameters_${name}`, messages]),
    );
    const first = Object.entries(fields)[0];
    throw new DomainError("invalid_fields", `${first?.[0]}: ${first?.[1][0]}`, { fields });
  }
  return sealed(checked.values);
}

/** A machine's stored parameters with some of them changed, as columns; undefined where it has none. */
export function changedPowerParameters(
  region: Pick<Region, "secrets">,
  row: Pick<NodeRow, "system_id" | "power_parameters">,
  change: PowerParameters,
): Record<string, unknown> | undefined {
  if (row.power_parameters === null) return undefined;
  const values = { ...readPowerParameters(region, row), ...change };
  return { power_parameters: region.secrets.seal(purpose(row.system_id), JSON.stringify(values)) };
}

/** Of a machine that a user makes without one. Emulated machines have somebody who walks there; real ones need to be told. */
export function unsaidPowerType({ region, actor }: Ctx): string | undefined {
  return region.simulated && actor.kind === "user" ? "manual" : undefined;
}

const isTypeName = (name: string) => powerTypeNames.some((known) => known === name);

function asText(given: Record<string, unknown>): PowerParameters {
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.map(String) : typeof value === "string" ? value : JSON.stringify(value),
    ]),
  );
}

/** Power types that a machine finds out about itself. Of others (a webhook's URL, say) the machine's word is not taken: racks would follow it. */
const FOUND_BY_MACHINES = ["ipmi", "redfish", "mscm", "moonshot", "wedge"];

/** A machine found a BMC that speaks what nothing here does. */
export const isUndriven = (region: Pick<Region, "simulated">, powerType: string): boolean =>
  !region.simulated &&
  FOUND_BY_MACHINES.includes(powerType) &&
  !powerDrivers.has(powerType) &&
  !oldPowerTypes.has(powerType);

/**
 * As `powerColumns`, of what a machine says, or whoever claims to be it. Stored parameters are not joined with what is said: a password
 * would go to whatever address it names.
 * @throws DomainError invalid_fields also for a type that no machine finds out about itself
 */
export function reportedPowerColumns(
  region: Pick<Region, "secrets" | "simulated">,
  systemId: string,
  powerType: string,
  given: Record<string, unknown>,
): Record<string, unknown> {
  const isKnown = powerDrivers.has(powerType) || oldPowerTypes.has(powerType);
  if (isKnown && !FOUND_BY_MACHINES.includes(powerType) && powerType !== "manual")
    throw invalidField("power_type", `A machine does not set its own power type to ${powerType}: a user does.`);
  return powerColumns(region, systemId, { powerType: "", parameters: {} }, { powerType, given, skipCheck: true });
}
