/** What runs on machines, read once at start from machine/: runner, installer, resources program. */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import type { InstallerFile } from "@rackwright/domain/deploy/user-data";
import { renderHelper } from "@rackwright/domain/preseed/helper";
import { renderRunnerUserData, type RunnerFile } from "@rackwright/domain/preseed/user-data";

export interface MachineFiles {
  runnerUserData: string;
  /** maas-run-scripts, for machines that run already: one Python program. */
  helper: string;
  installer: InstallerFile[];
  machineResources: Buffer;
  scriptsDirectory: string;
}

async function filesBelow(
  directory: string,
  prefix = "",
): Promise<{ name: string; content: Buffer; executable: boolean }[]> {
  const entries = await readdir(join(directory, prefix), { withFileTypes: true });
  const files = await Promise.all(
    entries.map(async (entry) => {
      const name = prefix === "" ? entry.name : `${prefix}/${entry.name}`;
      if (entry.name === "__pycache__" || entry.name.endsWith(".md") || entry.name.endsWith(".pyc")) return [];
      if (entry.isDirectory()) return filesBelow(directory, name);
      const path = join(directory, name);
      return [{ name, content: await readFile(path), executable: ((await stat(path)).mode & 0o100) !== 0 }];
    }),
  );
  return files.flat();
}

/** @param root the directory machine/ of this installation */
export async function loadMachineFiles(root: string): Promise<MachineFiles> {
  const runner: RunnerFile[] = await filesBelow(join(root, "runner"));
  const installer = await filesBelow(join(root, "installer"));
  return {
    runnerUserData: renderRunnerUserData(runner),
    helper: renderHelper([...runner, ...(await filesBelow(join(root, "helper")))]),
    installer: installer.map((f) => ({ path: f.name, content: f.content.toString("utf8"), executable: f.executable })),
    machineResources: await readFile(join(root, "resources", "machine-resources")),
    scriptsDirectory: join(root, "scripts"),
  };
}
