import assert from "node:assert/strict";
import { test } from "node:test";
import type { Machine } from "../machine.ts";
import { deploy } from "./deploy.ts";
import { fellSilent, hardwareSync, nextSync, silentFrom, synced } from "./hardware-sync.ts";
import { markBroken } from "./marks.ts";
import { release } from "./release.ts";
import { signal } from "./signal.ts";
import { machine, minutes, now, times } from "./testing.ts";

const syncing = (more: Partial<Machine> = {}) =>
  machine("deployed", { enableHwSync: true, syncIntervalS: 600, statusSince: minutes(-60), ...more });
const heard = { error: "", scriptName: null, heartbeat: false, anyFailed: false, anyPending: false } as const;

test("a deploy that asks for it begins it, any other ends it", () => {
  const os = {
    osystem: "debian",
    distroSeries: "bookworm",
    hweKernel: null,
    userData: null,
    comment: "",
    inMemory: false,
    syncIntervalS: 600,
  };
  const before = machine("allocated", { lastSync: minutes(-9), syncSilent: true });
  const begun = deploy(before, os, times).set;
  assert.deepEqual(
    [begun.enableHwSync, begun.syncIntervalS, begun.lastSync, begun.syncSilent],
    [true, 600, null, false],
  );
  assert.equal(
    deploy(machine("allocated", { enableHwSync: true }), { ...os, syncIntervalS: null }, times).set.enableHwSync,
    false,
  );
});

test("released or broken, a machine reports no more", () => {
  for (const { set } of [release(syncing(), "", now), markBroken(syncing(), "", now)])
    assert.deepEqual([set.enableHwSync, set.syncIntervalS, set.lastSync, set.syncSilent], [false, null, null, false]);
});

test("an outcome that was kept is a report; a word alone is none; its scripts together are one", () => {
  const working = { ...heard, signal: "WORKING" } as const;
  assert.deepEqual(signal(syncing(), working, times).set, {});
  assert.deepEqual(signal(syncing(), { ...working, stored: true }, times).set, { lastSync: now, syncSilent: false });
  assert.deepEqual(synced(syncing({ lastSync: minutes(-0.1) }), now).set, {});
  assert.deepEqual(synced(machine("deployed"), now).set, {}, "nothing is expected of it");
});

test("silence is told once, and so is that it ended", () => {
  const quiet = syncing({ lastSync: minutes(-16) });
  const told = fellSilent(quiet, now);
  assert.deepEqual(told.set, { syncSilent: true });
  assert.equal(told.events[0]?.type, "NODE_HARDWARE_SYNC_SILENT");
  assert.match(told.events[0]?.description ?? "", /every 600 s.*last at 2026-05-01T11:44/);
  assert.deepEqual(fellSilent({ ...quiet, syncSilent: true }, now).events, []);
  assert.equal(synced({ ...quiet, syncSilent: true }, now).events[0]?.type, "NODE_HARDWARE_SYNC_BACK");
});

test("one and a half intervals, from the last report or from when it became Deployed", () => {
  assert.deepEqual(silentFrom(syncing({ lastSync: minutes(-5) })), minutes(10));
  assert.deepEqual(silentFrom(syncing()), minutes(-45));
  assert.match(fellSilent(syncing(), now).events[0]?.description ?? "", /never since it was deployed/);
  const back = syncing({ lastSync: minutes(-60), statusSince: minutes(-1) });
  assert.deepEqual([silentFrom(back), fellSilent(back, now).events], [minutes(14), []], "back from rescue mode");
  assert.equal(silentFrom({ ...syncing(), status: "rescue_mode" }), null);
  assert.equal(silentFrom(machine("deployed")), null);
  assert.deepEqual(nextSync(syncing({ lastSync: minutes(-5) })), minutes(5));
  assert.equal(nextSync(syncing()), null);
  assert.equal(hardwareSync(null).enableHwSync, false);
});
