import { readFile } from "node:fs/promises";
import { join } from "node:path";

/** `cloud` carries the small kernel for virtual machines, `generic` the one with drivers for real hardware. */
export type Flavour = "cloud" | "generic";

export const flavours: readonly Flavour[] = ["cloud", "generic"];

export type ImageFiletype = "boot-kernel" | "boot-initrd" | "squashfs";

export type StoredFile = {
  /** In a manifest on disk relative to its folder; in one that was read or built, absolute. */
  readonly path: string;
  readonly sizeBytes: number;
  /** 64 lower-case hex digits. */
  readonly sha256: string;
};

export type ImageFile = StoredFile & { readonly filetype: ImageFiletype; readonly filename: string };
export type Bootloader = StoredFile & { readonly name: string };

/** What one build made: the names are those of a boot resource, its set and its files. */
export type ImageManifest = {
  readonly osystem: "debian";
  readonly release: "bookworm";
  readonly title: string;
  readonly architecture: "amd64";
  readonly subarchitecture: "generic";
  readonly kflavor: Flavour;
  /** Day of the build, YYYYMMDD. */
  readonly version: string;
  readonly files: readonly ImageFile[];
  readonly bootloaders: readonly Bootloader[];
};

export const manifestName = "manifest.json";

/** The manifest of a finished build in `dir`, with absolute paths; undefined when there is none. */
export async function readManifest(dir: string): Promise<ImageManifest | undefined> {
  let text: string;
  try {
    text = await readFile(join(dir, manifestName), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  return withPaths(JSON.parse(text) as ImageManifest, (path) => join(dir, path));
}

/** The same manifest with every path mapped. */
export function withPaths(manifest: ImageManifest, map: (path: string) => string): ImageManifest {
  const mapped = <T extends StoredFile>(file: T): T => ({ ...file, path: map(file.path) });
  return { ...manifest, files: manifest.files.map(mapped), bootloaders: manifest.bootloaders.map(mapped) };
}

/** `20260131` for any moment of that day, UTC. */
export function versionOf(day: Date): string {
  return day.toISOString().slice(0, 10).replaceAll("-", "");
}
