/** What `script/up` says when it is ready, and the first administrator, without whom nobody could use it. */
import { createFirstAdmin, hasUser } from "@rackwright/region/app/accounts";
import { listUsers } from "@rackwright/db/users";
import type { Region } from "@rackwright/region/context";
import { adminPassword } from "./admin-password.ts";
import type { Controller } from "./controller.ts";
import type { UpOptions } from "./options.ts";

/** @returns the text for standard output */
export async function greeting(
  options: UpOptions,
  controller: Pick<Controller, "running" | "url">,
  signal: AbortSignal,
): Promise<string> {
  const { region } = controller.running;
  const username = options.admin ?? (await existingAdmin(region)) ?? "admin";
  const first = !(await hasUser(region, username));
  const { password, generated } = first
    ? await adminPassword(options.adminPasswordFile, username)
    : { password: "", generated: false };
  signal.throwIfAborted();
  const apiKey = await createFirstAdmin(region, { username, password });
  const { url } = controller;
  if (options.json) {
    return `${JSON.stringify({ url, username, api_key: apiKey, ...(generated ? { password } : {}) })}\n`;
  }
  const made = `Administrator ${username} was made${generated ? `, with the password ${password} (shown this once)` : ""}.\nAPI key: ${apiKey}\n`;
  return `
Rackwright is ready at ${url}
${first ? made : ""}Log in from the command line:  bin/maas login ${username} ${url} ${first ? apiKey : "API_KEY"}
${options.simulated ? "Its machines are emulated:  MAAS_URL and MAAS_APIKEY in the environment, script/simulate --help says what can be played\n" : ""}
`;
}

/** `admin`, or else the first by name. */
async function existingAdmin(region: Region): Promise<string | undefined> {
  const names = (await listUsers(region.db.kysely)).filter((u) => u.isSuperuser && u.isActive).map((u) => u.username);
  return names.includes("admin") ? "admin" : names[0];
}
