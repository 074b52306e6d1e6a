/** A small API server for tests: describes itself, records what it is asked, answers as told. */
import { once } from "node:events";
import type { IncomingHttpHeaders, RequestListener } from "node:http";
import { createServer } from "node:http";
import * as https from "node:https";
import type { AddressInfo } from "node:net";

export interface Asked {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

export interface Answer {
  status?: number;
  type?: string;
  body?: string | Buffer;
  headers?: Record<string, string>;
  /** More may come after the body: the reply does not end. */
  isOpen?: boolean;
  /** Never answer. */
  hang?: boolean;
}

export interface ApiServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT/MAAS`. */
  url: string;
  asked: Asked[];
  answers: Record<string, Answer | ((asked: Asked) => Answer)>;
  hash: string;
  describeType: string;
}

export const KEY = "consumer:token:secret";

/** Answers are looked up by `METHOD path?query`, then `METHOD path`; what is not there is 200 `{}`. */
export async function startApiServer(tls?: { key: string; cert: string }): Promise<ApiServer> {
  const answer: RequestListener = (request, reply) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { method = "", url = "", headers } = request;
      const asked = { method, url, headers, body: Buffer.concat(chunks) };
      api.asked.push(asked);
      const found =
        api.answers[`${method} ${url}`] ?? api.answers[`${method} ${url.split("?", 1)[0]}`] ?? usual(api, asked);
      const told = typeof found === "function" ? found(asked) : found;
      if (told.hang) return;
      const type = told.type ?? "application/json; charset=utf-8";
      reply.writeHead(told.status ?? 200, { "content-type": type, "x-maas-api-hash": api.hash, ...told.headers });
      if (told.isOpen) reply.write(told.body ?? "{}");
      else reply.end(told.body ?? "{}");
    });
  };
  const server = tls ? https.createServer(tls, answer) : createServer(answer);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const api: ApiServer = {
    url: `${tls ? "https" : "http"}://127.0.0.1:${(server.address() as AddressInfo).port}/MAAS`,
    asked: [],
    answers: {},
    hash: "a".repeat(40),
    describeType: "application/json",
    async [Symbol.asyncDispose]() {
      if (!server.listening) return;
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
  return api;
}

function usual(api: ApiServer, { method, url, headers }: Asked): Answer {
  if (method === "GET" && url === "/MAAS/api/2.0/describe/")
    return { type: api.describeType, body: JSON.stringify({ doc: "A test API", hash: api.hash, resources }) };
  if (url === "/MAAS/api/2.0/users/?op=whoami" && !headers.authorization?.includes('oauth_signature="%26secret"'))
    return { status: 401, type: "text/plain", body: "Authorization Error: 'no such token'" };
  return {};
}

const action = (method: string, name: string, title: string, params = "") => {
  const isRestful = ["read", "create", "update", "delete"].includes(name);
  const doc = params === "" ? title : `${title}\n\nMore words about it.\n\n${params}`;
  return { name, method, op: isRestful ? null : name, restful: isRestful, doc };
};
const param = (name: string) => `:param ${name}: Optional. What it is.\n:type ${name}: string\n`;

type Action = ReturnType<typeof action>;
const handler = (name: string, path: string, params: string[], doc: string, actions: Action[]) => ({
  name,
  path: `/MAAS/api/2.0/${path}`,
  uri: `http://elsewhere.invalid/MAAS/api/2.0/${path}`,
  params,
  doc,
  actions,
});

const auth = [
  handler("AccountHandler", "account/", [], "Manage the current logged-in user.", [
    action("POST", "create_authorisation_token", "Create an authorisation token", param("name")),
    action("POST", "delete_authorisation_token", "Delete an authorisation token", param("token_key")),
    action("GET", "list_authorisation_tokens", "List authorisation tokens"),
    action("POST", "update_token_name", "Modify authorisation token", param("token") + param("name")),
  ]),
  handler("BootResourcesHandler", "boot-resources/", [], "Images.", [
    action("POST", "create", "Upload an image", param("content")),
    action("GET", "read", "List images", param("type")),
  ]),
  handler("ChangesHandler", "changes/", [], "What changed.", [
    action("GET", "read", "Read changes", param("after") + param("entity")),
    action("GET", "stream", "Follow changes", param("after")),
  ]),
  handler("MachineHandler", "machines/{system_id}/", ["system_id"], "One machine.", [
    action("DELETE", "delete", "Delete a machine", param("force")),
    action("POST", "deploy", "Deploy a machine", param("distro_series")),
    action("GET", "power_parameters", "Read power parameters"),
    action("GET", "read", "Read a machine"),
    action("GET", "timeline", "Read a machine's timeline", param("level")),
    action("PUT", "update", "Change a machine", param("hostname")),
  ]),
  handler("MachinesHandler", "machines/", [], "All machines.\n\nEvery one of them.", [
    action("GET", "read", "List machines", param("hostname")),
    action("POST", "accept_all", "Accept all new machines"),
  ]),
  handler("NodeScriptsHandler", "scripts/", [], "Scripts.", [
    action("POST", "create", "Add a script", param("script")),
  ]),
  handler("NodeScriptHandler", "scripts/{name}", ["name"], "One script.", [
    action("GET", "download", "Download a script", param("revision")),
    action("PUT", "update", "Change a script", param("script")),
  ]),
  handler("NodeScriptResultsHandler", "nodes/{system_id}/results/", ["system_id"], "Results.", [
    action("GET", "read", "List results", param("type")),
  ]),
  handler("NodeScriptResultHandler", "nodes/{system_id}/results/{id}/", ["system_id", "id"], "One result.", [
    action("GET", "follow", "Follow a run", param("filters")),
    action("GET", "read", "Read a run", param("filters")),
    action("PUT", "update", "Change a result", param("suppressed")),
  ]),
  handler("SSHKeysHandler", "account/prefs/sshkeys/", [], "Keys.", [
    action("POST", "import", "Import keys", param("keysource")),
  ]),
];
const version = handler("VersionHandler", "version/", [], "The version.", [action("GET", "read", "Read the version")]);
const anonMachines = handler("AnonMachinesHandler", "machines/", [], "Machines for anybody.", [
  action("POST", "create", "Enlist"),
]);

const resources = [
  ...auth.map((it) => ({ name: it.name, auth: it, anon: it.name === "MachinesHandler" ? anonMachines : null })),
  { name: version.name, auth: null, anon: version },
];
