import assert from "node:assert/strict";
import { test } from "node:test";
import { machineStatuses } from "../status.ts";
import { cycleIsOver, mayHaveBeenCut, powerObserved, switchPower } from "./power.ts";
import { machine, now } from "./testing.ts";

const frees = (m: ReturnType<typeof machine>, state: "on" | "off" = "off") =>
  powerObserved(m, state, now).effects.some((e) => e.do === "release_addresses");

test("a machine seen off gives its automatic addresses back, but where its work or its system goes on", () => {
  // Reference: lifecycle.md section 13, less what keeps a deployed system (rescue mode, tests).
  const goesOn = [
    "commissioning",
    "deployed",
    "deploying",
    "disk_erasing",
    "rescue_mode",
    "entering_rescue_mode",
    "testing",
    "failed_testing",
    "failed_entering_rescue_mode",
    "failed_exiting_rescue_mode",
  ];
  for (const status of machineStatuses)
    if (status !== "exiting_rescue_mode")
      assert.equal(frees(machine(status, { powerState: "on" })), !goesOn.includes(status), status);
  assert.equal(frees(machine("exiting_rescue_mode", { previousStatus: "deployed", powerState: "on" })), false);
  assert.equal(frees(machine("broken", { previousStatus: "deployed" })), false, "it is fixed with its system on it");
  assert.equal(frees(machine("allocated", { powerState: "off" })), false, "nothing new");
  assert.equal(frees(machine("allocated"), "on"), false);
});

test("switched by a person: in this boot, from the network while it netboots, as softly as asked", () => {
  const on = switchPower(machine("deployed", { netboot: false }), "on", "why");
  assert.deepEqual(on.jobs, [{ queue: "power", action: "on", epoch: 4, bootDevice: null, purpose: "user" }]);
  assert.deepEqual(on.events, [{ type: "REQUEST_NODE_START", description: "why" }]);
  const off = switchPower(machine("deployed"), "off", "", "soft");
  assert.deepEqual(off.jobs[0]?.stopMode, "soft");
  assert.deepEqual(switchPower(machine("deployed", { powerType: "manual" }), "off", "").jobs, []);
  assert.throws(() => switchPower(machine("ready", { ownerId: null }), "on", ""), { code: "wrong_status" });
  assert.throws(() => switchPower(machine("deployed", { powerType: "manual" }), "on", ""), { code: "invalid_fields" });
});

test("a cycle is over when its purpose is, or when the machine was started and has shown that", () => {
  const sent = ["off_sent", "observed_off", "on_sent"];
  assert.equal(cycleIsOver(machine("ready"), ["off_sent"]), true, "tested meanwhile: it is not to be on");
  assert.equal(cycleIsOver(machine("deployed"), []), true);
  assert.equal(cycleIsOver(machine("testing", { waitingFor: "power_on" }), sent), false, "nothing was seen of it");
  assert.equal(cycleIsOver(machine("testing", { waitingFor: "next_script" }), sent), true);
  assert.equal(cycleIsOver(machine("deploying", { waitingFor: "installer" }), []), true, "it restarted by itself");
  assert.equal(cycleIsOver(machine("deploying", { waitingFor: "installer" }), ["off_sent"]), false, "and was cut off");
  // What was seen may come from the start before this one.
  assert.equal(cycleIsOver(machine("deploying", { waitingFor: "first_signal" }), []), false);
});

test("a machine that was found on may be off since, until it was switched on again or is not waited for any more", () => {
  assert.equal(mayHaveBeenCut(machine("testing", { waitingFor: "next_script" }), ["found_on"]), true);
  assert.equal(mayHaveBeenCut(machine("testing"), []), false);
  assert.equal(mayHaveBeenCut(machine("testing"), ["found_on", "off_sent", "observed_off", "on_sent"]), false);
  assert.equal(mayHaveBeenCut(machine("ready"), ["found_on"]), false);
});
