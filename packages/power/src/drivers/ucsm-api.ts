/**
 * The XML API of Cisco UCS Manager (UCS Manager XML API Programmer's Guide): documents by POST to /nuova, in a session. A user has 32 of
 * them at most, and one that nobody ends stays for ten minutes: whatever happens, it is ended.
 */
import { PowerError } from "../driver.ts";
import type { Outside } from "../outside.ts";
import { type Element, escapeXml, find, parseXml } from "../xml.ts";

export interface UcsmAccess {
  /** http://HOST or https://HOST */
  address: string;
  user: string;
  password: string;
  /** For messages. */
  name: string;
  outside: Outside;
  signal: AbortSignal;
}

export interface Ucsm {
  /** Objects of a class of which the property is equal to a value, or matches a regular expression; without a filter all. */
  resolve(
    cls: string,
    filter?: { property: string; equal: string } | { property: string; match: string },
  ): Promise<Element[]>;
  /** Change attributes of one object. */
  change(cls: string, dn: string, attributes: Readonly<Record<string, string>>): Promise<void>;
}

/** Ending a session is not worth more. */
const LOGOUT_MS = 2000;
/** Authentication failed; the user's rights do not suffice. */
const AUTH_CODES = ["551", "552", "556"];

/** @throws PowerError */
export async function withUcsm<T>(access: UcsmAccess, act: (api: Ucsm) => Promise<T>): Promise<T> {
  const session = await send(access, "aaaLogin", { inName: access.user, inPassword: access.password });
  const cookie = session.attributes["outCookie"] ?? "";
  if (cookie === "") throw broken(access, "it let us in without a session");
  try {
    return await act({
      async resolve(cls, filter) {
        const given = { cookie, classId: cls, inHierarchical: "false" };
        const reply = await send(access, "configResolveClass", given, filter ? inFilter(cls, filter) : "");
        return find(reply, "outConfigs").flatMap((configs) => configs.children);
      },
      async change(cls, dn, attributes) {
        const inConfig = `<inConfig>${element(cls, { dn, ...attributes })}</inConfig>`;
        await send(access, "configConfMo", { cookie, dn, inHierarchical: "false" }, inConfig);
      },
    });
  } finally {
    const ending = { ...access, signal: AbortSignal.timeout(LOGOUT_MS) };
    await send(ending, "aaaLogout", { inCookie: cookie }).catch(() => undefined);
  }
}

function inFilter(cls: string, filter: { property: string; equal: string } | { property: string; match: string }) {
  const { property } = filter;
  const term =
    "equal" in filter
      ? element("eq", { class: cls, property, value: filter.equal })
      : element("wcard", { class: cls, property, value: filter.match });
  return `<inFilter>${term}</inFilter>`;
}

async function send(
  access: UcsmAccess,
  method: string,
  attributes: Readonly<Record<string, string>>,
  inner = "",
): Promise<Element> {
  const { outside, signal, name } = access;
  const request = {
    method: "POST",
    url: new URL("/nuova", access.address),
    headers: { "content-type": "application/x-www-form-urlencoded", "user-agent": "rackwright" },
    body: element(method, attributes, inner),
    // They sign their certificates themselves, and the power type has no setting for another.
    verifyTls: false,
  } as const;
  const reply = await outside.http(request, signal).catch((error: unknown) => {
    if (signal.aborted) throw error;
    const { code = "", message } = error as NodeJS.ErrnoException;
    const why = `${name} does not answer: ${message || code}`;
    throw new PowerError("unreachable", `${why}: check the address, the network and that its HTTP service is enabled`, {
      cause: error,
    });
  });
  if (reply.status !== 200) throw broken(access, `it answered ${method} with HTTP status ${reply.status}`);
  const answer = parsed(access, reply.body);
  const { errorCode = "0", errorDescr = "" } = answer.attributes;
  if (errorCode === "0" || errorCode === "") return answer;
  const said = `${name} refused ${method}: ${errorDescr || "no reason given"} (error ${errorCode})`;
  throw AUTH_CODES.includes(errorCode)
    ? new PowerError("auth", `${said}: check power_user and power_pass`)
    : new PowerError("refused", said);
}

function parsed(access: UcsmAccess, text: string): Element {
  try {
    return parseXml(text.trim());
  } catch (error) {
    throw broken(access, `what it answers is no XML: ${text.slice(0, 120).replace(/\s+/g, " ")}`, error);
  }
}

const broken = ({ name }: UcsmAccess, why: string, cause?: unknown) =>
  new PowerError("refused", `${name}: ${why}: check that a UCS Manager is at that address`, { cause });

function element(name: string, attributes: Readonly<Record<string, string>>, inner = ""): string {
  const given = Object.entries(attributes).map(([key, value]) => ` ${key}="${escapeXml(value)}"`);
  return `<${name}${given.join("")}${inner === "" ? "/>" : `>${inner}</${name}>`}`;
}
