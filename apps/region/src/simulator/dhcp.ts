/** What a DHCP server on the network of emulated machines logged: read as a rack would hand it on. */
import type { EvidenceItem } from "@rackwright/contract/rack-protocol";
import { invalidField } from "@rackwright/domain/errors";
import { parseMac } from "@rackwright/domain/machine/names";

/** What racks find in such a log: DhcpWhat of apps/rack. */
const whats = [
  "discover",
  "offer",
  "request",
  "ack",
  "decline",
  "nak",
  "release",
  "inform",
  "no_subnet",
  "no_lease",
  "conflict",
  "dropped",
];

/** @throws DomainError invalid_fields */
export function parseDhcp(text: string): EvidenceItem {
  const seen = objectOf(text);
  const mac = typeof seen.mac === "string" ? parseMac(seen.mac) : undefined;
  const { what, address, log, at } = seen;
  if (mac === undefined) throw invalidField("dhcp", `"${text.slice(0, 200)}" has no mac.`);
  if (typeof what !== "string" || !whats.includes(what))
    throw invalidField("dhcp", `what of ${mac} is none of ${whats.join(", ")}.`);
  if (address !== undefined && (typeof address !== "string" || !/^[0-9.]{7,15}$/.test(address)))
    throw invalidField("dhcp", `address of ${mac} is no IPv4 address.`);
  if (typeof log !== "string" || typeof at !== "number" || !Number.isFinite(at))
    throw invalidField("dhcp", `${what} of ${mac} lacks log (text) or at (milliseconds since 1970).`);
  return {
    source: "dhcp",
    mac,
    address: address ?? null,
    text: `DHCP ${what}${address === undefined ? "" : ` ${address}`} on emulated`,
    detail: { what, log: log.slice(0, 1000) },
    at,
  };
}

function objectOf(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch {
    // Not JSON: said below.
  }
  throw invalidField("dhcp", `"${text.slice(0, 200)}" is not a JSON object.`);
}
