/** An image that is as good as a real one to emulated machines, as script/image lays it out. */
import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ImageManifest, manifestName } from "@rackwright/images/manifest";

const SIZES = { "boot-kernel": 64 << 10, "boot-initrd": 128 << 10, squashfs: 256 << 10 } as const;

export async function makeEmulatedImage(directory: string): Promise<string> {
  await mkdir(directory, { recursive: true, mode: 0o755 });
  const files = [];
  for (const [filetype, sizeBytes] of Object.entries(SIZES)) {
    const content = Buffer.alloc(sizeBytes, `emulated ${filetype} `);
    await writeFile(join(directory, filetype), content);
    const sha256 = createHash("sha256").update(content).digest("hex");
    files.push({ filetype: filetype as keyof typeof SIZES, filename: filetype, path: filetype, sizeBytes, sha256 });
  }
  const manifest: ImageManifest = {
    osystem: "debian",
    release: "bookworm",
    title: "Debian 12, for emulated machines",
    architecture: "amd64",
    subarchitecture: "generic",
    kflavor: "generic",
    version: "20260101",
    files,
    bootloaders: [],
  };
  await writeFile(join(directory, manifestName), JSON.stringify(manifest));
  return directory;
}
