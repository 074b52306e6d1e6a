/** Whatever happens to a machine, in whatever order: it is never left waiting without saying for what, since when and until when. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { DomainError } from "../errors.ts";
import { everyDecision } from "./lifecycle/testing-decisions.ts";
import { machine, times as start } from "./lifecycle/testing.ts";
import type { Decision, Machine, WaitingFor } from "./machine.ts";
import { isWaiting, machineStatuses, mayBecome } from "./status.ts";

/** mulberry32: the same sequences each time, so that one that fails can be looked at. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const SEQUENCES = 1500;
const STEPS = 60;
/** What a machine can wait for; scripts by their names. */
const WAITS: readonly (WaitingFor | RegExp)[] = [
  "operator_power_on",
  "power_on",
  "power_off",
  "dhcp",
  "boot_file",
  "kernel",
  "first_signal",
  "next_script",
  "image",
  "installer",
  "reboot",
  "first_boot",
  "last_report",
  "vm_host_setup",
  "vm_host",
  /^script:./,
];
const isKnown = (word: string) => WAITS.some((w) => (typeof w === "string" ? w === word : w.test(word)));

/** What is wrong with a machine as it is at `now`, after it was `before`; undefined when nothing is. */
function fault(before: Machine, after: Machine, now: Date): string | undefined {
  if (!isWaiting(after.status)) {
    if (after.statusDeadline !== null) return "a deadline without waiting";
    if (after.waitingFor !== null) return "it waits for something, and its status does not";
  } else {
    if (after.statusDeadline === null) return "it waits without a deadline";
    if (after.waitingFor === null) return "it waits for nothing that it says";
    if (!isKnown(after.waitingFor)) return `it waits for '${after.waitingFor}'`;
    if (after.status !== before.status && after.statusDeadline <= now) return "it was overdue from its start";
  }
  if (after.statusSince > now) return "since a time to come";
  if (after.status !== before.status && after.statusSince.getTime() !== now.getTime()) return "since another time";
  if (after.bootEpoch < before.bootEpoch) return "its epoch shrank";
  if ((after.status === "new" || after.status === "ready") && after.ownerId !== null) return "it is free and owned";
  return undefined;
}

/** What follows from what was decided, where a shell or a person does it: results, sets, locks, time. */
function surroundings(m: Machine, next: () => number): Machine {
  const one = <T>(of: readonly T[]): T => of[Math.floor(next() * of.length)] as T;
  return {
    ...m,
    commissioningPassed: next() < 0.7,
    powerType: next() < 0.05 ? one(["", "manual", "ipmi", "webhook"]) : m.powerType,
    enableSsh: next() < 0.1 ? !m.enableSsh : m.enableSsh,
    locked: next() < 0.1 ? false : m.locked,
  };
}

test("random lives: every decision, in every order, at any time", () => {
  const reached = new Set<string>();
  let made = 0;
  for (let seed = 1; seed <= SEQUENCES; seed++) {
    const next = random(seed);
    let now = start.now;
    let m = machine(machineStatuses[seed % machineStatuses.length] ?? "new", { powerType: "ipmi" });
    const story = [m.status as string];
    for (let step = 0; step < STEPS; step++) {
      now = new Date(now.getTime() + Math.floor(next() * 20 * 60_000));
      m = surroundings(m, next);
      const decisions = Object.entries(everyDecision({ now, nodeTimeoutMinutes: start.nodeTimeoutMinutes }));
      const [name, decide] = decisions[Math.floor(next() * decisions.length)] ?? [];
      if (!name || !decide) continue;
      let decision: Decision;
      try {
        decision = decide(m);
      } catch (error) {
        if (error instanceof DomainError) continue;
        throw new Error(`seed ${seed}: ${story.join("; ")}; ${name} of ${m.status} is neither done nor refused`, {
          cause: error,
        });
      }
      const after = { ...m, ...decision.set };
      if (after.status !== m.status) story.push(`${name} -> ${after.status}`);
      assert.equal(fault(m, after, now), undefined, `seed ${seed}: ${story.join("; ")}; then ${name}`);
      m = after;
      made += 1;
      reached.add(m.status);
    }
  }
  // Nothing produces these three, and nothing need.
  const legacy = ["missing", "reserved", "retired"];
  assert.deepEqual(
    machineStatuses.filter((s) => !reached.has(s) && !legacy.includes(s)),
    [],
  );
  assert.ok(made > SEQUENCES * 10, `only ${made} decisions were made`);
});

test("left alone, whatever waits comes to an end: its deadline passes, and it has failed with the reason", () => {
  for (const status of machineStatuses.filter(isWaiting)) {
    const waiting = machine(status);
    const now = new Date((waiting.statusDeadline?.getTime() ?? 0) + 1);
    const expire = everyDecision({ ...start, now })["expire, early"];
    const after: Machine = { ...waiting, ...expire?.(waiting).set };
    assert.ok(!isWaiting(after.status) && after.status.startsWith("failed_"), `${status} went on as ${after.status}`);
    assert.ok(mayBecome(status, after.status));
    assert.match(after.errorDescription, /waited \d+ minutes, at last for /);
  }
});
