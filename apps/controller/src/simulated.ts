/** Installations for emulated machines: the mark on their data directory, and an image that is as good as a real one to them. */
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { importBuiltImage } from "@rackwright/region/app/images";
import type { Region } from "@rackwright/region/context";
import { otherKind } from "@rackwright/region/simulator/other-kind";

const FILE = "installation.json";

/** @throws Error when the directory was made for the other kind; before anything is started on it */
export async function checkMark(dataDir: string, simulated: boolean): Promise<void> {
  let text: string;
  try {
    text = await readFile(join(dataDir, FILE), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return; // new, or from before there were marks: the database knows
    throw error;
  }
  const { simulated: made } = JSON.parse(text) as { simulated: boolean };
  if (made !== simulated) throw otherKind(simulated);
}

/** Once the database has agreed. */
export async function writeMark(dataDir: string, simulated: boolean): Promise<void> {
  await writeFile(join(dataDir, FILE), `${JSON.stringify({ simulated })}\n`, { mode: 0o644 });
}

/**
 * Bytes of each file. Machines fetch the beginning of each, so that a thousand of them share two processors; the last is more than the
 * buffers of a connection take, so that a machine can stop in the middle of it.
 */
const SIZES = { "boot-kernel": 64 << 10, "boot-initrd": 128 << 10, squashfs: 16 << 20 } as const;

/** `debian/bookworm` with files that only emulated machines can start from. The same each time. */
export async function registerEmulatedImage(region: Region, directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  const files = [];
  for (const [filetype, sizeBytes] of Object.entries(SIZES)) {
    const path = join(directory, filetype);
    const content = Buffer.alloc(sizeBytes, `emulated ${filetype} `);
    await writeFile(path, content);
    const sha256 = createHash("sha256").update(content).digest("hex");
    files.push({ filetype: filetype as keyof typeof SIZES, filename: filetype, path, sizeBytes, sha256 });
  }
  await importBuiltImage(region, {
    osystem: "debian",
    release: "bookworm",
    title: "Debian 12, for emulated machines",
    architecture: "amd64",
    subarchitecture: "generic",
    kflavor: "generic",
    version: "20260102",
    files,
  });
}
