import { spawn } from "node:child_process";
import { notInstalled } from "./not-installed.ts";
import type { Command, Finished } from "./run-program.ts";

/** What is kept of the output, for the reason when it ends: its beginning. */
const KEPT_CHARS = 4096;
/** A program whose standard input has ended is to say goodbye to the BMC; one that does not is killed. */
const GOODBYE_MS = 3000;

/**
 * Run a program for as long as it or `signal` likes, and hand on what it prints. Its standard input stays open and empty; ending that is how
 * it is told to end, also by our own death.
 * @returns when it has ended, for whichever reason
 */
export function streamProgram(
  command: Command,
  onText: (text: string) => void,
  signal: AbortSignal,
): Promise<Finished> {
  signal.throwIfAborted();
  const child = spawn(command.file, command.args, {
    env: { PATH: process.env["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C", ...command.env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const { promise, resolve, reject } = Promise.withResolvers<Finished>();
  let stdout = "";
  let stderr = "";
  // Serial consoles are bytes; what is of note in them is ASCII.
  child.stdout.setEncoding("latin1").on("data", (text: string) => {
    if (stdout.length < KEPT_CHARS) stdout += text.slice(0, KEPT_CHARS - stdout.length);
    onText(text);
  });
  child.stderr.setEncoding("latin1").on("data", (text: string) => {
    if (stderr.length < KEPT_CHARS) stderr += text.slice(0, KEPT_CHARS - stderr.length);
  });
  child.stdin.on("error", () => {}); // it ended first
  let hard: NodeJS.Timeout | undefined;
  const end = () => {
    child.stdin.end();
    hard = setTimeout(() => child.kill("SIGKILL"), GOODBYE_MS);
  };
  const settle = () => {
    signal.removeEventListener("abort", end);
    clearTimeout(hard);
  };
  signal.addEventListener("abort", end, { once: true });
  child.on("error", (cause: NodeJS.ErrnoException) => {
    settle();
    reject(cause.code === "ENOENT" ? notInstalled(command.file, cause) : cause);
  });
  child.on("close", (code) => {
    settle();
    resolve({ code, stdout, stderr });
  });
  return promise;
}
