import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

export type Progress = (line: string) => void;

export type RunOptions = {
  readonly progress?: Progress | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly env?: Readonly<Record<string, string>>;
};

/**
 * Run a program to its end and return its stdout; stderr goes line by line to `progress`.
 * An abort sends SIGTERM to the program's whole process group and waits until it has gone, so that its files can be removed.
 * @throws Error naming the program, its exit and its last lines
 */
export async function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  options.signal?.throwIfAborted();
  const child = spawn(program, args, {
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, LC_ALL: "C", ...options.env },
  });
  const stop = () => {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGTERM");
  };
  options.signal?.addEventListener("abort", stop, { once: true });
  const lastLines: string[] = [];
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  createInterface({ input: child.stderr }).on("line", (line) => {
    lastLines.push(line);
    if (lastLines.length > 15) lastLines.shift();
    options.progress?.(line);
  });
  const ended = await new Promise<string | undefined>((resolve) => {
    child.on("error", (error) => resolve(`could not be started: ${error.message}`));
    child.on("close", (code, signal) =>
      resolve(code === 0 ? undefined : `ended with ${signal ?? `exit code ${code}`}`),
    );
  });
  options.signal?.removeEventListener("abort", stop);
  options.signal?.throwIfAborted();
  if (ended === undefined) return stdout;
  throw new Error([`${program} ${args.join(" ").slice(0, 200)} ${ended}`, ...lastLines].join("\n"));
}
