/** Power by three URLs of somebody's own service: POST switches, GET tells the state in a text that two patterns read. */
import { isIP } from "node:net";
import type { Attempt } from "../driver.ts";
import { PowerError, powerDriver } from "../driver.ts";
import type { HttpReply } from "../outside/http.ts";
import { parsePattern } from "../outside/match.ts";

const settings = {
  power_on_uri: { label: "URI to power on the node", kind: "url", required: true, check: usableUrl },
  power_off_uri: { label: "URI to power off the node", kind: "url", required: true, check: usableUrl },
  power_query_uri: { label: "URI to query the node's power status", kind: "url", required: true, check: usableUrl },
  power_on_regex: {
    label: "Pattern in the reply that means on",
    kind: "text",
    required: true,
    default: "status.*\\:.*running",
    check: validPattern,
  },
  power_off_regex: {
    label: "Pattern in the reply that means off",
    kind: "text",
    required: true,
    default: "status.*\\:.*stopped",
    check: validPattern,
  },
  power_user: { label: "User, for basic authentication", kind: "text" },
  power_pass: { label: "Password", kind: "password", secret: true },
  power_token: { label: "Bearer token, used instead of user and password", kind: "password", secret: true },
  power_verify_ssl: {
    label: "Verify the TLS certificate",
    kind: "choice",
    required: true,
    default: "n",
    choices: [
      { value: "n", label: "No" },
      { value: "y", label: "Yes" },
    ],
  },
} as const;

type Webhook = Attempt<typeof settings>;

export const webhook = powerDriver({
  name: "webhook",
  description: "Webhook",
  settings,
  queryable: true,
  canSetBootOrder: false,
  addressSetting: "power_query_uri",
  async query(attempt) {
    const { outside, signal, settings } = attempt;
    const { body } = await call(attempt, "GET", settings.power_query_uri);
    if (await outside.matches(settings.power_on_regex, body, signal)) return "on";
    if (await outside.matches(settings.power_off_regex, body, signal)) return "off";
    const start = body.slice(0, 120).replace(/\s+/g, " ");
    throw refused(settings.power_query_uri, "GET", `the reply matches neither pattern for on nor for off: ${start}`);
  },
  on: async (attempt) => void (await call(attempt, "POST", attempt.settings.power_on_uri)),
  off: async (attempt) => void (await call(attempt, "POST", attempt.settings.power_off_uri)),
});

const REDIRECTS = 5;

/** One call, redirects followed. @throws PowerError */
async function call(attempt: Webhook, method: "GET" | "POST", uri: string): Promise<HttpReply> {
  const { outside, settings, signal } = attempt;
  let url = new URL(uri);
  let authorization = authorizationOf(settings);
  for (let hop = 0; hop <= REDIRECTS; hop++) {
    const headers = { accept: "*/*", "user-agent": "rackwright", ...(authorization && { authorization }) };
    const verifyTls = settings.power_verify_ssl === "y";
    const reply = await outside.http({ method, url, headers, verifyTls }, signal).catch((error: unknown) => {
      throw signal.aborted ? error : transportError(uri, method, error);
    });
    const { location } = reply.headers;
    if (reply.status < 300 || reply.status > 399 || location === undefined) return accepted(reply, uri, method);
    const next = new URL(location, url);
    if (next.protocol !== "http:" && next.protocol !== "https:")
      throw refused(uri, method, `it redirects to ${next.protocol}, which is not HTTP`);
    // The same host over TLS may keep the credentials; another host must not see them.
    if (next.hostname !== url.hostname || (url.protocol === "https:" && next.protocol === "http:")) authorization = "";
    if (reply.status === 303) method = "GET";
    url = next;
  }
  throw refused(uri, method, `it redirects more than ${REDIRECTS} times`);
}

function accepted(reply: HttpReply, uri: string, method: string): HttpReply {
  const { status } = reply;
  if (status >= 200 && status < 300) return reply;
  if (status === 401 || status === 403)
    throw new PowerError(
      "auth",
      `${method} ${shown(uri)} answered ${status}: check power_user and power_pass, or power_token`,
    );
  // A gateway that cannot reach what is behind it says so with these (RFC 9110 15.6.3 to 15.6.5).
  if (status === 502 || status === 503 || status === 504)
    throw new PowerError(
      "unreachable",
      `${method} ${shown(uri)} answered ${status}: check the service behind that address`,
    );
  throw refused(uri, method, `it answered ${status}: check the URI and the log of that service`);
}

function transportError(uri: string, method: string, error: unknown): PowerError {
  const { code = "", message } = error as NodeJS.ErrnoException;
  const what = `${method} ${shown(uri)} failed: ${message || code}`;
  if (/CERT|SELF_SIGNED|UNABLE_TO_VERIFY|ERR_TLS/.test(code))
    return new PowerError("refused", `${what}: install its certificate authority, or set power_verify_ssl to n`, {
      cause: error,
    });
  return new PowerError("unreachable", `${what}: check the address, the network and that the service runs`, {
    cause: error,
  });
}

function authorizationOf({ power_token, power_user, power_pass }: Webhook["settings"]): string {
  if (power_token !== "") return `Bearer ${power_token}`;
  if (power_user === "") return "";
  return `Basic ${Buffer.from(`${power_user}:${power_pass}`).toString("base64")}`;
}

const refused = (uri: string, method: string, why: string) =>
  new PowerError("refused", `${method} ${shown(uri)}: ${why}`);
const shown = (uri: string) => uri.replace(/\/\/[^/@]*@/, "//");

function usableUrl(value: string): string | undefined {
  const { hostname, username } = new URL(value);
  if (username !== "") return "Give user and password in power_user and power_pass, not in the URL.";
  const name = hostname.replace(/^\[|\]$/g, "");
  return isIP(name) || /^[a-z0-9_.-]+$/i.test(name) ? undefined : `${hostname} is not a host name or address.`;
}

function validPattern(value: string): string | undefined {
  try {
    parsePattern(value);
    return undefined;
  } catch (error) {
    return `Not a regular expression: ${(error as Error).message}`;
  }
}
