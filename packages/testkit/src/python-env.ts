/** Python packages that no distribution has, in a virtual environment that is kept between runs. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { access, mkdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const INSTALL_TIMEOUT_MS = 180_000;

/**
 * The interpreter of an environment that has these packages, made when there is none yet.
 * @param packages  as pip takes them, with versions, since they name the environment
 * @throws Error with what pip said; a test is left out then, loudly
 */
export async function pythonWith(packages: readonly string[]): Promise<string> {
  const root = process.getuid?.() === 0 ? "/var/cache/rackwright/python" : join(tmpdir(), "rackwright-python");
  const name = createHash("sha256").update(packages.toSorted().join("\n")).digest("hex").slice(0, 16);
  const home = join(root, name);
  const python = join(home, "bin", "python");
  // Written last: an environment without it was interrupted.
  const complete = join(home, "complete");
  if (await exists(complete)) return python;
  await mkdir(root, { recursive: true, mode: 0o755 });
  try {
    await run("python3", ["-m", "venv", "--clear", home], { timeout: INSTALL_TIMEOUT_MS });
    await run(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...packages], {
      timeout: INSTALL_TIMEOUT_MS,
    });
  } catch (cause) {
    throw new Error(`cannot install ${packages.join(", ")} for Python: ${messageOf(cause)}`, { cause });
  }
  await writeFile(complete, `${packages.join("\n")}\n`);
  return python;
}

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

function messageOf(cause: unknown): string {
  const { stderr, message } = cause as { stderr?: string; message: string };
  return (stderr?.trim().split("\n").at(-1) ?? "") || message;
}
