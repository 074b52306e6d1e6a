/** A machine's timeline, a line for each item. */
import type { Feed } from "./follow.ts";

interface Item {
  id: string;
  at: string;
  source: string;
  kind: string;
  level: string;
  text: string;
  username: string | null;
}

export const timelineFeed: Feed = { items: "items", line: (item) => line(item as unknown as Item) };

/** `2026-06-01 10:00:00 dhcp      DHCP ack 10.0.0.7 on eth0`, one line whatever the text holds. */
export function line({ at, source, kind, level, text, username }: Item): string {
  const when = at.slice(0, 19).replace("T", " ");
  const mark = level === "error" ? "!! " : level === "warning" ? "! " : kind === "status" ? "== " : "";
  const who = username === null ? "" : ` (${username})`;
  // Control characters could be a machine's own words to the terminal.
  const plain = text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, " ");
  return `${when} ${source.padEnd(9)} ${mark}${plain}${who}\n`;
}
