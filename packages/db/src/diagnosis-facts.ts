/** What a diagnosis wants to know beside the evidence: a fixed number of statements. */
import { type Kysely, sql } from "kysely";
import type { Tx } from "./connect.ts";
import type { Schema } from "./schema.ts";

export interface SeenRow {
  at: Date;
  source: string;
  text: string;
  detail: Record<string, unknown> | null;
}

/** Heartbeats of long tests pile up; what tells something of them is the newest. */
const MOST_EVIDENCE = 2000;

/** Evidence of one boot, oldest first. */
export async function evidenceOfBoot(db: Kysely<Schema>, nodeId: number, bootEpoch: number): Promise<SeenRow[]> {
  const { rows } = await sql<SeenRow>`
    select at, source, text, detail from evidence
    where node_id = ${nodeId} and boot_epoch = ${bootEpoch} order by id desc limit ${MOST_EVIDENCE}`.execute(db);
  return rows.reverse();
}

/** The newest boot before this one of which anything was seen: a machine that has failed was given a new epoch to be switched off in. */
export async function lastBootWithEvidence(db: Kysely<Schema>, nodeId: number): Promise<number | undefined> {
  const { rows } = await sql<{ epoch: number }>`
    select boot_epoch as epoch from evidence where node_id = ${nodeId} and boot_epoch is not null
      and text not like 'power off %' and text not like '% switch off' and text not like '%it is off'
    order by id desc limit 1`.execute(db);
  return rows[0]?.epoch;
}

export interface DiagnosisRow {
  macs: string[];
  bootRack: string | null;
  dhcpServed: boolean | null;
  /** DHCP is on for some VLAN or other. */
  dhcpAnywhere: boolean;
  /** Of the VLANs of its interfaces; of all VLANs while nobody knows its own. */
  foreignDhcp: string[];
  conflicts: string[];
  disks: { name: string; sizeBytes: number }[];
  running: { name: string; startedAt: string | null; timeoutSeconds: number } | null;
}

export async function diagnosisRow(db: Kysely<Schema>, nodeId: number): Promise<DiagnosisRow | undefined> {
  const { rows } = await sql<DiagnosisRow>`
    select
      coalesce((select array_agg(i.mac::text order by i.id) from interface i where i.node_id = n.id and i.type = 'physical' and i.mac is not null), '{}') as macs,
      (select r.hostname from node r where r.id = n.boot_rack_id) as "bootRack",
      (select bool_or(v.dhcp_on or coalesce(relay.dhcp_on, false)) from interface i
        join vlan v on v.id = i.vlan_id left join vlan relay on relay.id = v.relay_vlan_id where i.node_id = n.id) as "dhcpServed",
      exists (select from vlan where dhcp_on) as "dhcpAnywhere",
      coalesce((select array_agg(distinct host(v.external_dhcp)) from vlan v where v.external_dhcp is not null and (
          exists (select from interface i where i.node_id = n.id and i.vlan_id = v.id)
          or not exists (select from interface i where i.node_id = n.id and i.vlan_id is not null)
        )), '{}') as "foreignDhcp",
      coalesce((select array_agg(e.description order by e.id) from event e
        where e.node_id = n.id and e.type = 'BOOT_SECRET_CONFLICT' and e.created_at >= n.status_since), '{}') as conflicts,
      coalesce((select jsonb_agg(jsonb_build_object('name', b.name, 'sizeBytes', b.size_bytes) order by b.id)
        from block_device b where b.node_id = n.id and b.type = 'physical'), '[]') as disks,
      (select jsonb_build_object('name', r.name, 'startedAt', r.started_at, 'timeoutSeconds', coalesce(s.timeout_seconds, 0))
        from script_result r left join script s on s.id = r.script_id
        where r.set_id in (n.commissioning_set_id, n.testing_set_id, n.release_set_id) and r.status in (1, 7, 10)
        order by r.started_at limit 1) as running
    from node n where n.id = ${nodeId}`.execute(db);
  return rows[0];
}

export interface KeptFinding {
  code: string;
  summary: string;
  expected: string;
  checks: string[];
}

/** @param failedAt status_since of the failure */
export async function keepFinding(tx: Tx, nodeId: number, failedAt: Date, finding: KeptFinding): Promise<void> {
  await sql`
    insert into failure_finding (node_id, failed_at, finding) values (${nodeId}, ${failedAt}, ${JSON.stringify(finding)})
    on conflict (node_id) do update set failed_at = excluded.failed_at, finding = excluded.finding`.execute(tx);
}

/** What was found when the machine failed, if it is of that failure. */
export async function keptFinding(
  db: Kysely<Schema>,
  nodeId: number,
  failedAt: Date,
): Promise<KeptFinding | undefined> {
  const { rows } = await sql<{ finding: KeptFinding }>`
    select finding from failure_finding where node_id = ${nodeId} and failed_at = ${failedAt}`.execute(db);
  return rows[0]?.finding;
}

/** Other machines with this power type, and what reaches their BMC; encrypted. */
export async function powerSettingsOfOthers(
  db: Kysely<Schema>,
  nodeId: number,
  powerType: string,
  limit: number,
): Promise<{ system_id: string; hostname: string; power_parameters: Buffer | null }[]> {
  return db
    .selectFrom("node")
    .select(["system_id", "hostname", "power_parameters"])
    .where("power_type", "=", powerType)
    .where("id", "<>", nodeId)
    .where("node_type", "=", 0)
    .orderBy("id")
    .limit(limit)
    .execute();
}
