/** Events (what happened) and evidence (what was seen). Both are only ever appended. */
import { type EventRecord, eventLevel, eventTypes } from "@rackwright/domain/machine/event";
import type { Kysely } from "kysely";
import type { Schema } from "./schema.ts";

export interface EventSubject {
  nodeId: number | null;
  hostname: string;
  username: string | null;
  /** The boot that it is about, where it is about one. */
  bootEpoch?: number;
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
        boot_epoch: subject.bootEpoch ?? null,
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

/** PostgreSQL's text has no NUL and no halves of surrogate pairs: a text that was cut within a character ends with one. */
export const storable = (_key: string, value: unknown): unknown =>
  typeof value === "string" ? value.toWellFormed().replaceAll("\0", "") : value;

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
        text: String(storable("", e.text)),
        detail: e.detail ? JSON.stringify(e.detail, storable) : null,
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
