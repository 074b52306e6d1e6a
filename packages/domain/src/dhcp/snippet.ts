/**
 * DHCP snippets: what an administrator adds to our answers. Kea's own JSON, or statements of ISC dhcpd where they say the same. Only
 * options whose data can be checked here: one that Kea cannot read would stop every later change of its networks.
 */
import { isOptionDomain } from "./domain-name.ts";
import { ipv4ToNumber } from "./ipv4.ts";
import type { DhcpOption } from "./wanted.ts";

export interface Snippet {
  options: DhcpOption[];
  leaseSeconds?: number;
}

type Kind = "ip" | "ips" | "text" | "domain" | "domains" | "flag" | { min: number; max: number };

const UINT8 = { min: 0, max: 0xff };
const UINT32 = { min: 0, max: 0xffff_ffff };

/** RFC 2132; 100 and 101: RFC 4833, 119: RFC 3397. Names are those of Kea, which are mostly those of ISC dhcpd. */
const options: Record<string, [code: number, kind: Kind]> = {
  "time-offset": [2, { min: -(2 ** 31), max: 2 ** 31 - 1 }],
  routers: [3, "ip"],
  "time-servers": [4, "ips"],
  "name-servers": [5, "ips"],
  "domain-name-servers": [6, "ips"],
  "log-servers": [7, "ips"],
  "cookie-servers": [8, "ips"],
  "lpr-servers": [9, "ips"],
  "domain-name": [15, "domain"],
  "root-path": [17, "text"],
  "ip-forwarding": [19, "flag"],
  "default-ip-ttl": [23, UINT8],
  "interface-mtu": [26, { min: 68, max: 0xffff }],
  "all-subnets-local": [27, "flag"],
  "router-discovery": [31, "flag"],
  "arp-cache-timeout": [35, UINT32],
  "default-tcp-ttl": [37, UINT8],
  "nis-domain": [40, "text"],
  "nis-servers": [41, "ips"],
  "ntp-servers": [42, "ips"],
  "netbios-name-servers": [44, "ips"],
  "netbios-dd-server": [45, "ips"],
  "netbios-node-type": [46, UINT8],
  "font-servers": [48, "ips"],
  "x-display-manager": [49, "ips"],
  "smtp-server": [69, "ips"],
  "pop-server": [70, "ips"],
  "nntp-server": [71, "ips"],
  "www-server": [72, "ips"],
  pcode: [100, "text"],
  tcode: [101, "text"],
  "domain-search": [119, "domains"],
};
const byCode = new Map(Object.entries(options).map(([name, [code]]) => [code, name]));

class Unreadable extends Error {}

/** @returns why it cannot be served, in words for its author */
export function parseSnippet(text: string): Snippet | { problem: string } {
  try {
    const snippet = text.trim().startsWith("{") ? readKea(text) : readDhcpd(text);
    if (snippet.options.length === 0 && snippet.leaseSeconds === undefined)
      throw new Unreadable("It says nothing: give options, or a time of leases.");
    return snippet;
  } catch (error) {
    if (error instanceof Unreadable) return { problem: error.message };
    throw error;
  }
}

function option(name: string, values: readonly string[]): DhcpOption {
  const known = Object.hasOwn(options, name) ? options[name] : undefined;
  if (!known)
    throw new Unreadable(
      `The option '${name}' is not served: it is unknown, or decided by us. These are: ${Object.keys(options).join(", ")}.`,
    );
  const [code, kind] = known;
  const wrong = (what: string) => new Unreadable(`The option '${name}' needs ${what}, not "${values.join(", ")}".`);
  const [first = "", ...more] = values;
  if (kind === "ips" || kind === "domains") {
    const good = kind === "ips" ? isAddress : isOptionDomain;
    if (values.length === 0 || !values.every(good)) throw wrong(kind === "ips" ? "IPv4 addresses" : "names of domains");
    return { code, value: values.join(", ") };
  }
  if (more.length > 0) throw wrong("one value");
  if (kind === "ip" && !isAddress(first)) throw wrong("an IPv4 address");
  if (kind === "domain" && !isOptionDomain(first)) throw wrong("the name of a domain");
  if (kind === "text" && !/^[\x21-\x7e]([\x20-\x7e]{0,253}[\x21-\x7e])?$/.test(first)) throw wrong("a short text");
  if (kind === "text" && /[,"\\]/.test(first)) throw wrong("a text without commas, quotes and backslashes");
  if (kind === "flag") {
    const flag = /^(true|on|1)$/i.test(first) ? "true" : /^(false|off|0)$/i.test(first) ? "false" : undefined;
    if (flag === undefined) throw wrong("true or false");
    return { code, value: flag };
  }
  if (typeof kind === "object") {
    const number = /^-?\d{1,10}$/.test(first) ? Number(first) : Number.NaN;
    if (!(number >= kind.min && number <= kind.max)) throw wrong(`a number from ${kind.min} to ${kind.max}`);
    return { code, value: String(number) };
  }
  return { code, value: first };
}

const isAddress = (text: string): boolean => ipv4ToNumber(text) !== undefined;

function lease(text: string): number {
  const seconds = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  if (!(seconds >= 30)) throw new Unreadable(`A lease lasts at least 30 seconds: "${text}" is no such time.`);
  return seconds;
}

function readKea(text: string): Snippet {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch (error) {
    throw new Unreadable(`It begins as JSON and is none: ${error instanceof Error ? error.message : String(error)}`);
  }
  const { "option-data": data = [], "valid-lifetime": lifetime, ...others } = given as Record<string, unknown>;
  const [other] = Object.keys(others);
  if (other !== undefined)
    throw new Unreadable(`'${other}' cannot be set by a snippet: only option-data and valid-lifetime can.`);
  if (!Array.isArray(data)) throw new Unreadable("option-data is a list of options.");
  return {
    options: data.map(readKeaOption),
    ...(lifetime === undefined ? {} : { leaseSeconds: lease(JSON.stringify(lifetime)) }),
  };
}

function readKeaOption(item: unknown): DhcpOption {
  const { name, code, data, space, "csv-format": csv } = (item ?? {}) as Record<string, unknown>;
  if ((space !== undefined && space !== "dhcp4") || csv === false)
    throw new Unreadable("Options are of the space dhcp4, with their data as text.");
  const known = typeof name === "string" ? name : byCode.get(Number(code));
  if (known === undefined) throw new Unreadable(`The option ${JSON.stringify(code ?? item)} is not served: name it.`);
  if (typeof data !== "string") throw new Unreadable(`The option '${known}' has no data: give it as text.`);
  return option(
    known,
    data.split(",").map((each) => each.trim()),
  );
}

/** What dhcpd could do, and why it is not done here. */
const notHere: Record<string, string> = {
  filename: "what machines start from is decided for each of them",
  "next-server": "what machines start from is decided for each of them",
  "server-name": "what machines start from is decided for each of them",
  host: "addresses for a MAC address are reserved IPs",
  "fixed-address": "addresses for a MAC address are reserved IPs",
  "max-lease-time": "a lease has one time: default-lease-time",
  "min-lease-time": "a lease has one time: default-lease-time",
  subnet: "subnets are made as such; give the snippet to one",
  pool: "dynamic ranges are made as such",
  range: "dynamic ranges are made as such",
  if: "conditions have no counterpart",
  class: "classes have no counterpart",
  subclass: "classes have no counterpart",
  match: "classes have no counterpart",
  on: "events have no counterpart",
  set: "variables have no counterpart",
};

function readDhcpd(text: string): Snippet {
  const snippet: Snippet = { options: [] };
  for (const statement of statements(text)) {
    const [word = "", second = ""] = statement.split(/\s+/);
    if (word === "option") {
      const value = statement.replace(/^option\s+\S+\s*/, "");
      const name = second === "bootfile-name" ? "boot-file-name" : second;
      snippet.options.push(option(name, listOf(value)));
    } else if (word === "default-lease-time") snippet.leaseSeconds = lease(second);
    else {
      const why = Object.hasOwn(notHere, word) ? notHere[word] : "it is no option";
      throw new Unreadable(
        `"${statement.slice(0, 60)}" cannot be translated for Kea: ${why}. Options can: option NAME VALUE;`,
      );
    }
  }
  return snippet;
}

/** Without comments; quoted text stays together. */
function statements(text: string): string[] {
  const found: string[] = [];
  let current = "";
  for (const [piece] of text.matchAll(/"[^"\n]*"|#[^\n]*|[^"#]|"/g)) {
    if (piece === ";") {
      found.push(current.trim());
      current = "";
    } else if (!piece.startsWith("#")) current += piece;
  }
  if (current.trim() !== "" && !/^[\s{}]*$/.test(current))
    throw new Unreadable(`"${current.trim().slice(0, 60)}" does not end in a semicolon.`);
  return found.filter((statement) => statement !== "");
}

const listOf = (text: string): string[] =>
  text
    .split(",")
    .map((each) => each.trim().replace(/^"(.*)"$/, "$1"))
    .filter((each) => each !== "");

/** Several snippets as one: of two that say something about one option the later counts. */
export function joinSnippets(snippets: readonly Snippet[]): Snippet {
  const byOption = new Map(snippets.flatMap((each) => each.options).map((each) => [each.code, each]));
  const leaseSeconds = snippets.map((each) => each.leaseSeconds).findLast((each) => each !== undefined);
  return {
    options: [...byOption.values()].toSorted((a, b) => a.code - b.code),
    ...(leaseSeconds === undefined ? {} : { leaseSeconds }),
  };
}
