/**
 * Which declared actions does no test call with success, and which of the refusals that API 2.0 lists does no test get? Ends with 1 when
 * there are any but the exceptions of `seen.ts`.
 * usage: node apps/region/src/testing/uncovered-actions.ts [--seen FILE]
 * Without a file that tests have recorded it runs the region's database tests itself, which takes minutes.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { globSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { RECORD_ACTIONS } from "./record-actions.ts";
import { BY_CHANCE, judge } from "./seen.ts";

const SOURCE = join(import.meta.dirname, "..");

/** @returns what they recorded, and whether they passed */
async function runTests(): Promise<{ record: string; passed: boolean }> {
  const files = globSync("**/*.db.test.ts", { cwd: SOURCE }).filter((file) => !BY_CHANCE.has(basename(file)));
  const directory = await mkdtemp(join(tmpdir(), "rackwright-actions-"));
  try {
    const into = join(directory, "actions");
    await writeFile(into, "");
    const tests = ["--test", "--test-concurrency=2", "--test-reporter=dot", ...files.toSorted()];
    const env = { ...process.env, [RECORD_ACTIONS]: into };
    const child = spawn(process.execPath, tests, { cwd: SOURCE, env, stdio: "inherit" });
    const [code] = (await once(child, "close")) as [number | null];
    return { record: await readFile(into, "utf8"), passed: code === 0 };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const { seen } = parseArgs({ options: { seen: { type: "string" } } }).values;
const { record, passed } =
  seen === undefined ? await runTests() : { record: await readFile(seen, "utf8"), passed: true };
const { figures, complaints } = judge(record);
process.stdout.write(`\n${[...figures, ...complaints].join("\n")}\n`);
process.exitCode = complaints.length > 0 || !passed ? 1 : 0;
