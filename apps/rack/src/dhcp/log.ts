/** What Kea's log says about one machine; the answer to "why did this MAC get that answer". */
export interface DhcpEvidence {
  kind: "dhcp";
  mac: string;
  what: DhcpWhat;
  /** The address offered, acknowledged, asked for or refused. */
  address?: string;
  /** The interface the packet came by. */
  via?: string;
  text: string;
}

export type DhcpWhat =
  | "discover"
  | "request"
  | "release"
  | "decline"
  | "inform"
  | "offer"
  | "ack"
  | "nak"
  /** No network of ours where the packet came from. */
  | "no_subnet"
  /** A network, but no address in it. */
  | "no_lease"
  /** The machine took the offer of a server that is not ours. */
  | "foreign_server"
  /** The reserved address is leased to someone else. */
  | "conflict"
  | "dropped";

export interface KeaLogLine {
  severity: "DEBUG" | "INFO" | "WARN" | "ERROR" | "FATAL";
  logger: string;
  /** Message id, for example DHCP4_LEASE_ALLOC. */
  id: string;
  text: string;
}

/** Both the shape that the bootstrap file asks for, and Kea's own, in which it speaks before it has read that file. */
const OURS = /^\d+\.\d+\|(\w+) *\|([\w.-]+)\|(\w+) ?(.*)$/;
const EARLY = /^\d{4}-\S+ \S+ (\w+) +\[([\w.-]+)[^\]]*\] (\w+) ?(.*)$/;

export function parseKeaLine(line: string): KeaLogLine | undefined {
  const match = OURS.exec(line) ?? EARLY.exec(line);
  if (!match) return undefined;
  const [, severity = "", logger = "", id = "", text = ""] = match;
  return { severity: severity as KeaLogLine["severity"], logger, id, text };
}

const RECEIVED: Record<string, DhcpWhat> = {
  DHCPDISCOVER: "discover",
  DHCPREQUEST: "request",
  DHCPDECLINE: "decline",
  DHCPINFORM: "inform",
};

const BY_ID: Record<string, DhcpWhat> = {
  DHCP4_LEASE_ADVERT: "offer",
  DHCP4_LEASE_OFFER: "offer", // its name from Kea 2.3
  DHCP4_LEASE_ALLOC: "ack",
  DHCP4_RELEASE: "release",
  DHCP4_PACKET_DROP_0002: "no_subnet", // came by an interface of ours
  DHCP4_PACKET_DROP_0003: "foreign_server", // a request that names another server
  DHCP4_PACKET_NAK_0001: "no_subnet", // came by a relay
  DHCP4_PACKET_NAK_0003: "no_lease",
  ALLOC_ENGINE_V4_ALLOC_FAIL_SHARED_NETWORK: "no_lease", // says why: pools full, or none
  ALLOC_ENGINE_V4_DISCOVER_ADDRESS_CONFLICT: "conflict",
};

/** Undefined for lines that are about no machine, or that tell nothing new. */
export function toEvidence({ id, text }: KeaLogLine): DhcpEvidence | undefined {
  const mac = /\[hwtype=\d+ ([0-9a-f:]+)\]/.exec(text)?.[1];
  const what = whatOf(id, text);
  if (mac === undefined || what === undefined) return undefined;
  const address = /\b(?:lease|address) (\d+\.\d+\.\d+\.\d+)/.exec(text)?.[1];
  const via = /\binterface ([^\s:]+)/.exec(text)?.[1];
  return { kind: "dhcp", mac, what, ...(address ? { address } : {}), ...(via ? { via } : {}), text: `${id} ${text}` };
}

function whatOf(id: string, text: string): DhcpWhat | undefined {
  if (id === "DHCP4_PACKET_RECEIVED") return RECEIVED[/\b(DHCP[A-Z]+) \(type \d+\)/.exec(text)?.[1] ?? ""];
  const known = BY_ID[id];
  if (known) return known;
  if (id.startsWith("DHCP4_PACKET_NAK")) return "nak";
  return id.startsWith("DHCP4_PACKET_DROP") ? "dropped" : undefined;
}
