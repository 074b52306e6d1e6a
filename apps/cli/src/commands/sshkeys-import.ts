import type { Api } from "../action-command.ts";
import { buildRequest } from "../api/request.ts";
import { CliError } from "../errors.ts";

/** `sshkeys import lp:user gh:user user`: each is where keys come from, without a key= before it. */
export async function importSshKeys(api: Api, sources: string[]): Promise<number> {
  if (sources.length === 0) throw new CliError("say whose keys: lp:USER (Launchpad), gh:USER (GitHub) or USER");
  const parameters = sources.map((source) => ({ key: "keysource", value: source.replace(/^keysource=/, "") }));
  const request = buildRequest(api.profile, api.resource.handler, api.action, [], parameters);
  return api.print(await api.exchange(request));
}
