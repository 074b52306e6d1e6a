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
export function said(
  c: Case,
  pattern: RegExp,
  fits: (found: RegExpExecArray) => boolean = () => true,
): Observation | undefined {
  return c.evidence.findLast((e) => {
    const found = pattern.exec(head(e.text)) ?? pattern.exec(logOf(e));
    return found !== null && fits(found);
  });
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

/** node_timeout unless it was set, in minutes: what spans of patience here are measured by. */
const USUAL_TIMEOUT = 30;

/** Whoever waits for less than usual (node_timeout) has machines that are quicker than usual. */
export const patience = (c: Case, usualSeconds: number): number =>
  usualSeconds * Math.min(1, c.facts.nodeTimeoutMinutes / USUAL_TIMEOUT);

/** Whoever was heard of this shortly ago is still at it. */
const FRESH_SECONDS = 120;

export const isFresh = (c: Case, e: Observation): boolean => seconds(e.at, c.now) <= patience(c, FRESH_SECONDS);

/**
 * Whether nothing came for so long that its absence means something: the usual seconds without any evidence; or the deadline is past, or the
 * machine has failed already, and it was not just heard of.
 */
export function isQuiet(c: Case, usualSeconds: number): boolean {
  const { status, statusDeadline, statusSince } = c.machine;
  const newest = c.evidence.at(-1);
  const over = !isWaiting(status) || (statusDeadline !== null && statusDeadline <= c.now);
  if (over) return newest === undefined || !isFresh(c, newest);
  return seconds(newest?.at ?? statusSince, c.now) >= patience(c, usualSeconds);
}

/** Servers test their memory for minutes before they look at the network. */
export const SELF_TEST_SECONDS = 300;

/** The runner says every 2 minutes that it lives; two of these lost are no accident. */
const HEARTBEAT_SECONDS = 5 * 60;

/** Whether whoever should have said so is not alive any more; at the latest when half of node_timeout is over. */
export const isSilent = (c: Case, alive: Observation): boolean =>
  seconds(alive.at, c.now) >= Math.min(HEARTBEAT_SECONDS, c.facts.nodeTimeoutMinutes * 30);
