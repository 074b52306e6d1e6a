/** The runner that we ship, against the region: what machines in rescue mode and with release scripts really do. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { addImage, addMachine, machineRow, netboot, statusOf } from "../testing/machines.ts";
import { credentialsIn, machineSide } from "../testing/machine-side.ts";
import { type TestRegion, testRegion } from "../testing/region.ts";
import { plaintextHeader } from "../testing/request.ts";

const RUNNER = join(import.meta.dirname, "../../../../machine/runner/maas-run-remote-scripts");

let t: TestRegion;
let directory: string;
const { preseed, report } = machineSide(() => t);
before(async () => {
  t = await testRegion();
  directory = await mkdtemp(join(tmpdir(), "rackwright-runner-"));
  await addImage(t);
});
after(async () => {
  await t?.close();
  if (directory) await rm(directory, { recursive: true, force: true });
});

const addScript = async (name: string, body: string) => {
  const script = `#!/bin/sh\n# --- Start MAAS 1.0 script metadata ---\n# name: ${name}\n# script_type: release\n# --- End MAAS 1.0 script metadata ---\n${body}\n`;
  const reply = await t.request(t.admin, "POST", "scripts/", { form: { script } });
  assert.equal(reply.status, 200, reply.text);
};

/** A deployed machine after this operation, as far as its preseed. */
async function bootedFor(op: string, form: Record<string, string> = {}) {
  const m = await addMachine(t, "deployed", { owner_id: t.admin.id, osystem: "debian" });
  const reply = await t.request(t.admin, "POST", `machines/${m.systemId}/`, { query: { op }, form });
  assert.equal(reply.status, 200, reply.text);
  const { secret } = await netboot(t, m.mac);
  const { text } = await preseed(m.systemId, secret);
  return { ...m, text, token: credentialsIn(text) };
}

/** @returns the runner's exit status and what it printed */
async function run(m: { systemId: string; text: string }): Promise<{ status: number; output: string }> {
  const config = join(directory, `${m.systemId}.cfg`);
  await writeFile(config, m.text);
  const work = await mkdtemp(join(directory, "work-"));
  return new Promise((resolve) => {
    execFile("python3", [RUNNER, `--config=${config}`, work], { timeout: 60_000 }, (error, stdout, stderr) =>
      resolve({ status: error === null ? 0 : Number(error.code ?? -1), output: stdout + stderr }),
    );
  });
}

test("rescue mode: nothing to run, and it can be logged in to", async () => {
  const m = await bootedFor("rescue_mode");
  const { status, output } = await run(m);
  assert.equal(status, 0, output);
  assert.equal(await statusOf(t, m.systemId), "rescue_mode", output);
});

test("release scripts that pass: their output is kept, and the end of cloud-init gives the machine back", async () => {
  await addScript("goodbye", "echo farewell");
  const m = await bootedFor("release", { scripts: "goodbye" });
  const { status, output } = await run(m);
  assert.equal(status, 0, output);
  const row = await machineRow(t, m.systemId);
  assert.deepEqual([await statusOf(t, m.systemId), row.waiting_for], ["releasing", "last_report"], output);
  const { rows } = await t.db.pool.query<{ status: number; stdout: Buffer }>(
    "select status, stdout from script_result where set_id = $1",
    [row.release_set_id],
  );
  assert.deepEqual(
    rows.map((r) => [r.status, r.stdout.toString()]),
    [[2, "farewell\n"]],
  );
  const finish = {
    event_type: "finish",
    origin: "cloudinit",
    name: "modules-final",
    description: "",
    result: "SUCCESS",
  };
  await report(m.token, m.systemId, finish);
  assert.equal(await statusOf(t, m.systemId), "new", "nobody can see its power, and it was never commissioned");
});

test("what a script prints is seen while it runs, by the way of runner and region", async () => {
  const mark = join(directory, "seen");
  await addScript("talks", `echo first; while [ ! -e ${mark} ]; do sleep 0.1; done; echo last`);
  const m = await bootedFor("release", { scripts: "talks" });
  const running = run(m);
  const { rows } = await t.db.pool.query<{ id: number }>("select release_set_id as id from node where id = $1", [m.id]);
  const url = `${t.url}/MAAS/api/2.0/nodes/${m.systemId}/results/${rows[0]?.id}/?op=follow`;
  const following = await fetch(url, { headers: { authorization: plaintextHeader(t.admin.token) } });
  assert.equal(following.status, 200);
  let text = "";
  let printed = "";
  for await (const chunk of following.body ?? []) {
    text += Buffer.from(chunk).toString("utf8");
    printed = [...text.matchAll(/"data":"([^"]*)"/g)].map(([, data = ""]) => Buffer.from(data, "base64")).join("");
    // Only now it goes on.
    if (printed === "first\n") await writeFile(mark, "");
  }
  const { status, output } = await running;
  assert.equal(status, 0, output);
  assert.equal(printed, "first\nlast\n");
  assert.match(text, /event: end\ndata: \{"status":2,"status_name":"Passed"\}\n\n$/);
});

test("a release script that fails fails the release by its name", async () => {
  await addScript("stubborn", "exit 3");
  const m = await bootedFor("release", { scripts: "stubborn,goodbye" });
  const { status, output } = await run(m);
  assert.equal(status, 1, output);
  assert.equal(await statusOf(t, m.systemId), "failed_releasing", output);
  assert.match((await machineRow(t, m.systemId)).error_description, /stubborn/);
});
