import { diffHosts, type HostDiff } from "@rackwright/domain/dhcp/diff";
import type { DhcpHost, DhcpOption, LeaseRelease } from "@rackwright/domain/dhcp/wanted";
import type { ClientBase } from "pg";
import { inTransaction } from "./transaction.ts";

/** Kea's host_identifier_type of a hardware address. */
const HW_ADDRESS = 0;
/** Of Kea's table dhcp_option_scope. */
const SCOPE_HOST = 3;
/** 10,000 rows go in two statements. */
const BATCH = 5000;

export interface AppliedHosts {
  inserted: number;
  updated: number;
  deleted: number;
  /** Addresses whose lease the rack must drop (`lease4-del`): else the old owner's renewal is met with silence. */
  releases: LeaseRelease[];
}

/** Part of the reservations: those of some subnets, of some MAC addresses, or of subnets that Kea has no more. */
export type HostScope = { subnetIds: readonly number[] } | { macs: readonly string[] } | "stray";

/**
 * Make the reservations those that are wanted. Kea sees them at its next packet: no reload, no pull.
 * @param scope what this is about, default: all. The others stay as they are
 */
export async function applyHosts(
  client: ClientBase,
  wanted: readonly DhcpHost[],
  scope?: HostScope,
): Promise<AppliedHosts> {
  return await inTransaction(client, "kea hosts", async () =>
    writeHosts(client, diffHosts(await readHosts(client, scope), wanted)),
  );
}

function scopeSql(scope: HostScope | undefined): { condition: string; values: unknown[] } {
  if (scope === undefined) return { condition: "", values: [] };
  if (scope === "stray")
    return { condition: "and dhcp4_subnet_id not in (select subnet_id from dhcp4_subnet)", values: [] };
  if ("subnetIds" in scope) return { condition: "and dhcp4_subnet_id = any($1::bigint[])", values: [scope.subnetIds] };
  return {
    condition: "and dhcp_identifier = any($1::bytea[])",
    values: [scope.macs.map((mac) => Buffer.from(mac.replaceAll(":", ""), "hex"))],
  };
}

export async function readHosts(client: ClientBase, scope?: HostScope): Promise<DhcpHost[]> {
  const { condition, values } = scopeSql(scope);
  const { rows } = await client.query<{
    mac: string;
    subnetId: string;
    ip: string | null;
    hostname: string | null;
    classes: string | null;
    options: DhcpOption[] | null;
  }>(
    `select encode(dhcp_identifier, 'hex') as mac, dhcp4_subnet_id as "subnetId", host('0.0.0.0'::inet + ipv4_address) as ip,
       hostname, dhcp4_client_classes as classes, (
         select json_agg(json_build_object('code', o.code, 'value', o.formatted_value) order by o.code)
         from dhcp4_options o where o.host_id = hosts.host_id and o.scope_id = ${SCOPE_HOST}) as options
     from hosts where dhcp_identifier_type = ${HW_ADDRESS} and dhcp4_subnet_id > 0 ${condition}`,
    values,
  );
  return rows.map(({ mac, subnetId, ip, hostname, classes, options }) => ({
    mac: colons(mac),
    subnetId: Number(subnetId),
    ip,
    hostname,
    netboot: classes !== "no-pxe",
    ...(options ? { options } : {}),
  }));
}

export const colons = (hex: string): string => hex.replaceAll(/..(?=.)/g, "$&:");

async function writeHosts(client: ClientBase, diff: HostDiff): Promise<AppliedHosts> {
  for (const hosts of batches(diff.delete))
    await client.query(`delete from hosts h using ${RECORD} where ${SAME_HOST}`, [record(hosts)]);
  // Each statement is a way there and back, and somebody waits for it.
  for (const hosts of batches(diff.update))
    await client.query(
      `with gone as (
         delete from dhcp4_options o using hosts h, ${RECORD} where o.host_id = h.host_id and o.scope_id = ${SCOPE_HOST} and ${SAME_HOST})
       update hosts h set ipv4_address = ${ADDRESS}, hostname = r.hostname, dhcp4_client_classes = r.classes
       from ${RECORD} where ${SAME_HOST}`,
      [record(hosts)],
    );
  for (const hosts of batches(diff.insert))
    await client.query(
      `insert into hosts(dhcp_identifier, dhcp_identifier_type, dhcp4_subnet_id, ipv4_address, hostname, dhcp4_client_classes)
       select decode(r.mac, 'hex'), ${HW_ADDRESS}, r.subnet, ${ADDRESS}, r.hostname, r.classes from ${RECORD}`,
      [record(hosts)],
    );
  for (const hosts of batches([...diff.update, ...diff.insert])) await writeOptions(client, hosts);
  return {
    inserted: diff.insert.length,
    updated: diff.update.length,
    deleted: diff.delete.length,
    releases: diff.releases,
  };
}

/** Of hosts that have none. */
async function writeOptions(client: ClientBase, hosts: DhcpHost[]): Promise<void> {
  const having = hosts.filter(({ options }) => options && options.length > 0);
  if (having.length === 0) return;
  await client.query(
    `insert into dhcp4_options(code, formatted_value, space, persistent, host_id, scope_id)
     select o.code, o.value, 'dhcp4', false, h.host_id, ${SCOPE_HOST}
     from ${RECORD} join hosts h on ${SAME_HOST} cross join lateral json_to_recordset(r.options) as o(code smallint, value text)`,
    [record(having)],
  );
}

const RECORD =
  "json_to_recordset($1) as r(mac text, subnet bigint, ip inet, hostname text, classes text, options json)";
const SAME_HOST = `h.dhcp_identifier = decode(r.mac, 'hex') and h.dhcp_identifier_type = ${HW_ADDRESS} and h.dhcp4_subnet_id = r.subnet`;
const ADDRESS = "r.ip - '0.0.0.0'::inet";

function record(hosts: DhcpHost[]): string {
  return JSON.stringify(
    hosts.map(({ mac, subnetId, ip, hostname, netboot, options }) => ({
      mac: mac.replaceAll(":", ""),
      subnet: subnetId,
      ip,
      hostname,
      classes: netboot ? null : "no-pxe",
      options: options ?? [],
    })),
  );
}

function batches<T>(all: T[]): T[][] {
  return Array.from({ length: Math.ceil(all.length / BATCH) }, (_, i) => all.slice(i * BATCH, (i + 1) * BATCH));
}
