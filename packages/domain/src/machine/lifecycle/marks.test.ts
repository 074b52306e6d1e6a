import assert from "node:assert/strict";
import { test } from "node:test";
import { refusal, startsFrom } from "../lifecycle.ts";
import type { Decision, Machine } from "../machine.ts";
import { machineStatuses, releasableStatuses } from "../status.ts";
import { lock, markBroken, markFixed, overrideFailedTesting, unlock } from "./marks.ts";
import { machine, now } from "./testing.ts";

const after = (m: Machine, d: Decision): Machine => ({ ...m, ...d.set });
const kinds = (d: Decision) => d.effects.map((e) => e.do);
const types = (d: Decision) => d.events.map((e) => e.type);

test("lock and unlock turn the lock, once each", () => {
  assert.deepEqual(lock(machine("deployed"), "mine").set, { locked: true });
  assert.deepEqual(lock(machine("deploying"), "").events[0]?.type, "REQUEST_NODE_LOCK");
  assert.throws(() => lock(machine("deployed", { locked: true }), ""), { code: "wrong_status" });
  for (const status of machineStatuses) {
    assert.deepEqual(unlock(machine(status, { locked: true }), "").set, { locked: false }, status);
    assert.throws(() => unlock(machine(status), ""), { code: "wrong_status" }, status);
  }
});

test("the lock keeps from every action but the lock itself and what only looks", () => {
  for (const action of Object.keys(startsFrom) as (keyof typeof startsFrom)[]) {
    const [status] = startsFrom[action];
    const code = refusal(action, machine(status ?? "new", { locked: true }))?.code;
    assert.equal(code === "machine_locked", !["lock", "unlock", "get_curtin_config"].includes(action), action);
  }
});

test("a broken machine that could be released has been: off, empty, nobody's", () => {
  for (const status of releasableStatuses) {
    const d = markBroken(machine(status), "fan", now);
    assert.deepEqual([d.set.status, d.set.ownerId, d.set.osystem, d.set.errorDescription], ["broken", null, "", "fan"]);
    for (const effect of ["revoke_token", "release_addresses", "drop_acquired", "clear_owner_data"] as const)
      assert.ok(kinds(d).includes(effect), `${status}: ${effect}`);
    assert.deepEqual(d.jobs[0], { queue: "power", action: "off", epoch: 5, bootDevice: null, purpose: "aborting" });
    assert.equal(after(machine(status), markFixed(after(machine(status), d), "", now)).status, "ready", status);
  }
  assert.deepEqual(markBroken(machine("deployed", { powerState: "off" }), "", now).jobs, []);
  assert.deepEqual(markBroken(machine("deployed", { powerType: "manual" }), "", now).jobs, []);
});

test("one that could not be released keeps owner and system; what it was at is over", () => {
  for (const status of machineStatuses.filter((s) => !releasableStatuses.includes(s) && s !== "new" && s !== "ready")) {
    const d = markBroken(machine(status), "", now);
    assert.deepEqual(
      [d.set.status, d.set.ownerId, d.set.osystem, d.set.bootEpoch],
      ["broken", undefined, undefined, 5],
    );
    assert.deepEqual([d.set.statusDeadline, d.set.waitingFor, d.jobs.length], [null, null, 0], status);
    assert.ok(kinds(d).includes("finish_results") && kinds(d).includes("end_boot_secrets"), status);
  }
});

test("fixed: Ready and empty, or Deployed as it was where the system was never given back", () => {
  const ready = markFixed(machine("broken", { errorDescription: "fan" }), "", now);
  assert.deepEqual(
    [ready.set.status, ready.set.errorDescription, ready.set.osystem, ready.set.hweKernel, ready.set.installationSetId],
    ["ready", "", "", null, null],
  );
  assert.deepEqual(types(ready), ["REQUEST_NODE_MARK_FIXED", "READY"]);
  const m = machine("rescue_mode", { previousStatus: "deployed" });
  const broken = after(m, markBroken(m, "fan", now));
  const deployed = after(broken, markFixed(broken, "", now));
  assert.deepEqual(
    [deployed.status, deployed.osystem, deployed.ownerId, deployed.errorDescription],
    ["deployed", "debian", 7, ""],
  );
});

test("failed tests that do not count: Deployed where there is a system, else Ready and nobody's", () => {
  const deployed = overrideFailedTesting(machine("failed_testing", { errorDescription: "disk" }), "", now);
  assert.deepEqual([deployed.set.status, deployed.set.errorDescription, kinds(deployed)], ["deployed", "", []]);
  const ready = overrideFailedTesting(machine("failed_testing", { osystem: "" }), "", now);
  assert.deepEqual([ready.set.status, ready.set.ownerId], ["ready", null]);
  assert.ok(kinds(ready).includes("revoke_token") && kinds(ready).includes("release_addresses"));
});
