import { execFile } from "node:child_process";

/**
 * Run a program to its end and give back what it printed.
 * @throws Error with the command and what it said, when it fails
 */
export function run(argv: readonly string[], stdin = ""): Promise<string> {
  const [program = "", ...args] = argv;
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { timeout: 30_000 }, (error, stdout, stderr) => {
      if (!error) return resolve(stdout);
      const said = stderr.trim() || stdout.trim() || error.message;
      reject(new Error(`${argv.join(" ")} failed: ${said}`, { cause: error }));
    });
    child.stdin?.on("error", () => {}); // the program may end without reading; its exit code says what matters
    child.stdin?.end(stdin);
  });
}

/**
 * Wait until `ready` gives something else than undefined, asking every 20 ms.
 * @throws Error with `what` after `timeoutMs`
 */
export async function until<T>(
  what: string,
  timeoutMs: number,
  ready: () => T | undefined | Promise<T | undefined>,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await ready();
    if (value !== undefined) return value;
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs / 1000} s in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
