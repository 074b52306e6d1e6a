/** What a command takes of its own: processor time above that of Node itself, with a description as large as ours is. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { api20 } from "@rackwright/contract/versions";
import { KEY, startApiServer } from "./test-support/api-server.ts";
import { launcher, newHome } from "./test-support/maas.ts";

const RUNS = 9;
const MOST_MS = 100;

test("a command takes less than 100 ms of processor time of its own", async (t) => {
  await using api = await startApiServer();
  await using home = await newHome();
  api.answers["GET /MAAS/api/2.0/describe/"] = {
    type: "application/json",
    body: JSON.stringify(api20.describe(api.url)),
  };
  api.hash = api20.hash;
  assert.equal((await home.maas(["login", "admin", api.url, KEY])).code, 0);

  /** The least of several runs: whatever else the host does only adds to it. */
  const leastMs = async (...words: string[]): Promise<number> => {
    const times: number[] = [];
    for (let i = 0; i < RUNS; i++) {
      const line = 'TIMEFORMAT="%U %S"; time "$@" >/dev/null 2>&1';
      const env = { PATH: process.env["PATH"] ?? "", HOME: home.path, LC_ALL: "C" };
      const { stderr } = await promisify(execFile)("bash", ["-c", line, "bash", ...words], { env });
      const [user = "", system = ""] = stderr.trim().split(" ");
      times.push((Number(user) + Number(system)) * 1000);
    }
    return Math.min(...times);
  };
  const node = await leastMs(process.execPath, "-e", "0");
  const commands = [
    ["admin", "machines", "read"],
    ["admin", "machine", "-h"],
    ["__complete", "--", "admin", "mach"],
    ["list"],
  ];
  for (const words of commands) {
    const own = (await leastMs(launcher, ...words)) - node;
    t.diagnostic(`maas ${words.join(" ")}: ${own.toFixed(0)} ms of its own, beside ${node.toFixed(0)} ms of Node`);
    assert.ok(own < MOST_MS, `${own} ms`);
  }
});
