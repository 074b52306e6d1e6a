/** A user's SSH key, and logging in with it from inside the lab's network. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import type { Lab } from "@rackwright/lab/lab";
import type { ApiClient } from "./client.ts";

const run = promisify(execFile);

/** The system signals before its SSH server listens. */
const READY_MS = 120_000;
const RETRY_MS = 2000;
const COMMAND_MS = 60_000;

/** Make a key pair in `dir` and give the public half to the API. @returns the file of the private half */
export async function addSshKey(api: ApiClient, dir: string): Promise<string> {
  const file = join(dir, "ssh-key");
  await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "user@example", "-f", file]);
  await api.call("POST", "/account/prefs/sshkeys/", { key: (await readFile(`${file}.pub`, "utf8")).trim() });
  return file;
}

/**
 * Run a command on a machine of the lab, as soon as it lets us in.
 * @param input what the command reads
 * @throws Error with ssh's own words when it did not in time
 */
export async function sshTo(
  lab: Lab,
  keyFile: string,
  target: string,
  command: string,
  { commandMs = COMMAND_MS, input = "" }: { commandMs?: number; input?: string } = {},
): Promise<string> {
  const settings = ["BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR"];
  const options = settings.flatMap((setting) => ["-o", setting]);
  const [program = "", ...args] = lab.command(["ssh", "-F", "none", "-i", keyFile, ...options, target, command]);
  const began = performance.now();
  for (;;) {
    try {
      const running = run(program, args, { timeout: commandMs });
      running.child.stdin?.on("error", () => {}); // ssh's own end says why
      running.child.stdin?.end(input);
      return (await running).stdout;
    } catch (cause) {
      if (performance.now() - began > READY_MS)
        throw new Error(`${target} could not be logged in to within ${READY_MS / 1000} s: ${String(cause)}`, { cause });
      await sleep(RETRY_MS);
    }
  }
}
