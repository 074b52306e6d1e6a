/** An API key for a name and a password: the one that this host got before, else a new one (`accounts/authenticate/`). */
import { hostname } from "node:os";
import { CliError } from "../errors.ts";
import type { ApiKey } from "./api-key.ts";
import type { Trust } from "./http.ts";
import { send } from "./http.ts";

/** @param url the API's root. @throws CliError with exit code 1 when it is refused */
export async function keyByPassword(url: string, username: string, password: string, trust: Trust): Promise<ApiKey> {
  const { origin, pathname } = new URL(url);
  const path = `${pathname.replace(/api\/[0-9.]+\/$/, "")}accounts/authenticate/`;
  const body = Buffer.from(new URLSearchParams({ username, password, consumer: `maas at ${hostname()}` }).toString());
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const reply = await send({ method: "POST", origin, path, headers, body }, trust);
  const fail = (why: string) => new CliError(`no log in as ${username} at ${origin}${path}: ${why}`, { exitCode: 1 });
  const text = reply.body.toString("utf8");
  if (reply.status === 403) throw fail("name or password are wrong, or the user may not log in");
  if (reply.status === 429) throw fail(text);
  if (reply.status === 404) throw fail("the server takes no passwords there: check the URL, it usually ends in /MAAS");
  if (reply.status !== 200) throw fail(`${reply.status} ${reply.reason}`);
  return keyIn(text) ?? Promise.reject(fail("its reply holds no API key"));
}

function keyIn(text: string): ApiKey | undefined {
  try {
    const { consumer_key, token_key, token_secret } = JSON.parse(text) as Record<string, unknown>;
    const parts = [consumer_key, token_key, token_secret];
    if (parts.every((part) => typeof part === "string" && part !== "")) return parts as unknown as ApiKey;
  } catch {
    // No JSON: there is no key in it.
  }
  return undefined;
}
