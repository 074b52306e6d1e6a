/** Runs a client's program, which reports its steps as lines of JSON; each becomes a test. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { TestContext } from "node:test";
import type { ClientRoom } from "./room.ts";

interface Step {
  step: string;
  error?: string;
}

/** No program takes longer, on a loaded host either. */
const PROGRAM_MS = 240_000;

/** @param command  program and arguments; MAAS_URL and MAAS_API_KEY are in its environment */
export async function runSteps(
  t: TestContext,
  room: ClientRoom,
  command: readonly string[],
  env: Record<string, string> = {},
): Promise<void> {
  const [program = "", ...args] = command;
  const child = spawn(program, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, MAAS_URL: room.up.url, MAAS_API_KEY: room.up.api_key, ...env },
    timeout: PROGRAM_MS,
    killSignal: "SIGKILL",
  });
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  const steps = out
    .split("\n")
    .filter((line) => line.startsWith('{"step"'))
    .map((line) => JSON.parse(line) as Step);
  for (const { step, error } of steps)
    await t.test(step, () => {
      if (error !== undefined) throw new Error(error);
    });
  if (steps.some(({ error }) => error !== undefined)) t.diagnostic(await room.told());
  assert.equal(code, 0, `${program} ended with ${code}:\n${err.slice(-2000)}`);
  assert.ok(steps.length > 0, "no step was reported");
}
