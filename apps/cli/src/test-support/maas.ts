/** Run the real command in a process of its own, with a home of its own. */
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const launcher = fileURLToPath(new URL("../../../../bin/maas", import.meta.url));

export interface Ran {
  code: number | null;
  out: string;
  bytes: Buffer;
  err: string;
}

export interface Home extends AsyncDisposable {
  path: string;
  maas: (args: readonly string[], options?: { stdin?: string; env?: Record<string, string> }) => Promise<Ran>;
  /** The same with a terminal as stdin, stdout and stderr, whose text is in `out`; `keys` are typed when a prompt is there. */
  maasOnTerminal: (
    args: readonly string[],
    keys?: { after: string; type: string }[],
    env?: Record<string, string>,
  ) => Promise<Ran>;
}

export async function newHome(): Promise<Home> {
  const path = await mkdtemp(join(tmpdir(), "maas-cli-"));
  const env = { PATH: process.env["PATH"] ?? "", HOME: path, SHELL: "/bin/sh" };
  return {
    path,
    maas: (args, options = {}) => runProgram(launcher, args, { ...env, ...options.env }, options.stdin ?? "", []),
    maasOnTerminal: async (args, keys = [], more = {}) => {
      const line = [launcher, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
      return runProgram("script", ["-qec", line, "/dev/null"], { ...env, ...more }, undefined, keys);
    },
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}

function runProgram(
  file: string,
  args: readonly string[],
  env: Record<string, string>,
  stdin: string | undefined,
  keys: readonly { after: string; type: string }[],
): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { env, stdio: ["pipe", "pipe", "pipe"] });
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    const waiting = [...keys];
    child.stdout.on("data", (chunk: Buffer) => {
      out.push(chunk);
      const next = waiting[0];
      if (next && Buffer.concat(out).toString().includes(next.after)) {
        waiting.shift();
        child.stdin.write(next.type);
      }
    });
    child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
    child.stdin.on("error", () => {});
    child.on("error", reject);
    child.on("close", (code) => {
      const bytes = Buffer.concat(out);
      resolve({ code, bytes, out: bytes.toString("utf8"), err: Buffer.concat(err).toString("utf8") });
    });
    if (stdin !== undefined) child.stdin.end(stdin);
  });
}
