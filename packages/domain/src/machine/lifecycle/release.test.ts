import assert from "node:assert/strict";
import { test } from "node:test";
import type { Machine } from "../machine.ts";
import { abort } from "./abort.ts";
import { bootProgress } from "./boot.ts";
import { expire } from "./failure.ts";
import { powerObserved } from "./power.ts";
import { release, releaseScriptsEnded, releaseWithScripts } from "./release.ts";
import { type Signal, signal, type SignalInput } from "./signal.ts";
import { machine, minutes, now, times } from "./testing.ts";

const running = (status: "disk_erasing" | "releasing", more: Partial<Machine> = {}) =>
  machine(status, { waitingFor: "next_script", ...more });
const says = (m: Machine, word: Signal, more: Partial<SignalInput> = {}) =>
  signal(
    m,
    { signal: word, error: "", scriptName: null, heartbeat: false, anyFailed: false, anyPending: false, ...more },
    times,
  );
const passed = { anyFailed: false, anyPending: false };
const both = ["disk_erasing", "releasing"] as const;

test("a release with scripts boots the machine for them, and takes nothing from its owner yet", () => {
  for (const to of both) {
    const d = releaseWithScripts(machine("deployed"), to, "why", times);
    assert.deepEqual(
      [d.set.status, d.set.waitingFor, d.set.statusDeadline, d.set.ownerId, d.set.osystem],
      [to, "power_on", minutes(30), undefined, undefined],
    );
    assert.deepEqual(d.jobs, [
      { queue: "power", action: "cycle", epoch: 5, bootDevice: "network", purpose: "release_scripts" },
    ]);
    assert.ok(!d.effects.some((e) => e.do === "drop_acquired" || e.do === "release_addresses"));
  }
  assert.throws(() => releaseWithScripts(machine("disk_erasing"), "disk_erasing", "", times), { code: "wrong_status" });
});

test("power that is seen off while scripts are to run releases nothing", () => {
  for (const status of both)
    for (const waitingFor of ["power_on", "dhcp", "next_script", "last_report"] as const)
      assert.equal(powerObserved(running(status, { waitingFor }), "off", now).set.status, undefined);
});

test("every sign of life moves the deadline on", () => {
  for (const status of both) {
    assert.deepEqual(says(running(status), "WORKING", { scriptName: "wipe-disks" }).set, {
      waitingFor: "script:wipe-disks",
      statusDeadline: minutes(30),
    });
    assert.deepEqual(says(running(status), "RELEASING").set.statusDeadline, minutes(30));
    assert.equal(bootProgress(running(status, { waitingFor: "dhcp" }), "kernel", times).set.waitingFor, "kernel");
  }
});

test("OK is noted, and believed only when every result has passed", () => {
  const erased = says(running("disk_erasing"), "OK");
  assert.deepEqual([erased.set.status, erased.set.waitingFor], [undefined, "last_report"]);
  assert.deepEqual(erased.events[0]?.type, "NODE_DISKS_ERASED");
  assert.deepEqual(says(running("releasing"), "OK").events[0]?.type, "NODE_RELEASE_SCRIPTS_OK");
  for (const more of [{ anyFailed: true }, { anyPending: true }])
    assert.equal(says(running("disk_erasing"), "OK", more).set.status, "failed_disk_erasing");
  assert.equal(says(running("releasing"), "FAILED", { error: "sda" }).set.errorDescription, "sda");
  assert.equal(says(running("releasing"), "FAILED").set.status, "failed_releasing");
  assert.deepEqual(says(machine("releasing"), "FAILED").set, {}, "it is only to be off");
});

test("the end of the ephemeral system gives the machine back: off, and nobody's when that is seen", () => {
  for (const status of both) {
    const m = running(status, { waitingFor: "last_report" });
    const d = releaseScriptsEnded(m, passed, now);
    assert.deepEqual(
      [d.set.status, d.set.waitingFor, d.set.statusDeadline, d.set.osystem],
      ["releasing", "power_off", minutes(5), ""],
    );
    assert.deepEqual(d.jobs, [{ queue: "power", action: "off", epoch: 5, bootDevice: null, purpose: "releasing" }]);
    assert.equal(powerObserved({ ...m, ...d.set }, "off", now).set.status, "ready");
    assert.equal(releaseScriptsEnded({ ...m, powerType: "manual" }, passed, now).set.status, "ready");
    for (const bad of [
      { ...passed, anyFailed: true },
      { ...passed, anyPending: true },
    ])
      assert.match(releaseScriptsEnded(m, bad, now).set.status ?? "", /^failed_/);
  }
  assert.deepEqual(releaseScriptsEnded(machine("releasing"), passed, now).set, {}, "it is being switched off already");
  assert.deepEqual(releaseScriptsEnded(machine("deployed"), passed, now).set, {});
});

test("silence fails the machine and switches it off; an abort of erasing fails it too", () => {
  for (const status of both) {
    const d = expire({ ...running(status), statusDeadline: minutes(-1) }, null, now);
    assert.deepEqual([d.set.status, d.jobs.length], [`failed_${status}`, 1]);
    assert.ok(d.effects.some((e) => e.do === "finish_results" && e.sets.includes("release")));
  }
  assert.equal(abort(running("disk_erasing"), "", now).set.status, "failed_disk_erasing");
  assert.throws(() => abort(running("releasing"), "", now), { code: "wrong_status" });
});

test("one that was made for its use alone is seen off, and is no machine any more", () => {
  const off = release(machine("allocated", { dynamic: true, powerState: "off" }), "", now);
  assert.deepEqual([off.set.status, off.jobs[0]?.action], ["releasing", "off"], "not at once: its owner is shown it");
  assert.ok(!off.effects.some((e) => e.do === "discard"));
  const gone = (dynamic: boolean) =>
    powerObserved(machine("releasing", { dynamic, waitingFor: "power_off" }), "off", now).effects.at(-1)?.do;
  assert.deepEqual([gone(true), gone(false)], ["discard", "clear_owner_data"]);
});
