import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { endOrphan, recordChild } from "./orphan.ts";

const directory = mkdtempSync(join(tmpdir(), "rwkea-orphan-"));
const record = join(directory, "child");
const children: ReturnType<typeof spawn>[] = [];
after(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(directory, { recursive: true });
});

/** A process that does nothing, with the mark in its command line, and ends at once when told only if `polite`. */
async function recorded(polite: boolean): Promise<{ pid: number; exit: Promise<unknown[]> }> {
  const code = `process.on("SIGTERM", () => { if (${polite}) process.exit(0); }); console.log("ready"); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["-e", code, "the-mark"], { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  await once(child.stdout, "data");
  assert.ok(child.pid);
  await recordChild(record, child.pid);
  return { pid: child.pid, exit: once(child, "exit") };
}

test("a recorded child is ended, and its record goes", async () => {
  const { pid, exit } = await recorded(true);
  assert.equal(await endOrphan(record, "the-mark"), pid);
  await exit;
  assert.equal(existsSync(record), false);
  assert.equal(await endOrphan(record, "the-mark"), undefined);
});

test("one that ignores SIGTERM is killed", async () => {
  const { pid, exit } = await recorded(false);
  assert.equal(await endOrphan(record, "the-mark"), pid);
  assert.equal((await exit)[1], "SIGKILL");
});

test("a stranger with the same pid is left alone", async () => {
  const { pid } = await recorded(true);
  assert.equal(await endOrphan(record, "another mark"), undefined);
  await recordChild(record, pid);
  const told = JSON.parse(readFileSync(record, "utf8")) as object;
  writeFileSync(record, JSON.stringify({ ...told, startTime: "1" }));
  assert.equal(await endOrphan(record, "the-mark"), undefined);
  writeFileSync(record, "half a rec");
  assert.equal(await endOrphan(record, "the-mark"), undefined);
  assert.ok(existsSync(`/proc/${pid}`));
});
