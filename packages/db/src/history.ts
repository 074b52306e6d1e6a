/** Events (what happened) and evidence (what was seen). Both are only ever appended. */
import { type EventRecord, eventLevel, eventTypes } from "@rackwright/domain/machine/event";
import { type Kysely, sql } from "kysely";
import type { Schema } from "./schema.ts";

export interface EventSubject {
  nodeId: number | null;
  hostname: string;
  username: string | null;
}

export async function insertEvents(
  db: Kysely<Schema>,
  subject: EventSubject,
  events: readonly EventRecord[],
): Promise<void> {
  if (events.length === 0) return;
  await db
    .insertInto("event")
    .values(
      events.map((e) => ({
        node_id: subject.nodeId,
        hostname: subject.hostname,
        username: subject.username,
        type: e.type,
        level: eventLevel[eventTypes[e.type].level],
        description: e.description,
      })),
    )
    .execute();
}

export type EvidenceSource = "bmc" | "dhcp" | "tftp" | "http" | "metadata" | "script" | "installer" | "console";

export interface Evidence {
  nodeId: number | null;
  mac: string | null;
  bootEpoch: number | null;
  source: EvidenceSource;
  text: string;
  detail?: object;
}

export async function insertEvidence(db: Kysely<Schema>, items: readonly Evidence[]): Promise<void> {
  if (items.length === 0) return;
  await db
    .insertInto("evidence")
    .values(
      items.map((e) => ({
        node_id: e.nodeId,
        mac: e.mac,
        boot_epoch: e.bootEpoch,
        source: e.source,
        text: e.text,
        detail: e.detail ? JSON.stringify(e.detail) : null,
      })),
    )
    .execute();
}

/** The newest thing seen of a machine in this epoch, as words for a reason. */
export async function lastEvidence(
  db: Kysely<Schema>,
  nodeId: number,
  bootEpoch: number,
): Promise<{ text: string; at: Date } | undefined> {
  return db
    .selectFrom("evidence")
    .select(["text", "at"])
    .where("node_id", "=", nodeId)
    .where("boot_epoch", "=", bootEpoch)
    .orderBy("id", "desc")
    .limit(1)
    .executeTakeFirst();
}

export interface EventQuery {
  nodeIds: number[] | null;
  owner: string | null;
  /** Least level; `audit` means audit events alone. */
  minLevel: number;
  auditOnly: boolean;
  before: number | null;
  after: number | null;
  limit: number;
  /** null: an administrator, who sees everything. */
  visibleTo: number | null;
}

export interface EventRow {
  id: number;
  systemId: string | null;
  hostname: string;
  username: string | null;
  type: string;
  level: number;
  description: string;
  createdAt: Date;
}

/** Newest first, except after a cursor, where the oldest after it come (turned round). */
export async function queryEvents(db: Kysely<Schema>, q: EventQuery): Promise<EventRow[]> {
  let query = db
    .selectFrom("event as e")
    .leftJoin("node as n", "n.id", "e.node_id")
    .select([
      "e.id",
      "n.system_id as systemId",
      sql<string>`coalesce(n.hostname, e.hostname)`.as("hostname"),
      "e.username",
      "e.type",
      "e.level",
      "e.description",
      "e.created_at as createdAt",
    ])
    .limit(q.limit);
  if (q.nodeIds !== null) query = query.where("e.node_id", "=", sql<number>`any(${q.nodeIds}::bigint[])`);
  if (q.owner !== null) query = query.where("e.username", "=", q.owner);
  query = q.auditOnly
    ? query.where("e.level", "=", 0)
    : query.where("e.level", ">=", q.minLevel).where("e.level", ">", 0);
  if (q.before !== null) query = query.where("e.id", "<", q.before);
  if (q.after !== null) query = query.where("e.id", ">", q.after);
  if (q.visibleTo !== null) {
    const user = q.visibleTo;
    query = query.where((eb) =>
      eb.and([eb("e.node_id", "is not", null), eb.or([eb("n.owner_id", "is", null), eb("n.owner_id", "=", user)])]),
    );
  }
  const rows = await query.orderBy("e.id", q.after === null ? "desc" : "asc").execute();
  return q.after === null ? rows : rows.reverse();
}
