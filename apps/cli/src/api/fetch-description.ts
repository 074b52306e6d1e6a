import { CliError } from "../errors.ts";
import type { ApiDescription } from "./describe.ts";
import type { Trust } from "./http.ts";
import { send } from "./http.ts";
import { mediaType } from "./reply.ts";

/** `describe/` below the API's root; no credentials are needed. @throws CliError with exit code 1 */
export async function fetchDescription(url: string, trust: Trust): Promise<ApiDescription> {
  const { origin, pathname } = new URL(url);
  const where = `${url}describe/`;
  const reply = await send({ method: "GET", origin, path: `${pathname}describe/` }, trust);
  const fail = (why: string) => new CliError(`no API description at ${where}: ${why}`, { exitCode: 1 });
  if (reply.status !== 200) throw fail(`${reply.status} ${reply.reason}: check the URL, it usually ends in /MAAS`);
  if (mediaType(reply) !== "application/json")
    throw fail(`expected application/json, got ${reply.headers["content-type"]}`);
  try {
    const description = JSON.parse(reply.body.toString("utf8")) as ApiDescription;
    if (Array.isArray(description.resources)) return description;
  } catch {
    throw fail("it is not JSON");
  }
  throw fail("it lists no resources");
}
