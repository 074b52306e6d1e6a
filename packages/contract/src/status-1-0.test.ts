import assert from "node:assert/strict";
import { test } from "node:test";
import { machineStatuses, statusCode } from "@rackwright/domain/machine/status";
import { status10 } from "./status-1-0.ts";

test("each status of 2.0 has its number of 1.0, held and free", () => {
  const table = Object.fromEntries(
    machineStatuses.map((s) => [s, [status10(statusCode[s], true), status10(statusCode[s], false)]]),
  );
  assert.deepEqual(table, {
    new: [0, 0],
    commissioning: [1, 1],
    failed_commissioning: [2, 2],
    missing: [3, 3],
    ready: [4, 4],
    reserved: [5, 5],
    deployed: [6, 6],
    retired: [7, 7],
    broken: [8, 8],
    deploying: [6, 6],
    allocated: [6, 6],
    failed_deployment: [6, 6],
    releasing: [6, 6],
    failed_releasing: [6, 6],
    disk_erasing: [6, 6],
    failed_disk_erasing: [6, 6],
    rescue_mode: [6, 4],
    entering_rescue_mode: [6, 4],
    failed_entering_rescue_mode: [6, 4],
    exiting_rescue_mode: [6, 4],
    failed_exiting_rescue_mode: [6, 4],
    testing: [6, 1],
    failed_testing: [6, 2],
  });
});
