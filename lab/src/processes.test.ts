import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { cleanLab } from "./clean.ts";
import { endProcess, isRunning, processId } from "./processes.ts";
import { Recorder, readRecord } from "./record.ts";

function sleeper(t: TestContext, script = "exec sleep 60") {
  const child = spawn("sh", ["-c", script], { stdio: ["ignore", "pipe", "ignore"] });
  t.after(() => child.kill("SIGKILL"));
  assert.ok(child.pid);
  return { child, pid: child.pid };
}

test("a process is known by pid and start time, and ended", async (t) => {
  const { child, pid } = sleeper(t);
  const id = processId(pid);
  assert.ok(id && isRunning(id));
  await endProcess(id, 5000);
  assert.equal(isRunning(id), false);
  if (child.signalCode === null) await once(child, "exit");
  assert.equal(child.signalCode, "SIGTERM");
});

test("one that does not listen is killed", async (t) => {
  const { child, pid } = sleeper(t, "trap '' TERM; echo ready; while :; do sleep 1; done");
  await once(child.stdout, "data");
  const id = processId(pid);
  assert.ok(id);
  await endProcess(id, 100);
  assert.equal(isRunning(id), false);
});

test("another process that took over the pid is left alone", async (t) => {
  const { pid } = sleeper(t);
  const id = processId(pid);
  assert.ok(id);
  await endProcess({ pid, startTime: id.startTime - 1 }, 0);
  assert.ok(isRunning(id));
});

test("the record is on disk as soon as something is added, for nobody else to overwrite", (t) => {
  const dir = mkdtempSync(join(tmpdir(), "lab-record-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const recorder = new Recorder(dir, { netns: "n", runDir: "/nowhere" });
  const { pid } = sleeper(t);
  const entry = recorder.add("a sleeper", pid);
  assert.deepEqual(readRecord(dir)?.processes, [{ what: "a sleeper", ...processId(pid) }]);
  recorder.remove(entry);
  assert.deepEqual(readRecord(dir)?.processes, []);
  assert.throws(() => new Recorder(dir, { netns: "m", runDir: "/nowhere" }), /EEXIST/);
});

test("a lab that runs is not cleaned away, and nothing to clean is fine", async (t) => {
  const dir = mkdtempSync(join(tmpdir(), "lab-record-"));
  t.after(() => rmSync(dir, { recursive: true }));
  await cleanLab(dir);
  const { record } = new Recorder(dir, { netns: "n", runDir: "/nowhere" });
  await assert.rejects(cleanLab(dir), new RegExp(`run by process ${record.owner.pid}`));
  assert.ok(statSync(join(dir, "lab.json")).isFile());
});
