import assert from "node:assert/strict";
import { test } from "node:test";
import {
  failedStatus,
  isWaiting,
  legalNext,
  type MachineStatus,
  machineStatuses,
  mayBecome,
  simpleStatus,
  simpleStatuses,
  statusCode,
  statusFromCode,
  statusLabel,
} from "./status.ts";

/** The reference's own table (lifecycle.md section 4), by its names: what the program's is held against. */
const REFERENCE = `
NEW: COMMISSIONING, TESTING, MISSING, READY, RETIRED, BROKEN, ENTERING_RESCUE_MODE
COMMISSIONING: FAILED_COMMISSIONING, READY, RETIRED, MISSING, NEW, BROKEN, TESTING
FAILED_COMMISSIONING: COMMISSIONING, MISSING, RETIRED, BROKEN, ENTERING_RESCUE_MODE, TESTING
READY: ENTERING_RESCUE_MODE, COMMISSIONING, ALLOCATED, RESERVED, RETIRED, MISSING, BROKEN, TESTING
RESERVED: READY, ALLOCATED, RETIRED, MISSING, BROKEN, DISK_ERASING, RELEASING, ENTERING_RESCUE_MODE, TESTING
ALLOCATED: READY, RETIRED, MISSING, BROKEN, DEPLOYING, DISK_ERASING, RELEASING, ENTERING_RESCUE_MODE, TESTING
DEPLOYING: ALLOCATED, MISSING, BROKEN, FAILED_DEPLOYMENT, DEPLOYED, READY, DISK_ERASING, RELEASING
FAILED_DEPLOYMENT: ALLOCATED, MISSING, BROKEN, READY, DISK_ERASING, RELEASING, ENTERING_RESCUE_MODE, TESTING
DEPLOYED: ALLOCATED, MISSING, BROKEN, READY, DISK_ERASING, RELEASING, ENTERING_RESCUE_MODE, TESTING
RELEASING: NEW, ALLOCATED, RESERVED, DEPLOYED, READY, BROKEN, MISSING, FAILED_DEPLOYMENT, FAILED_DISK_ERASING, FAILED_RELEASING
FAILED_RELEASING: RELEASING, DISK_ERASING, READY, BROKEN, TESTING
DISK_ERASING: BROKEN, DISK_ERASING, FAILED_DISK_ERASING, READY, RELEASING
FAILED_DISK_ERASING: DISK_ERASING, RELEASING, BROKEN, ALLOCATED, READY, ENTERING_RESCUE_MODE, TESTING
BROKEN: COMMISSIONING, READY, DISK_ERASING, RELEASING, ENTERING_RESCUE_MODE, TESTING, DEPLOYED
MISSING: NEW, READY, ALLOCATED, COMMISSIONING, BROKEN, ENTERING_RESCUE_MODE, TESTING
RETIRED: NEW, READY, MISSING, BROKEN, ENTERING_RESCUE_MODE, TESTING
ENTERING_RESCUE_MODE: READY, BROKEN, DEPLOYED, RESCUE_MODE, FAILED_ENTERING_RESCUE_MODE, EXITING_RESCUE_MODE
FAILED_ENTERING_RESCUE_MODE: BROKEN, ENTERING_RESCUE_MODE, EXITING_RESCUE_MODE, TESTING
RESCUE_MODE: BROKEN, EXITING_RESCUE_MODE, TESTING
EXITING_RESCUE_MODE: NEW, BROKEN, FAILED_COMMISSIONING, READY, RESERVED, ALLOCATED, FAILED_DEPLOYMENT, DEPLOYED, MISSING, RETIRED, FAILED_RELEASING, FAILED_DISK_ERASING, RESCUE_MODE, FAILED_ENTERING_RESCUE_MODE, FAILED_EXITING_RESCUE_MODE, FAILED_TESTING
FAILED_EXITING_RESCUE_MODE: BROKEN, EXITING_RESCUE_MODE, TESTING
TESTING: BROKEN, NEW, READY, RESERVED, ALLOCATED, DEPLOYED, COMMISSIONING, FAILED_DEPLOYMENT, MISSING, RETIRED, FAILED_RELEASING, FAILED_DISK_ERASING, FAILED_ENTERING_RESCUE_MODE, FAILED_EXITING_RESCUE_MODE, FAILED_TESTING
FAILED_TESTING: COMMISSIONING, BROKEN, MISSING, ENTERING_RESCUE_MODE, TESTING, READY, DEPLOYED
`;

test("the legal pairs are the reference's, all of them and no other", () => {
  const rows = REFERENCE.trim().toLowerCase().split("\n");
  assert.equal(rows.length, machineStatuses.length);
  for (const row of rows) {
    const [from = "", list = ""] = row.split(": ");
    const wanted = list.split(", ").filter((to) => to !== from);
    assert.deepEqual([...legalNext[from as MachineStatus]].sort(), wanted.sort(), from);
  }
  for (const status of machineStatuses) assert.ok(mayBecome(status, status), `${status} may stay`);
});

test("codes are 0 to 22, each one status and back", () => {
  assert.deepEqual(
    Object.values(statusCode).sort((a, b) => a - b),
    [...Array(23).keys()],
  );
  for (const status of machineStatuses) {
    assert.equal(statusFromCode(statusCode[status]), status);
    assert.ok(statusLabel[status].length > 2);
  }
  assert.throws(() => statusFromCode(23), /23/);
});

test("whatever waits has a failed status that it may become, and no failed status waits", () => {
  for (const status of machineStatuses.filter(isWaiting)) {
    assert.ok(mayBecome(status, failedStatus[status]), status);
    assert.ok(!isWaiting(failedStatus[status]), status);
  }
});

test("broad words: every status has one, and they are the reference's (enums.json, SIMPLIFIED_NODE_STATUS)", () => {
  for (const status of machineStatuses) assert.ok(simpleStatuses.includes(simpleStatus(status)), status);
  const of = (word: string) => machineStatuses.filter((s) => simpleStatus(s) === word).sort();
  assert.equal(of("failed").length, 7);
  assert.deepEqual(of("releasing"), ["disk_erasing", "releasing"]);
  assert.deepEqual(of("rescue_mode"), ["entering_rescue_mode", "exiting_rescue_mode", "rescue_mode"]);
  assert.deepEqual(of("other"), ["missing", "reserved", "retired"]);
});
