/** The words of a timeline: what kind of thing an item is, and where a reader stands. */
import { type EventType, eventTypes } from "../machine/event.ts";

/** evidence: seen of the machine; status: where it stands in its life; action: what a person asked for; event: whatever else happened. */
export type ItemKind = "evidence" | "status" | "action" | "event";

/** Events that are a change of status, apart from those that have the status's own name. */
const STATUS =
  /^(?:NEW|COMMISSIONING|TESTING|READY|ALLOCATED|DEPLOY(?:ING|ED)|RELEAS(?:ING|ED)|DISK_ERASING|BROKEN|FAILED_\w+|ABORTED_\w+|NODE_CHANGED_STATUS)$/;

export function kindOf(type: string | null, username: string | null): ItemKind {
  if (type === null) return "evidence";
  if (STATUS.test(type)) return "status";
  if (type === "REQUEST_NODE_MARK_FAILED_SYSTEM") return "event";
  return type.startsWith("REQUEST_") || username !== null ? "action" : "event";
}

/** An event as one line. */
export function eventText(type: string, description: string): string {
  const title = Object.hasOwn(eventTypes, type) ? eventTypes[type as EventType].text : type;
  return description === "" ? title : `${title}: ${description}`;
}

export interface Cursor {
  txid: string;
  rank: number;
  id: number;
}

export const cursorText = (c: Cursor): string => `${c.txid}-${c.rank}-${c.id}`;

/** @returns undefined for what is none */
export function parseCursor(text: string): Cursor | undefined {
  // 2^64 has 20 digits; 15 are exact in a number.
  const match = /^(\d{1,19})-([01])-(\d{1,15})$/.exec(text.trim());
  return match ? { txid: match[1] ?? "0", rank: Number(match[2]), id: Number(match[3]) } : undefined;
}
