/** Scans for hosts: which racks are asked, what came of it, and the hosts that they found. */
import { appendChange } from "@rackwright/db/change";
import { rackAddresses, seeAnswers } from "@rackwright/db/discoveries";
import { formatCidr, parseCidr } from "@rackwright/domain/addressing/ip";
import { isOn, LARGEST_SCAN_PREFIX, scanTargets } from "@rackwright/domain/discovery/targets";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { type Ctx, inTransaction, type Region } from "../context.ts";
import { audit } from "./audit.ts";
import { getConfig } from "./config.ts";

export interface ScanRequest {
  cidrs: readonly string[];
  /** All networks, where none is named. */
  force: boolean;
  alwaysUsePing: boolean;
  slow: boolean;
  threads: number | null;
}

export interface ScanRack {
  nodeId: number;
  systemId: string;
  hostname: string;
}

export interface Scan {
  result: string;
  attempted: ScanRack[];
  /** Not connected. */
  away: ScanRack[];
  started: ScanRack[];
  failed: ScanRack[];
  /** Did not answer in time. */
  silent: ScanRack[];
  failures: { type: string; message: string }[];
}

/** @throws DomainError invalid_fields */
export async function scanNetworks(ctx: Ctx, request: ScanRequest): Promise<Scan> {
  const { racks, db } = ctx.region;
  const { network_discovery } = await getConfig(db.kysely, "network_discovery");
  if (network_discovery === "disabled")
    throw new DomainError("bad_request", "Network discovery is switched off: set network_discovery to enabled first.");
  const asked = request.cidrs.map(networkGiven);
  if (asked.length === 0 && !request.force)
    throw invalidField("force", "To scan all networks, say force; else name some by cidr.");
  const near = new Map<number, ScanRack>();
  for (const { ip, cidr, ...rack } of await rackAddresses(db.kysely))
    if (isOn(ip, cidr, asked)) near.set(rack.nodeId, rack);
  const connected = new Set(racks.connected().map((rack) => rack.nodeId));
  // What they say themselves, on networks that nobody has made a subnet of.
  for (const { nodeId, systemId, hostname, interfaces } of racks.connected())
    if (scanTargets(interfaces, asked).length > 0) near.set(nodeId, { nodeId, systemId, hostname });
  const scan: Scan = {
    result: "",
    attempted: [...near.values()],
    away: [],
    started: [],
    failed: [],
    silent: [],
    failures: [],
  };
  const params = {
    cidrs: asked.map(formatCidr),
    alwaysUsePing: request.alwaysUsePing,
    slow: request.slow,
    threads: request.threads,
  };
  await Promise.all(
    scan.attempted.map(async (rack) => {
      if (!connected.has(rack.nodeId)) return void scan.away.push(rack);
      try {
        const { interfaces } = await racks.call(rack.nodeId, "scanNetworks", params);
        if (interfaces.length > 0) return void scan.started.push(rack);
        scan.failures.push({
          type: "bad_request",
          message: `${rack.hostname} has no address on what was to be scanned.`,
        });
        scan.failed.push(rack);
      } catch (error) {
        if (!(error instanceof DomainError)) throw error;
        if (error.code === "rack_timeout") return void scan.silent.push(rack);
        scan.failures.push({ type: error.code, message: error.message });
        (error.code === "rack_unavailable" ? scan.away : scan.failed).push(rack);
      }
    }),
  );
  scan.result = inWords(scan);
  await inTransaction(ctx, async (tx) => {
    const what = asked.length === 0 ? "all networks" : params.cidrs.slice(0, 20).join(", ");
    await audit(ctx, tx, "NETWORKING", `Scanned ${what} by ${scan.started.length} rack controllers.`);
    await appendChange(tx, { kind: "update", entity: "discovery", entityId: "scan" });
  });
  return scan;
}

function networkGiven(text: string) {
  const cidr = parseCidr(text);
  if (!cidr) throw invalidField("cidr", `"${text}" is no network: write it like 10.0.0.0/24.`);
  if (cidr.family !== 4)
    throw invalidField("cidr", `${text} is of IPv6, which is not scanned: it has too many addresses.`);
  if (cidr.prefix < LARGEST_SCAN_PREFIX)
    throw invalidField("cidr", `${text} is too large: scan it in parts of a /${LARGEST_SCAN_PREFIX} at most.`);
  return cidr;
}

function inWords({ attempted, started }: Scan): string {
  if (attempted.length === 0) return "No rack controller has an address on what was to be scanned.";
  if (started.length === 0)
    return "Scanning could be started on no rack controller: see failures, and which are not connected.";
  const names = started.map((rack) => rack.hostname).join(", ");
  return started.length === attempted.length
    ? `Scanning is in progress on ${names}.`
    : `Scanning is in progress on ${names}; not on all that are there.`;
}

/** Hosts that answered a rack. Whoever switches discovery off meanwhile has none recorded. */
export async function recordNeighbours(
  region: Region,
  rack: { nodeId: number },
  seen: readonly { interface: string; ip: string; mac: string }[],
): Promise<void> {
  const { network_discovery } = await getConfig(region.db.kysely, "network_discovery");
  if (network_discovery === "disabled") return;
  await inTransaction({ region }, async (tx) => {
    for (const id of await seeAnswers(tx, rack.nodeId, seen, region.now()))
      await appendChange(tx, { kind: "create", entity: "discovery", entityId: id });
  });
}
