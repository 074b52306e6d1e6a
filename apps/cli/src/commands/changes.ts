/** The change record, a line for each change. */
import type { Feed } from "./follow.ts";

interface Change {
  id: string;
  at: string;
  kind: string;
  entity: string;
  entity_id: string;
  payload: unknown;
}

export const changesFeed: Feed = { items: "changes", line: (change) => line(change as unknown as Change) };

/** `2026-06-01 10:00:00 update machine abc123 {"status":"ready"}`, one line whatever it holds. */
function line({ at, kind, entity, entity_id, payload }: Change): string {
  const when = at.slice(0, 19).replace("T", " ");
  const isEmpty = payload === null || payload === undefined || Object.keys(payload).length === 0;
  const more = isEmpty ? "" : ` ${JSON.stringify(payload)}`;
  // Names may be a machine's own words, and hold orders to the terminal.
  return `${`${when} ${kind.padEnd(6)} ${entity} ${entity_id}${more}`.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, " ")}\n`;
}
