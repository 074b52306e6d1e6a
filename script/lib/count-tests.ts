/** The closing lines of script/test: what failed and why, what was left out, which steps failed, and the counts over all test runners. */
import { readFileSync } from "node:fs";
import { failures } from "./failures.ts";

const [file = "", failedSteps = "", leftOut = ""] = process.argv.slice(2);
const output = readFileSync(file, "utf8");

const sum = (pattern: RegExp) => [...output.matchAll(pattern)].reduce((total, match) => total + Number(match[1]), 0);

// node's test runner: "ℹ pass 12"; Python's unittest: "Ran 12 tests in" and "FAILED (failures=1, errors=2)".
const nodePassed = sum(/^ℹ pass (\d+)$/gm);
const nodeFailed = sum(/^ℹ fail (\d+)$/gm) + sum(/^ℹ cancelled (\d+)$/gm);
const skipped = sum(/^ℹ skipped (\d+)$/gm) + sum(/skipped=(\d+)/g);
const pythonRun = sum(/^Ran (\d+) tests? in/gm);
const pythonFailed = sum(/^FAILED \((?:.*?)failures=(\d+)/gm) + sum(/^FAILED \((?:.*?)errors=(\d+)/gm);
const steps = failedSteps.split(/\s+/).filter((step) => step !== "");

const passed = nodePassed + pythonRun - pythonFailed;
// A step that failed without a failing test (types, lint, a runner that died) is a failure of its own.
const failed = Math.max(nodeFailed + pythonFailed, steps.length > 0 ? 1 : 0);
for (const failure of failures(output)) console.log(`\n${failure}`);
if (leftOut.trim() !== "") console.log(`${leftOut}\n`);
if (steps.length > 0) console.log(`failed steps: ${failedSteps.trim()}`);
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
process.exitCode = failed === 0 ? 0 : 1;
