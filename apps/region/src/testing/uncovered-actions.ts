/**
 * Which declared actions does no test call with success? Runs the region's database tests and prints them; ends with 1 when there
 * are any. Tests that visit the whole contract do not count: what succeeds there does so by chance, and nobody looks at it.
 * usage: node apps/region/src/testing/uncovered-actions.ts
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { globSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { allActions } from "@rackwright/contract/table";
import { keyOf } from "../http/route.ts";
import { RECORD_ACTIONS } from "./record-actions.ts";

const WHOLE_CONTRACT = new Set([
  "nonsense.db.test.ts",
  "authorization.db.test.ts",
  "fuzz.db.test.ts",
  "ownership.db.test.ts",
]);
/** Those that cannot succeed in such a test, and why. */
const EXCEPTIONS: Readonly<Record<string, readonly string[]>> = {
  "withdrawn from the API: 410, whoever asks": [
    "Networks.create",
    "Network.update",
    "Network.delete",
    "Network.connect_macs",
    "Network.disconnect_macs",
  ],
  "racks are not tested, so there is nothing to test, abort or override": [
    "RackController.test",
    "RackController.abort",
    "RackController.override_failed_testing",
  ],
  "asks Launchpad or GitHub; app/ssh-key-import.db.test.ts asks a server of its own": ["SSHKeys.import"],
};

const SOURCE = join(import.meta.dirname, "..");

const files = globSync("**/*.db.test.ts", { cwd: SOURCE })
  .filter((file) => !WHOLE_CONTRACT.has(basename(file)))
  .toSorted();
const directory = await mkdtemp(join(tmpdir(), "rackwright-actions-"));
try {
  const record = join(directory, "actions");
  await writeFile(record, "");
  const child = spawn(process.execPath, ["--test", "--test-concurrency=2", "--test-reporter=dot", ...files], {
    cwd: SOURCE,
    env: { ...process.env, [RECORD_ACTIONS]: record },
    stdio: "inherit",
  });
  const [code] = (await once(child, "close")) as [number | null];
  const succeeded = new Set((await readFile(record, "utf8")).split("\n").map((line) => line.split("\t")[0]));
  const actions = allActions();
  const excepted = new Set(Object.values(EXCEPTIONS).flat());
  const missing = actions.filter((action) => !succeeded.has(keyOf(action)) && !excepted.has(keyOf(action)));
  process.stdout.write(`\n${actions.length} actions, ${missing.length} that no test called with success and should\n`);
  for (const action of missing)
    process.stdout.write(`${keyOf(action)}  ${action.method} ${action.resource.path} op=${action.op ?? ""}\n`);
  process.exitCode = missing.length > 0 || code !== 0 ? 1 : 0;
} finally {
  await rm(directory, { recursive: true, force: true });
}
