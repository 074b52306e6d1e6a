/** Images that script/image made: registered with the region, their boot loaders put where the rack serves them from. */
import { copyFile, mkdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { readManifest } from "@rackwright/images/manifest";
import { importBuiltImage } from "@rackwright/region/app/images";
import type { Region } from "@rackwright/region/context";

/** @returns the directory of boot loaders */
export async function registerImages(
  region: Region,
  directories: readonly string[],
  bootloaders: string,
): Promise<string> {
  await mkdir(bootloaders, { recursive: true, mode: 0o755 });
  for (const directory of directories) {
    const manifest = await readManifest(directory);
    if (!manifest)
      throw new Error(`--image ${directory} holds no image: script/image makes one and prints its directory`);
    await importBuiltImage(region, manifest);
    for (const loader of manifest.bootloaders) {
      const target = join(bootloaders, loader.name);
      await copyFile(loader.path, `${target}.new`);
      await rename(`${target}.new`, target);
    }
  }
  return bootloaders;
}
