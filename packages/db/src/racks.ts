/** Rack controllers: their rows, credentials, and the interfaces that they report. */
import { type Kysely, sql } from "kysely";
import type { Tx } from "./connect.ts";
import { insertNode } from "./nodes.ts";
import type { Schema } from "./schema.ts";

/** Codes of `node.node_type`. */
const RACK = 2;
const REGION = 3;
const REGION_AND_RACK = 4;
/** Code of `node.status`: controllers are always deployed. */
const DEPLOYED = 6;

/** Allocation types of `ip_address`. */
const STICKY = 1;
const OBSERVED = 6;

export interface RackIdentity {
  /** UUID that the rack keeps: by it a rack that enrols again is known. */
  rackId: string;
  hostname: string;
  /** Runs in the region's process. */
  inRegion: boolean;
  /** Node of the region that it enrols at. Absent: known by its host name, where it runs in there. */
  regionNodeId?: number;
}

export interface RackNode {
  nodeId: number;
  systemId: string;
}

/** The rack's row, locked: found by its id, or the region's own row when it runs in there. */
export async function lockRack(tx: Tx, rack: RackIdentity): Promise<RackNode | undefined> {
  const found = await tx
    .selectFrom("node")
    .select(["id as nodeId", "system_id as systemId", "node_type", "hardware_uuid"])
    .where((eb) =>
      eb.or([
        eb.and([eb("hardware_uuid", "=", rack.rackId), eb("node_type", "in", [RACK, REGION_AND_RACK])]),
        ...(!rack.inRegion
          ? []
          : rack.regionNodeId === undefined
            ? [eb.and([eb("node_type", "=", REGION), eb("hostname", "=", rack.hostname)])]
            : [eb("id", "=", rack.regionNodeId)]),
      ]),
    )
    .orderBy("node_type", "desc")
    .limit(1)
    .forUpdate()
    .executeTakeFirst();
  if (!found) return undefined;
  const nodeType = rack.inRegion ? REGION_AND_RACK : RACK;
  // The region's own row takes whichever rack runs in there now: its data directory may have been made anew.
  if (found.node_type !== nodeType || found.hardware_uuid !== rack.rackId)
    await tx
      .updateTable("node")
      .set({ node_type: nodeType, hardware_uuid: rack.rackId })
      .where("id", "=", found.nodeId)
      .execute();
  return { nodeId: found.nodeId, systemId: found.systemId };
}

/** @returns undefined when system id or host name is taken: try others */
export async function insertRack(
  tx: Tx,
  rack: RackIdentity & { systemId: string; domainId: number },
): Promise<RackNode | undefined> {
  const nodeId = await insertNode(tx, {
    systemId: rack.systemId,
    nodeType: rack.inRegion ? REGION_AND_RACK : RACK,
    hostname: rack.hostname,
    domainId: rack.domainId,
    columns: { hardware_uuid: rack.rackId, pool_id: null, status: DEPLOYED, previous_status: DEPLOYED },
  });
  return nodeId === undefined ? undefined : { nodeId, systemId: rack.systemId };
}

/** From now on only the token of this hash is the rack's. */
export async function storeRackToken(tx: Tx, nodeId: number, tokenHash: Buffer): Promise<void> {
  await tx
    .insertInto("rack_credential")
    .values({ node_id: nodeId, token_hash: tokenHash })
    .onConflict((c) => c.column("node_id").doUpdateSet({ token_hash: tokenHash }))
    .execute();
}

export function rackCredential(
  db: Kysely<Schema>,
  systemId: string,
): Promise<{ nodeId: number; tokenHash: Buffer } | undefined> {
  return db
    .selectFrom("rack_credential as c")
    .innerJoin("node as n", "n.id", "c.node_id")
    .select(["n.id as nodeId", "c.token_hash as tokenHash"])
    .where("n.system_id", "=", systemId)
    .executeTakeFirst();
}

export interface ReportedInterface {
  name: string;
  mac: string;
  /** With prefix length. */
  addresses: string[];
}

export interface RackReport {
  version: string;
  architecture: string;
  interfaces: readonly ReportedInterface[];
  host?: { cpuCount: number; memoryMib: number; osystem: string; distroSeries: string };
}

/**
 * What a rack says of itself when it connects: version, architecture, interfaces with their addresses. Interfaces that it does not name are
 * gone. An address on a subnet that is known is the rack's (sticky), any other, or one that somebody else holds, is merely observed.
 * @returns host name, or undefined when the rack has been deleted
 */
export async function storeRackReport(tx: Tx, nodeId: number, report: RackReport): Promise<string | undefined> {
  const node = await tx
    .updateTable("node")
    .set({ version: report.version, architecture: report.architecture, ...hostColumns(report) })
    .where("id", "=", nodeId)
    .returning("hostname")
    .executeTakeFirst();
  if (!node) return undefined;
  const ids = await replaceInterfaces(tx, nodeId, report.interfaces);
  await replaceAddresses(tx, ids, report.interfaces);
  return node.hostname;
}

const hostColumns = ({ host }: RackReport) =>
  host && {
    cpu_count: host.cpuCount,
    memory_mib: host.memoryMib,
    osystem: host.osystem,
    distro_series: host.distroSeries,
  };

async function replaceInterfaces(
  tx: Tx,
  nodeId: number,
  interfaces: readonly ReportedInterface[],
): Promise<Map<string, number>> {
  const names = interfaces.map(({ name }) => name);
  await tx
    .deleteFrom("interface")
    .where("node_id", "=", nodeId)
    .where("name", "<>", sql<string>`all(${names}::text[])`)
    .execute();
  if (interfaces.length === 0) return new Map();
  const taken = await tx
    .selectFrom("interface")
    .select("mac")
    .where("type", "=", "physical")
    .where("node_id", "<>", nodeId)
    .where("mac", "=", sql<string>`any(${interfaces.map(({ mac }) => mac)}::macaddr[])`)
    .execute();
  const used = new Set(taken.map(({ mac }) => mac));
  const rows = interfaces.map(({ name, mac }) => {
    const type = interfaceType(name, used.has(mac));
    if (type === "physical") used.add(mac);
    return { node_id: nodeId, name, mac, type };
  });
  // Types first change to ones that need no unique MAC: an address that moves between two names would meet itself.
  await tx.updateTable("interface").set({ type: "bridge" }).where("node_id", "=", nodeId).execute();
  const stored = await tx
    .insertInto("interface")
    .values(rows)
    .onConflict((c) =>
      c
        .columns(["node_id", "name"])
        .doUpdateSet((eb) => ({ mac: eb.ref("excluded.mac"), type: eb.ref("excluded.type") })),
    )
    .returning(["id", "name"])
    .execute();
  return new Map(stored.map(({ id, name }) => [name, id]));
}

/** VLANs and bridges carry the MAC of what is below them: only the first of a MAC is hardware. */
function interfaceType(name: string, macIsTaken: boolean): string {
  if (/\.\d+$/.test(name)) return "vlan";
  return macIsTaken ? "bridge" : "physical";
}

async function replaceAddresses(
  tx: Tx,
  ids: ReadonlyMap<string, number>,
  interfaces: readonly ReportedInterface[],
): Promise<void> {
  const interfaceIds = [...ids.values()];
  await tx
    .deleteFrom("ip_address")
    .where("interface_id", "=", sql<number>`any(${interfaceIds}::bigint[])`)
    .where("alloc_type", "in", [STICKY, OBSERVED])
    .execute();
  const pairs = interfaces.flatMap(({ name, addresses }) =>
    addresses.map((address) => ({ id: ids.get(name) ?? 0, ip: address.split("/", 1)[0] ?? "" })),
  );
  if (pairs.length === 0) return;
  const { rows } = await sql<{ interfaceId: number; ip: string; subnetId: number | null; vlanId: number | null }>`
    select a.interface_id as "interfaceId", host(a.ip) as ip, s.id as "subnetId", s.vlan_id as "vlanId"
    from unnest(${pairs.map(({ id }) => id)}::bigint[], ${pairs.map(({ ip }) => ip)}::inet[]) as a (interface_id, ip)
    left join lateral (
      select id, vlan_id from subnet where subnet.cidr >>= a.ip order by masklen(subnet.cidr) desc limit 1
    ) s on true`.execute(tx);
  const values = rows.map((row) => ({
    alloc_type: row.subnetId === null ? OBSERVED : STICKY,
    ip: row.ip,
    subnet_id: row.subnetId,
    interface_id: row.interfaceId,
  }));
  const held = await tx
    .insertInto("ip_address")
    .values(values)
    .onConflict((c) => c.doNothing())
    .returning(["interface_id", sql<string>`host(ip)`.as("ip")])
    .execute();
  const done = new Set(held.map((row) => `${row.interface_id} ${row.ip}`));
  const elsewhere = values.filter((row) => !done.has(`${row.interface_id} ${row.ip}`));
  if (elsewhere.length > 0)
    await tx
      .insertInto("ip_address")
      .values(elsewhere.map((row) => ({ ...row, alloc_type: OBSERVED })))
      .execute();
  const onVlan = rows.filter(({ vlanId }) => vlanId !== null);
  await sql`
    update interface set vlan_id = v.vlan_id
    from unnest(${onVlan.map((r) => r.interfaceId)}::bigint[], ${onVlan.map((r) => r.vlanId)}::bigint[]) as v (id, vlan_id)
    where interface.id = v.id`.execute(tx);
}
