/** A user's shell: command lines as a person types them, with `maas` on PATH and a home of its own. */
import { spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";

export interface Ran {
  code: number | null;
  out: string;
  err: string;
}

export interface UserShell {
  /** Working directory and home: files that the commands write are here. */
  home: string;
  /** @throws Error with what was printed when the exit code is not 0 */
  run: (line: string, vars?: Record<string, string>) => Promise<string>;
  json: <T>(line: string, vars?: Record<string, string>) => Promise<T>;
  /** For lines that are to fail. */
  attempt: (line: string, vars?: Record<string, string>) => Promise<Ran>;
}

const PROJECT = join(import.meta.dirname, "..", "..", "..");
export const FIXTURES = join(PROJECT, "e2e", "fixtures");
/** No single command takes longer, on a loaded host either. */
const LINE_TIMEOUT_MS = 120_000;

/** `$PROFILE` and `$FIXTURES` are set in every line, as in a shell session. */
export async function userShell(home: string, variables: Record<string, string>): Promise<UserShell> {
  await mkdir(home, { recursive: true });
  const env = {
    PATH: `${join(PROJECT, "bin")}:${process.env.PATH ?? ""}`,
    HOME: home,
    LANG: "C.UTF-8",
    PROFILE: "admin",
    FIXTURES,
    ...variables,
  };
  const attempt = (line: string, vars: Record<string, string> = {}) => spawnLine(line, home, { ...env, ...vars });
  const run = async (line: string, vars?: Record<string, string>) => {
    const { code, out, err } = await attempt(line, vars);
    if (code !== 0) throw new Error(`${line}: exit ${code}\n${out}${err}`);
    return out;
  };
  const json = async <T>(line: string, vars?: Record<string, string>) => JSON.parse(await run(line, vars)) as T;
  return { home, run, json, attempt };
}

function spawnLine(line: string, cwd: string, env: Record<string, string>): Promise<Ran> {
  const { promise, resolve, reject } = Promise.withResolvers<Ran>();
  // pipefail: `maas … | jq` fails when maas does.
  const child = spawn("bash", ["-o", "pipefail", "-c", line], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  const timer = setTimeout(() => child.kill("SIGKILL"), LINE_TIMEOUT_MS);
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => err.push(chunk));
  child.once("error", reject);
  child.once("close", (code) => {
    clearTimeout(timer);
    resolve({ code, out: Buffer.concat(out).toString("utf8"), err: Buffer.concat(err).toString("utf8") });
  });
  return promise;
}
