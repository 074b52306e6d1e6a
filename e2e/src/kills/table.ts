/** The figures of a run, for people. */
import type { Counted } from "./run.ts";

/** Of each kind shown, so many in words. */
const SHOWN = 10;

export function killTable(seed: string, counted: Counted): string {
  const { kills, wrong } = counted;
  const total = Object.values(kills).reduce((sum, one) => sum + one, 0);
  const each = Object.entries(kills)
    .map(([victim, count]) => `${victim} ${count}`)
    .join(", ");
  const rows: [string, number | string][] = [
    ["seed", seed],
    ["seconds", counted.seconds],
    [`kills (${each})`, total],
    ["starts of the controller", counted.starts.controller],
    ["starts of the rack", counted.starts.rack],
    ["machines from enlisting to release", counted.released],
    ["power orders", counted.orders],
    ["of these without effect", counted.ordersWithoutEffect],
    ["changes read", counted.changes],
    ["requests of the client without an answer", counted.unanswered],
    ...Object.entries(wrong).map(([kind, found]): [string, number] => [kind, found.length]),
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  const lines = rows.map(([name, value]) => `${name.padEnd(width)}  ${String(value).padStart(8)}`);
  const words = Object.entries(wrong).flatMap(([kind, found]) =>
    found.slice(0, SHOWN).map((text) => `${kind}: ${text}`),
  );
  const broken = [...counted.broken].map(([answer, count]) => `answered ${count} times: ${answer}`);
  return [...lines, ...broken, ...words].join("\n");
}
