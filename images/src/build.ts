import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { collectBootloaders } from "./bootloaders.ts";
import { findCached, prune, publish, startBuilding } from "./cache.ts";
import { cacheKey, collectInputs, inputDirs, packagesOf, suite } from "./inputs.ts";
import {
  type Flavour,
  type ImageFiletype,
  type ImageManifest,
  manifestName,
  type StoredFile,
  versionOf,
} from "./manifest.ts";
import { hostSources } from "./mirror.ts";
import { type Progress, run, type RunOptions } from "./run.ts";

export type BuildOptions = {
  readonly flavour: Flavour;
  readonly cacheDir: string;
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
};

/** zstd level of the squashfs. 1: 230 MB in 2 s on two cores, for tests; 9: what a release can afford. */
const zstdLevel: Record<Flavour, number> = { cloud: 1, generic: 9 };

/** Manual pages and translations: a third of the download, and nobody reads them on a console. Licences stay. */
const leftOut = [
  "path-exclude=/usr/share/doc/*",
  "path-include=/usr/share/doc/*/copyright",
  "path-exclude=/usr/share/man/*",
  "path-exclude=/usr/share/info/*",
  "path-exclude=/usr/share/locale/*",
];

/**
 * The image of `flavour`, from the cache or built now (needs root and the packages of packages.txt).
 * Everything is made in a folder that gets its name, the key of all inputs, when it is complete.
 */
export async function buildImage(options: BuildOptions): Promise<ImageManifest> {
  const key = cacheKey(await collectInputs(options.flavour));
  const cached = await findCached(options.cacheDir, key);
  if (cached !== undefined) return cached;
  if (process.getuid?.() !== 0)
    throw new Error("building an image needs root: it installs packages into a root file system");

  await mkdir(options.cacheDir, { recursive: true });
  await prune(options.cacheDir);
  const building = await startBuilding(options.cacheDir);
  try {
    const out = join(building, "out");
    const manifest = await buildInto(building, out, options);
    await writeFile(join(out, manifestName), `${JSON.stringify(manifest, undefined, 2)}\n`);
    await publish(options.cacheDir, key, out);
  } finally {
    // The build mounted things below this folder only in a mount namespace of its own, which is gone.
    await rm(building, { recursive: true, force: true });
  }
  await prune(options.cacheDir);
  const built = await findCached(options.cacheDir, key);
  if (built === undefined)
    throw new Error(
      `the image was built, but ${join(options.cacheDir, key)} is gone: does something else clean ${options.cacheDir}?`,
    );
  return built;
}

async function buildInto(building: string, out: string, options: BuildOptions): Promise<ImageManifest> {
  const { flavour } = options;
  const say = options.progress ?? (() => {});
  await mkdir(out, { recursive: true });
  const root = join(building, "root");
  await installRoot(root, out, options);

  say("packing the root file system");
  const compression = ["-comp", "zstd", "-Xcompression-level", String(zstdLevel[flavour])];
  await run(
    "mksquashfs",
    [root, join(out, "squashfs"), ...compression, "-noappend", "-quiet", "-no-progress"],
    options,
  );
  await rm(root, { recursive: true });

  say("collecting boot loaders");
  const loaders = await collectBootloaders(join(out, "bootloaders"), options);
  const types: readonly ImageFiletype[] = ["boot-kernel", "boot-initrd", "squashfs"];
  return {
    osystem: "debian",
    release: suite,
    title: "Debian 12 (bookworm)",
    architecture: "amd64",
    subarchitecture: "generic",
    kflavor: flavour,
    version: versionOf(new Date()),
    files: await Promise.all(
      types.map(async (name) => ({ filetype: name, filename: name, ...(await measure(out, name)) })),
    ),
    bootloaders: await Promise.all(
      loaders.map(async (name) => ({ name, ...(await measure(out, join("bootloaders", name))) })),
    ),
  };
}

/** Install the packages and run image/customize.sh, which also leaves kernel and network boot initrd in `out`. */
async function installRoot(root: string, out: string, options: BuildOptions): Promise<void> {
  const { flavour } = options;
  const sources = await hostSources();
  options.progress?.(`installing Debian ${suite} (${flavour}) from ${sources.join(", ") || "Debian's own mirrors"}`);
  const debconf = "cloud-init cloud-init/datasources multiselect MAAS, NoCloud, None";
  const args = [
    "--mode=root",
    "--variant=minbase",
    "--format=directory",
    "--architectures=amd64",
    '--aptopt=Apt::Install-Recommends "false"',
    ...leftOut.map((rule) => `--dpkgopt=${rule}`),
    `--include=${(await packagesOf(flavour)).join(",")}`,
    `--essential-hook=echo '${debconf}' | chroot "$1" debconf-set-selections`,
    `--customize-hook=${join(inputDirs.image, "customize.sh")}`,
    suite,
    root,
    ...sources,
  ];
  const env = { FLAVOUR: flavour, BUILDER: inputDirs.image, INITRAMFS: inputDirs.initramfs, OUT: out };
  // A mount namespace of its own: a build that is killed leaves no mount behind, and clean-up cannot reach the host's /dev.
  await run("unshare", ["--mount", "--propagation", "private", "mmdebstrap", ...args], runOptions(options, env));
}

function runOptions(options: BuildOptions, env: Record<string, string>): RunOptions {
  return { progress: options.progress, signal: options.signal, env };
}

async function measure(dir: string, path: string): Promise<StoredFile> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(join(dir, path)), hash);
  return { path, sizeBytes: (await stat(join(dir, path))).size, sha256: hash.digest("hex") };
}
