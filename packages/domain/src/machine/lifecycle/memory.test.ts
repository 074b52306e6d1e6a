/** Systems that run from memory: what differs from those on a disk. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { bootPurpose } from "../../boot/purpose.ts";
import { deploy, installedSystemBooted, netbootOff } from "./deploy.ts";
import { expire } from "./failure.ts";
import { powerObserved, switchPower } from "./power.ts";
import { release } from "./release.ts";
import { enterRescueMode, exitRescueMode } from "./rescue.ts";
import { machine, minutes, now, times } from "./testing.ts";

const os = {
  osystem: "debian",
  distroSeries: "bookworm",
  hweKernel: null,
  userData: null,
  comment: "",
  syncIntervalS: null,
};
const inMemory = machine("deployed", { ephemeralDeploy: true });

test("a deploy in memory has a deadline and a network boot as any, and no installation; the next one forgets it", () => {
  const { set, jobs } = deploy(machine("allocated"), { ...os, inMemory: true }, times);
  assert.deepEqual(
    [set.status, set.ephemeralDeploy, set.installationSetId, set.netboot, set.waitingFor, set.statusDeadline],
    ["deploying", true, null, true, "power_on", minutes(60)],
  );
  assert.deepEqual(
    jobs.map((job) => [job.action, job.bootDevice]),
    [["cycle", "network"]],
  );
  const begun = { ...machine("allocated"), ...set };
  assert.equal(bootPurpose(begun), "memory");
  const late = expire({ ...begun, statusDeadline: minutes(-1) }, "boot script given: memory", now);
  assert.deepEqual([late.set.status, late.set.errorDescription?.includes("power_on")], ["failed_deployment", true]);
  const running = { ...begun, ...installedSystemBooted(begun, times).set };
  assert.deepEqual([running.status, running.statusDeadline, bootPurpose(running)], ["deployed", null, "memory"]);
  const next = deploy(machine("allocated", { ephemeralDeploy: true }), { ...os, inMemory: false }, times).set;
  assert.deepEqual([next.ephemeralDeploy, "installationSetId" in next], [false, false]);
});

test("no word of an installer, and no way out of rescue mode, sends it to its disk", () => {
  assert.deepEqual(netbootOff({ ...inMemory, status: "deploying", waitingFor: "image" }, times).set, {});
  assert.equal(switchPower(inMemory, "on", "").jobs[0]?.bootDevice, "network");
  const rescued = { ...inMemory, ...enterRescueMode(inMemory, 9, "", times).set };
  assert.equal(bootPurpose(rescued), "ephemeral");
  const left = exitRescueMode(rescued, "", now);
  assert.equal(left.jobs[0]?.bootDevice, "network");
  const leaving = { ...rescued, ...left.set };
  assert.deepEqual([leaving.netboot, bootPurpose(leaving)], [true, "memory"]);
  const back = { ...leaving, ...powerObserved(leaving, "on", now).set };
  assert.deepEqual([back.status, bootPurpose(back)], ["deployed", "memory"]);
  const fromDisk = exitRescueMode({ ...rescued, ephemeralDeploy: false }, "", now);
  assert.deepEqual([fromDisk.set.netboot, fromDisk.jobs[0]?.bootDevice], [false, null]);
});

test("released, it is booted into nothing of its user's any more", () => {
  const released = { ...inMemory, ...release(inMemory, "", now).set };
  assert.equal(bootPurpose(released), "poweroff");
  assert.equal(bootPurpose({ ...released, status: "ready" }), "poweroff");
});
