import type { Arguments, Refused } from "../builtin.ts";
import { dataOption } from "../local/admin-socket.ts";
import { localAccountsOnly, readInstallation } from "../local/installation.ts";
import type { Shell } from "../shell.ts";

const refused: Record<string, Refused> = Object.fromEntries(
  [
    "rbac-url",
    "rbac-service-name",
    "candid-agent-file",
    "candid-domain",
    "candid-admin-group",
    "idm-url",
    "idm-user",
    "idm-key",
    "idm-agent-file",
    "idm-domain",
    "idm-admin-group",
    "oidc-issuer",
    "oidc-client-id",
  ].map((name) => [name, { value: true, why: localAccountsOnly }]),
);

export const spec = {
  title: "Show how users are known. They are this region's own: there is nothing else to choose.",
  positionals: [],
  options: {
    json: { text: "as JSON, with the names that the original has" },
    none: { text: "use accounts of the region's own, as it is" },
    ...dataOption,
  },
  refused,
};

/** Asked of the region, so that an answer always stands for one that is there. */
export async function run({ values, flags }: Arguments, shell: Shell): Promise<number> {
  await readInstallation(shell, values["data"]);
  if (flags["json"])
    await shell.out(`${JSON.stringify({ external_auth_url: "", external_auth_admin_group: "", rbac_url: "" })}\n`);
  else if (!flags["none"]) await shell.out(`Users: ${localAccountsOnly}.\n`);
  return 0;
}
