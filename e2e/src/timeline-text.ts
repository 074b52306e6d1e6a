/** A machine's timeline as a person reads it at the end of the demo: one line per item, long runs of similar ones as one. */

export interface TimelineEntry {
  at: string;
  source: string;
  kind: string;
  level: string;
  text: string;
}

/** Longer runs become one line: the first of them, the last, how many, in which time. */
const LONGEST_RUN = 2;
/** Characters of one text, so that the first and last of a run fit beside each other on a wide terminal. */
const TEXT_WIDTH = 72;

/** @param poweredOn when the machine was switched on first: times are counted from there */
export function timelineLines(items: readonly TimelineEntry[], poweredOn: Date): string[] {
  const runs = runsOf(items.filter((item) => !isEcho(item)));
  const times = runs.map(([first]) => since(first.at, poweredOn));
  const timeWidth = Math.max(0, ...times.map((time) => time.length));
  const sourceWidth = Math.max(0, ...runs.map(([first]) => first.source.length));
  return runs.map((run, i) => {
    const mark = isTrouble(run[0]) ? "!" : " ";
    return `${(times[i] ?? "").padStart(timeWidth)}  ${run[0].source.padEnd(sourceWidth)} ${mark} ${textOf(run)}`;
  });
}

type Run = [TimelineEntry, ...TimelineEntry[]];

/** The region's own note of something whose evidence stands beside it. */
const isEcho = (item: TimelineEntry): boolean => item.kind === "event" && item.level === "debug";

const isTrouble = (item: TimelineEntry): boolean => item.level === "warning" || item.level === "error";

function runsOf(items: readonly TimelineEntry[]): Run[] {
  const groups: Run[] = [];
  for (const item of items) {
    const last = groups.at(-1);
    if (last && isAlike(last[0], item)) last.push(item);
    else groups.push([item]);
  }
  return groups.flatMap((run) => (run.length > LONGEST_RUN ? [run] : run.map((item): Run => [item])));
}

/** What people did, where the machine stands, its power, and whatever went wrong: each has its own line. */
const NEVER_FOLDED = ["region", "bmc"];

function isAlike(a: TimelineEntry, b: TimelineEntry): boolean {
  if (a.source !== b.source || isTrouble(a) || isTrouble(b) || NEVER_FOLDED.includes(a.source)) return false;
  return about(a.text) === about(b.text);
}

/** "asks for FILE" and "has FILE" are of one kind, as are all of DHCP's, all signals, all of cloud-init's. */
const about = (text: string): string => text.split(" ", 1)[0]?.replace(/^(?:asks|has)$/, "file") ?? "";

function textOf(run: Run): string {
  const [first] = run;
  const last = run.at(-1) ?? first;
  if (run.length === 1) return clipped(first.text, 2 * TEXT_WIDTH);
  const took = (new Date(last.at).getTime() - new Date(first.at).getTime()) / 1000;
  return `${clipped(first.text)} ... ${clipped(last.text)} (${run.length} in ${took.toFixed(1)} s)`;
}

function clipped(text: string, width = TEXT_WIDTH): string {
  const line = text
    .replaceAll(/[0-9a-f]{32,}/g, (hash) => `${hash.slice(0, 8)}..`)
    .replaceAll(/\s+/g, " ")
    .trim();
  return line.length > width ? `${line.slice(0, width - 3)}...` : line;
}

function since(at: string, poweredOn: Date): string {
  const ms = new Date(at).getTime() - poweredOn.getTime();
  return `${ms < 0 ? "-" : "+"}${(Math.abs(ms) / 1000).toFixed(1)} s`;
}
