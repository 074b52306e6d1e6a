import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { findCached, prune, publish, startBuilding } from "./cache.ts";
import { type Flavour, type ImageManifest, manifestName, readManifest, versionOf } from "./manifest.ts";

const manifest = (kflavor: Flavour, version = "20260131"): ImageManifest => ({
  osystem: "debian",
  release: "bookworm",
  title: "Debian 12 (bookworm)",
  architecture: "amd64",
  subarchitecture: "generic",
  kflavor,
  version,
  files: [{ filetype: "squashfs", filename: "squashfs", path: "squashfs", sizeBytes: 1, sha256: "ab" }],
  bootloaders: [{ name: "ipxe.efi", path: "bootloaders/ipxe.efi", sizeBytes: 1, sha256: "cd" }],
});

const key = (digit: number) => String(digit).repeat(64);

async function cacheFolder(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "rwimg-cache-"));
  t.after(() => rm(dir, { recursive: true }));
  return dir;
}

/** A finished build that was last used at `usedAt` (seconds). */
async function finish(cacheDir: string, digit: number, kflavor: Flavour, usedAt: number): Promise<void> {
  const building = await startBuilding(cacheDir);
  await writeFile(join(building, manifestName), JSON.stringify(manifest(kflavor)));
  await publish(cacheDir, key(digit), building);
  await utimes(join(cacheDir, key(digit), manifestName), usedAt, usedAt);
}

test("a finished build is found, with absolute paths", async (t) => {
  const dir = await cacheFolder(t);
  assert.equal(await findCached(dir, key(1)), undefined);
  await finish(dir, 1, "cloud", 100);
  const found = await findCached(dir, key(1));
  assert.equal(found?.files[0]?.path, join(dir, key(1), "squashfs"));
  assert.equal(found?.bootloaders[0]?.path, join(dir, key(1), "bootloaders/ipxe.efi"));
});

test("of two builders of one key the second uses the first one's result", async (t) => {
  const dir = await cacheFolder(t);
  const [first, second] = [await startBuilding(dir), await startBuilding(dir)];
  await writeFile(join(first, manifestName), JSON.stringify(manifest("cloud", "20260101")));
  await writeFile(join(second, manifestName), JSON.stringify(manifest("cloud", "20260202")));
  await publish(dir, key(1), first);
  await publish(dir, key(1), second);
  assert.equal((await readManifest(join(dir, key(1))))?.version, "20260101");
  assert.deepEqual(await readdir(dir), [key(1)]);
});

test("two builds of each flavour stay, the last used; asking for a build is using it", async (t) => {
  const dir = await cacheFolder(t);
  for (const digit of [1, 2, 3]) await finish(dir, digit, "cloud", 100 * digit);
  await finish(dir, 4, "generic", 50);
  await findCached(dir, key(1));
  await prune(dir);
  assert.deepEqual((await readdir(dir)).sort(), [key(1), key(3), key(4)]);
});

test("what a killed builder left is removed; a running builder's folder and other things stay", async (t) => {
  const dir = await cacheFolder(t);
  const running = await startBuilding(dir);
  // Above the largest process id that Linux gives (PID_MAX_LIMIT, 2^22).
  await mkdir(join(dir, ".building-4194305-abcdef"));
  await mkdir(join(dir, "notes"));
  await prune(dir);
  assert.deepEqual((await readdir(dir)).sort(), [running.slice(dir.length + 1), "notes"]);
});

test("a version is a day in UTC", () => {
  assert.equal(versionOf(new Date("2026-01-31T23:59:59Z")), "20260131");
});
