/** A UCS Manager with one blade and one rack unit, as its programmer's guide has the documents: enough of the XML API for power and inventory. */
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface UcsServer {
  kind: "computeBlade" | "computeRackUnit";
  dn: string;
  uuid: string;
  /** DN of its service profile; empty: it has none. */
  profile: string;
  power: "on" | "off" | "test";
  macs: string[];
}

export interface UcsManager extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  url: string;
  user: string;
  password: string;
  servers: UcsServer[];
  /** Names of the documents, in the order they came. */
  methods: string[];
  /** Cookies of those who are logged in. */
  sessions: Set<string>;
  /** Requests are taken and never answered. */
  hung: boolean;
  /** Answer this instead, once for each entry. */
  instead: string[];
  stop: () => Promise<void>;
}

export async function startUcsManager(): Promise<UcsManager> {
  const server = createServer((request, reply) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString("utf8")));
    request.on("end", () => {
      if (request.method !== "POST" || request.url !== "/nuova") reply.writeHead(404).end("not here");
      else if (!manager.hung) answer(manager, body, reply);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const stop = async () => {
    const closed = once(server, "close");
    server.close();
    server.closeAllConnections();
    await closed;
  };
  const manager: UcsManager = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    user: "admin",
    password: `<"se&cret'>`,
    servers: [
      {
        kind: "computeBlade",
        dn: "sys/chassis-1/blade-1",
        uuid: "1b4e28ba-2fa1-11d2-0101-b9a761bde3fb",
        profile: "org-root/ls-web-1",
        power: "off",
        macs: ["00:25:B5:00:00:1A", "00:25:B5:00:00:1B"],
      },
      {
        kind: "computeRackUnit",
        dn: "sys/rack-unit-1",
        uuid: "1b4e28ba-2fa1-11d2-0102-b9a761bde3fb",
        profile: "",
        power: "on",
        macs: ["00:00:00:00:00:00"],
      },
    ],
    methods: [],
    sessions: new Set(),
    hung: false,
    instead: [],
    stop,
    [Symbol.asyncDispose]: stop,
  };
  return manager;
}

const attribute = (body: string, name: string, of = "") =>
  plain(new RegExp(`<${of}[^>]*\\s${name}="([^"]*)"`).exec(body)?.[1] ?? "");
const plain = (text: string) => text.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));

function answer(manager: UcsManager, body: string, reply: ServerResponse): void {
  const method = /^<(\w+)/.exec(body)?.[1] ?? "";
  manager.methods.push(method);
  const send = (text: string) => void reply.writeHead(200, { "content-type": "application/xml" }).end(text);
  const refuse = (code: number, why: string) =>
    send(
      `<${method} cookie="" response="yes" errorCode="${code}" invocationResult="unidentified-fail" errorDescr="${why}"> </${method}>`,
    );
  const other = manager.instead.shift();
  if (other !== undefined) return send(other);
  if (method === "aaaLogin") {
    if (attribute(body, "inName") !== manager.user || attribute(body, "inPassword") !== manager.password)
      return refuse(551, "Authentication failed");
    const cookie = `1217377205/${manager.methods.length}`;
    manager.sessions.add(cookie);
    return send(
      `<?xml version="1.0"?>\n<aaaLogin cookie="" response="yes" outCookie="${cookie}" outRefreshPeriod="600" outPriv="admin" />`,
    );
  }
  if (method === "aaaLogout") {
    manager.sessions.delete(attribute(body, "inCookie"));
    return send(`<aaaLogout cookie="" response="yes" outStatus="success"> </aaaLogout>`);
  }
  const cookie = attribute(body, "cookie");
  if (!manager.sessions.has(cookie)) return refuse(552, "Authorization required");
  const ok = (inner: string) => send(`<${method} cookie="${cookie}" response="yes">${inner}</${method}>`);
  if (method === "configResolveClass") return ok(`<outConfigs>${resolve(manager, body)}</outConfigs>`);
  if (method !== "configConfMo") return refuse(103, "no such method");
  const dn = attribute(body, "dn", "lsPower");
  const of = manager.servers.find((one) => one.profile !== "" && dn === `${one.profile}/power`);
  if (!of) return refuse(102, "the object does not exist");
  of.power = attribute(body, "state", "lsPower") === "admin-up" ? "on" : "off";
  return ok(
    `<outConfig><lsPower dn="${dn}" state="${of.power === "on" ? "up" : "down"}" status="modified"/></outConfig>`,
  );
}

function resolve({ servers }: UcsManager, body: string): string {
  const cls = attribute(body, "classId");
  const value = attribute(body, "value", "(?:eq|wcard)");
  if (cls === "adaptorHostEthIf")
    return servers
      .flatMap(({ dn, macs }) => macs.map((mac, i) => ({ dn: `${dn}/adaptor-1/host-eth-${i + 1}`, mac })))
      .filter(({ dn }) => new RegExp(value).test(dn))
      .map(({ dn, mac }) => `<adaptorHostEthIf dn="${dn}" id="1" mac="${mac}" operState="operable"/>`)
      .join("");
  return servers
    .filter(({ kind, uuid }) => (cls === "computeItem" ? uuid === value : kind === cls))
    .map(
      ({ kind, dn, uuid, profile, power }) =>
        `<${kind} dn="${dn}" uuid="${uuid}" assignedToDn="${profile}" association="associated" numOfCores="16" operPower="${power}" serial="FCH1" totalMemory="65536" usrLbl=""/>`,
    )
    .join("");
}
