/** Programs in Go, built from modules of the Go proxy that are kept between runs. */
import { execFile } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
/** Where the Go project's own archive puts it; looked at when PATH has none. */
const USUAL_GO = "/usr/local/go/bin/go";
const DOWNLOAD_MS = 180_000;
/** A first build compiles the standard library too: a minute on 2 busy processors. */
const BUILD_MS = 300_000;

/** Why programs cannot be built here; whoever needs them is left out, loudly. */
export class NoGo extends Error {}

/**
 * Build the programs of a module.
 * @param module  the folder of go.mod, whose `go` line says what is needed
 * @param programs  its folders with a main package
 * @param into  where the executables go, by the programs' names
 * @throws NoGo where there is no Go that is new enough, or the modules cannot be had; Error when they do not compile
 */
export async function buildGo(module: string, programs: readonly string[], into: string): Promise<void> {
  const cache = process.getuid?.() === 0 ? "/var/cache/rackwright/go" : join(tmpdir(), "rackwright-go");
  await mkdir(cache, { recursive: true, mode: 0o755 });
  const env = {
    ...process.env,
    GOMODCACHE: join(cache, "modules"),
    GOCACHE: join(cache, "build"),
    GOFLAGS: "-mod=readonly -buildvcs=false -modcacherw",
    // A Go that is too old says so, and fetches no other.
    GOTOOLCHAIN: "local",
  };
  const go = await findGo();
  try {
    await run(go, ["mod", "download"], { cwd: module, env, timeout: DOWNLOAD_MS });
  } catch (cause) {
    throw new NoGo(`cannot get the modules: ${messageOf(cause)}`, { cause });
  }
  await mkdir(into, { recursive: true });
  const packages = programs.map((program) => `./${program}`);
  await run(go, ["build", "-o", `${into}/`, ...packages], { cwd: module, env, timeout: BUILD_MS });
}

/** The first minor version of Go that reads our go.mod. */
const OLDEST_MINOR = 21;

async function findGo(): Promise<string> {
  let found: string | undefined;
  for (const go of ["go", USUAL_GO]) {
    const version = await run(go, ["env", "GOVERSION"]).then(
      ({ stdout }) => stdout.trim(),
      () => undefined,
    );
    const minor = Number(/^go1\.(\d+)/.exec(version ?? "")?.[1]);
    if (minor >= OLDEST_MINOR) return go;
    found ??= version;
  }
  throw new NoGo(found ? `${found} is too old: 1.${OLDEST_MINOR} is needed` : "there is no Go here");
}

function messageOf(cause: unknown): string {
  const { stderr, message } = cause as { stderr?: string; message: string };
  return (stderr?.trim().split("\n").at(-1) ?? "") || message;
}
