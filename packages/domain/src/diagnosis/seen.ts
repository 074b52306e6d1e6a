/** Questions to the evidence, in the words in which it is recorded. */
import { isWaiting } from "../machine/status.ts";
import type { Case, Observation } from "./case.ts";

export function all(c: Case, sources: string, pattern: RegExp): Observation[] {
  const wanted = sources.split(" ");
  return c.evidence.filter((e) => wanted.includes(e.source) && pattern.test(e.text));
}

export function last(c: Case, sources: string, pattern: RegExp): Observation | undefined {
  return all(c, sources, pattern).at(-1);
}

export const has = (c: Case, sources: string, pattern: RegExp): boolean => last(c, sources, pattern) !== undefined;

/** Of whichever source: what programs print is worded by them. */
export function said(c: Case, pattern: RegExp): Observation | undefined {
  return c.evidence.findLast((e) => pattern.test(head(e.text)) || pattern.test(logOf(e)));
}

/** A machine writes what it likes: patterns look at no more than this of it. */
const head = (text: string): string => text.slice(0, 600);

/** Kea's own line. */
export function logOf(e: Observation): string {
  return typeof e.detail?.log === "string" ? head(e.detail.log) : "";
}

export function dhcp(c: Case, ...what: string[]): Observation | undefined {
  return c.evidence.findLast((e) => e.source === "dhcp" && what.includes(String(e.detail?.what)));
}

export const askedDhcp = (c: Case): boolean => c.evidence.some((e) => e.source === "dhcp");
export const answeredDhcp = (c: Case): boolean =>
  dhcp(c, "offer", "ack") !== undefined || has(c, "dhcp", /lease of \S+ given/i);
export const askedBootFile = (c: Case): boolean => has(c, "tftp http", /./);
export const gotScript = (c: Case): boolean => has(c, "http", /^boot script given/);
export const calledMetadata = (c: Case): boolean => has(c, "metadata script installer", /./);
export const signalled = (c: Case): boolean => has(c, "script installer", /./);
export const wasOn = (c: Case): boolean =>
  c.machine.powerState === "on" || has(c, "bmc", /shows that it is on|power (?:on|cycle) done/);

/** A file of the boot that ends in `name`, by its last outcome. */
export function file(c: Case, name: RegExp): { file: string; outcome: string; last: Observation } | undefined {
  const seen = c.evidence.findLast((e) => typeof e.detail?.file === "string" && name.test(e.detail.file));
  return seen && { file: String(seen.detail?.file), outcome: String(seen.detail?.outcome), last: seen };
}

export const seconds = (from: Date, to: Date): number => Math.round((to.getTime() - from.getTime()) / 1000);

/** 45 s, 12 minutes, 3 hours: as one would say it. */
export function span(s: number): string {
  if (s < 120) return `${s} s`;
  return s < 7200 ? `${Math.round(s / 60)} minutes` : `${Math.round(s / 3600)} hours`;
}

export const ago = (c: Case, e: Observation): string => `${span(Math.max(seconds(e.at, c.now), 0))} ago`;

/** The part of a long text that a sentence has room for. */
export const quoted = (text: string): string => (text.length > 300 ? `${text.slice(0, 297)}...` : text);

/** This machine is to start from the network now. */
export const mustNetboot = (c: Case): boolean => c.machine.status !== "deploying" || c.machine.netboot;

/**
 * Whether nothing came for so long that its absence means something: `patience` seconds without any evidence, or the deadline is past, or the
 * machine has failed already.
 */
export function isQuiet(c: Case, patience: number): boolean {
  const { status, statusDeadline, statusSince } = c.machine;
  if (!isWaiting(status) || (statusDeadline !== null && statusDeadline <= c.now)) return true;
  return seconds(c.evidence.at(-1)?.at ?? statusSince, c.now) >= patience;
}
