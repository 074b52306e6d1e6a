import assert from "node:assert/strict";
import { test } from "node:test";
import { startsFrom } from "../lifecycle.ts";
import type { Machine } from "../machine.ts";
import type { MachineStatus } from "../status.ts";
import { expire, powerFailed } from "./failure.ts";
import { powerObserved } from "./power.ts";
import { enterRescueMode, exitRescueMode } from "./rescue.ts";
import { type Signal, signal } from "./signal.ts";
import { machine, minutes, now, times } from "./testing.ts";

const says = (m: Machine, word: Signal) =>
  signal(
    m,
    { signal: word, error: "", scriptName: null, heartbeat: false, anyFailed: false, anyPending: false },
    times,
  );
const leaving = (previousStatus: MachineStatus, more: Partial<Machine> = {}): Machine => {
  const before = machine("rescue_mode", { previousStatus, ...more });
  return { ...before, ...exitRescueMode(before, "why", now).set };
};

test("rescue mode starts from the reference's statuses, and its end from its own", () => {
  assert.deepEqual(
    [...startsFrom.rescue_mode].sort(),
    [
      "new",
      "failed_commissioning",
      "ready",
      "reserved",
      "allocated",
      "failed_deployment",
      "deployed",
      "missing",
      "retired",
      "broken",
      "failed_disk_erasing",
      "failed_entering_rescue_mode",
      "failed_testing",
    ].sort(),
  );
  assert.equal(startsFrom.exit_rescue_mode.length, 4);
});

test("an owner keeps the machine, nobody's is lent to who asks; the status before is remembered through a second try", () => {
  assert.equal(enterRescueMode(machine("deployed"), 9, "why", times).set.ownerId, 7);
  const lent = enterRescueMode(machine("ready"), 9, "why", times);
  assert.deepEqual([lent.set.ownerId, lent.set.previousStatus], [9, "ready"]);
  const again = enterRescueMode(
    machine("failed_entering_rescue_mode", { previousStatus: "deployed" }),
    9,
    "why",
    times,
  );
  assert.equal(again.set.previousStatus, undefined, "Deployed stays what it was before");
  assert.throws(() => enterRescueMode(machine("ready", { powerType: "" }), 9, "why", times), {
    code: "invalid_fields",
  });
});

test("any word but failure lets people in; a machine that fails says why", () => {
  for (const word of ["OK", "WORKING"] as const) {
    const d = says(machine("entering_rescue_mode"), word);
    assert.deepEqual([d.set.status, d.set.statusDeadline, d.set.waitingFor], ["rescue_mode", null, null]);
    assert.deepEqual(d.effects, [], "credentials and boot go on: it may be restarted");
  }
  assert.equal(says(machine("entering_rescue_mode"), "FAILED").set.status, "failed_entering_rescue_mode");
  assert.equal(says(machine("entering_rescue_mode"), "TESTING").set.status, undefined);
  for (const word of ["OK", "WORKING", "FAILED"] as const) assert.deepEqual(says(machine("rescue_mode"), word).set, {});
});

test("a deployed machine is started again and believed when it is seen on, with its owner", () => {
  const d = exitRescueMode(machine("rescue_mode", { previousStatus: "deployed" }), "why", now);
  assert.deepEqual(
    [d.set.status, d.set.waitingFor, d.set.statusDeadline, d.set.netboot],
    ["exiting_rescue_mode", "power_on", minutes(5), false],
  );
  assert.deepEqual(d.jobs, [
    { queue: "power", action: "cycle", epoch: 5, bootDevice: null, purpose: "exiting_rescue_mode" },
  ]);
  const m = leaving("deployed");
  assert.equal(powerObserved(m, "off", now).set.status, undefined);
  const back = powerObserved(m, "on", now);
  assert.deepEqual([back.set.status, back.set.ownerId, back.set.errorDescription], ["deployed", undefined, ""]);
  assert.deepEqual(
    back.events.map((e) => e.type),
    ["EXITED_RESCUE_MODE"],
  );
});

test("any other is switched off and believed when it is seen off; whom it belonged to keeps it", () => {
  const kept: MachineStatus[] = ["allocated", "reserved", "failed_deployment", "failed_disk_erasing", "failed_testing"];
  for (const previous of startsFrom.rescue_mode) {
    if (previous === "deployed" || previous === "failed_entering_rescue_mode") continue;
    const m = leaving(previous);
    assert.deepEqual([m.status, m.waitingFor], ["exiting_rescue_mode", "power_off"], previous);
    assert.equal(powerObserved(m, "on", now).set.status, undefined, previous);
    const back = powerObserved(m, "off", now);
    assert.equal(back.set.status, previous);
    assert.equal(back.set.ownerId, kept.includes(previous) ? undefined : null, previous);
    assert.equal(
      back.effects.some((e) => e.do === "revoke_token"),
      !kept.includes(previous),
      previous,
    );
    assert.equal(leaving(previous, { powerType: "manual" }).status, previous, "nobody can look");
    assert.equal(leaving(previous, { powerState: "off" }).status, previous, "it is off");
  }
  assert.equal(leaving("broken", { errorDescription: "fan", powerState: "off" }).errorDescription, "fan");
  assert.equal(leaving("deployed", { powerState: "off" }).status, "exiting_rescue_mode", "it is to be on");
});

test("a power state that never comes ends the way out after five minutes, and leaves the power alone", () => {
  const late = expire({ ...leaving("deployed"), statusDeadline: minutes(-1) }, null, now);
  assert.deepEqual([late.set.status, late.jobs], ["failed_exiting_rescue_mode", []]);
  assert.match(late.set.errorDescription ?? "", /Exiting rescue mode waited .* power_on/);
  assert.ok(late.events.some((e) => e.type === "FAILED_EXITING_RESCUE_MODE"));
  const event = (m: Machine) => powerFailed(m, "exiting_rescue_mode", "no", now).events[0]?.type;
  assert.equal(event(leaving("deployed")), "NODE_POWER_CYCLE_FAILED");
  assert.equal(event(leaving("ready")), "NODE_POWER_OFF_FAILED");
});
