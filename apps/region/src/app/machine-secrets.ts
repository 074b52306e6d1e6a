/** The secrets of machines, so that they can be taken out of what is shown of them. */
import type { NodeRow } from "@rackwright/db/machines";
import { tokensOfNodes } from "@rackwright/db/node-tokens";
import { isSecretName } from "@rackwright/domain/recorder/scrub";
import { powerDrivers } from "@rackwright/power/registry";
import { openToken } from "../auth/tokens.ts";
import type { Region } from "../context.ts";
import { readPowerParameters } from "./power-settings.ts";
import { readVmHostPassword } from "./vm-host-deploy.ts";

type Row = Pick<NodeRow, "id" | "system_id" | "power_type" | "power_parameters" | "vm_host_password">;

function powerSecrets(region: Region, row: Row): string[] {
  const settings = powerDrivers.get(row.power_type)?.settings ?? {};
  return Object.entries(readPowerParameters(region, row)).flatMap(([name, value]) =>
    isSecretName(name) || settings[name]?.secret === true ? [value].flat() : [],
  );
}

/** Of several machines, by their ids, in one statement. */
export async function secretsOfMachines(region: Region, rows: readonly Row[]): Promise<Map<number, string[]>> {
  const ids = rows.map((row) => row.id);
  const stored = ids.length === 0 ? [] : await tokensOfNodes(region.db.kysely, ids);
  const tokens = Map.groupBy(stored, (token) => token.nodeId);
  return new Map(
    rows.map((row) => {
      const own = (tokens.get(row.id) ?? []).map((token) => openToken(region, token));
      const ofHost = [readVmHostPassword(region, row)].filter((one) => one !== undefined);
      return [row.id, [...powerSecrets(region, row), ...ofHost, ...own.flatMap((t) => [t.tokenSecret, t.tokenKey])]];
    }),
  );
}

export async function machineSecrets(region: Region, row: Row): Promise<string[]> {
  return (await secretsOfMachines(region, [row])).get(row.id) ?? [];
}
