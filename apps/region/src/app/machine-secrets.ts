/** The secrets of one machine, so that they can be taken out of what is shown of it. */
import type { NodeRow } from "@rackwright/db/machines";
import { isSecretName } from "@rackwright/domain/recorder/scrub";
import { powerDrivers } from "@rackwright/power/registry";
import { nodeToken } from "../auth/tokens.ts";
import type { Region } from "../context.ts";
import { readPowerParameters } from "./power-settings.ts";

export async function machineSecrets(region: Region, row: NodeRow): Promise<string[]> {
  const settings = powerDrivers.get(row.power_type)?.settings ?? {};
  const secrets = Object.entries(readPowerParameters(region, row)).flatMap(([name, value]) =>
    isSecretName(name) || settings[name]?.secret === true ? [value].flat() : [],
  );
  const token = await nodeToken(region, row.id);
  if (token) secrets.push(token.tokenSecret, token.tokenKey);
  return secrets;
}
