/** Somebody's power service: `/on` and `/off` by POST, `/state` by GET, with basic or bearer authentication. */
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface WebhookBmc extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`, without a slash at the end. */
  url: string;
  user: string;
  password: string;
  token: string;
  state: "on" | "off";
  /** `METHOD path authorization`, in the order they came. */
  requests: string[];
  /** Requests are taken and never answered. */
  hung: boolean;
  /** Answer this instead, once for each entry: a status and, for redirects, where to. */
  instead: { status: number; location?: string }[];
  /** The text of a state reply. */
  describe: (state: "on" | "off") => string;
  stop: () => Promise<void>;
}

export async function startWebhookBmc(): Promise<WebhookBmc> {
  const server = createServer((request, reply) => handle(bmc, request, reply));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const stop = async () => {
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  };
  const bmc: WebhookBmc = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    user: "maas",
    password: "secret:pass",
    token: "a-token",
    state: "off" as const,
    requests: [],
    hung: false,
    instead: [],
    describe: (state) =>
      JSON.stringify({ status: state === "on" ? "running" : "stopped" }, null, 2).replace('":', '" :'),
    stop,
    [Symbol.asyncDispose]: stop,
  };
  return bmc;
}

function handle(bmc: WebhookBmc, request: IncomingMessage, reply: ServerResponse): void {
  const { authorization = "" } = request.headers;
  const { pathname } = new URL(request.url ?? "/", bmc.url);
  bmc.requests.push(`${request.method} ${pathname} ${authorization}`.trim());
  request.resume();
  if (bmc.hung) return;
  const answer = (status: number, text: string) =>
    void reply.writeHead(status, { "content-type": "text/plain" }).end(text);
  const other = bmc.instead.shift();
  if (other) {
    if (other.location !== undefined) reply.setHeader("location", other.location);
    return answer(other.status, "");
  }
  const basic = `Basic ${Buffer.from(`${bmc.user}:${bmc.password}`).toString("base64")}`;
  if (authorization !== basic && authorization !== `Bearer ${bmc.token}`) return answer(401, "who are you");
  switch (`${request.method} ${pathname}`) {
    case "POST /on":
      bmc.state = "on";
      return answer(200, "");
    case "POST /off":
      bmc.state = "off";
      return answer(200, "");
    case "GET /state":
      return answer(200, bmc.describe(bmc.state));
    default:
      return answer(404, "no such action");
  }
}
