import { spawn } from "node:child_process";
import { notInstalled } from "./not-installed.ts";

export interface Command {
  file: string;
  args: readonly string[];
  /** The whole environment of the program, apart from PATH: secrets travel here, never in `args`. */
  env: Readonly<Record<string, string>>;
}

export interface Finished {
  /** null when a signal ended it. */
  code: number | null;
  stdout: string;
  stderr: string;
}

/** More than any BMC tool prints; what comes after is dropped so that a mad program cannot fill memory. */
const OUTPUT_LIMIT_BYTES = 256 * 1024;

/** Run `command` to its end; killed at once when `signal` fires, and then rejects with the signal's reason. */
export function runProgram(command: Command, signal: AbortSignal): Promise<Finished> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const child = spawn(command.file, command.args, {
      env: { PATH: process.env["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C", ...command.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const stdout = collect(child.stdout);
    const stderr = collect(child.stderr);
    const abort = () => child.kill("SIGKILL");
    signal.addEventListener("abort", abort, { once: true });
    child.on("error", (cause: NodeJS.ErrnoException) => {
      signal.removeEventListener("abort", abort);
      reject(cause.code === "ENOENT" ? notInstalled(command.file, cause) : cause);
    });
    child.on("close", (code) => {
      signal.removeEventListener("abort", abort);
      if (signal.aborted) reject(signal.reason as Error);
      else resolve({ code, stdout: stdout(), stderr: stderr() });
    });
  });
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  stream.on("data", (chunk: Buffer) => {
    if (size < OUTPUT_LIMIT_BYTES) chunks.push(chunk);
    size += chunk.length;
  });
  return () => Buffer.concat(chunks).toString("utf8");
}
