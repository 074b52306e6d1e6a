import { mkdtemp, mkdir, readdir, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { type Flavour, type ImageManifest, manifestName, readManifest } from "./manifest.ts";

/** Finished builds of one flavour that stay: the one in use, and the one that a rack may still be serving. */
const kept = 2;
const keyPattern = /^[0-9a-f]{64}$/;
const buildingPattern = /^\.building-(\d+)-/;

/** The finished build for `key`, marked as just used; undefined when there is none. */
export async function findCached(cacheDir: string, key: string): Promise<ImageManifest | undefined> {
  const dir = join(cacheDir, key);
  const manifest = await readManifest(dir);
  if (manifest === undefined) return undefined;
  const now = new Date();
  await utimes(join(dir, manifestName), now, now);
  return manifest;
}

/** A fresh folder to build in, named after this process, so that a later build can tell when it was abandoned. */
export async function startBuilding(cacheDir: string): Promise<string> {
  await mkdir(cacheDir, { recursive: true });
  return mkdtemp(join(cacheDir, `.building-${process.pid}-`));
}

/**
 * Make the complete folder `built` the result for `key`. The rename is what makes a build visible; whoever of two
 * builders comes second finds the name taken and uses the first one's result.
 */
export async function publish(cacheDir: string, key: string, built: string): Promise<void> {
  try {
    await rename(built, join(cacheDir, key));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== "ENOTEMPTY" && code !== "EEXIST") throw error;
    await rm(built, { recursive: true });
  }
}

/** Remove builds beyond the last two of each flavour, by last use, and what killed builders left behind. */
export async function prune(cacheDir: string): Promise<void> {
  const byFlavour = new Map<Flavour, { dir: string; usedMs: number }[]>();
  for (const name of await readdir(cacheDir)) {
    const dir = join(cacheDir, name);
    const builder = buildingPattern.exec(name)?.[1];
    if (builder !== undefined && !isRunning(Number(builder))) await rm(dir, { recursive: true, force: true });
    if (!keyPattern.test(name)) continue;
    const manifest = await readManifest(dir);
    if (manifest === undefined) continue;
    const builds = byFlavour.get(manifest.kflavor) ?? [];
    byFlavour.set(manifest.kflavor, builds);
    builds.push({ dir, usedMs: (await stat(join(dir, manifestName))).mtimeMs });
  }
  for (const builds of byFlavour.values()) {
    const old = builds.toSorted((a, b) => b.usedMs - a.usedMs).slice(kept);
    for (const { dir } of old) await rm(dir, { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
