import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import type { Flavour } from "./manifest.ts";

export const suite = "bookworm";

const imagesDir = join(import.meta.dirname, "..");

/** Where the builder's inputs lie. */
export const inputDirs = {
  /** Package lists, files and the hook that make the root file system. */
  image: join(imagesDir, "image"),
  /** Configuration, hook and boot script of the network boot initrd. */
  initramfs: join(imagesDir, "..", "machine", "initramfs"),
  /** The builder itself; its folder netboot/ holds trials, no part of it. */
  builder: join(imagesDir, "src"),
} as const;

/** Names in a package list: one per line, `#` begins a comment. */
export function parsePackageList(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.replace(/#.*/, "").trim())
    .filter((name) => name !== "");
}

/** Packages of the image of one flavour, its kernel last. */
export async function packagesOf(flavour: Flavour): Promise<string[]> {
  const lists = await Promise.all(
    ["packages.txt", `kernel-${flavour}.txt`].map((name) => readFile(join(inputDirs.image, name), "utf8")),
  );
  return lists.flatMap(parsePackageList);
}

/** One input of a build: a name that does not depend on where the checkout lies, and what it holds. */
export type Input = { readonly name: string; readonly content: Buffer | string };

/** Everything that decides what a build of `flavour` makes, apart from the day's packages. */
export async function collectInputs(flavour: Flavour): Promise<Input[]> {
  const inputs: Input[] = [
    { name: "flavour", content: flavour },
    { name: "suite", content: suite },
    { name: "packages", content: (await packagesOf(flavour)).join("\n") },
  ];
  for (const [group, dir] of Object.entries(inputDirs)) {
    for (const entry of await readdir(dir, { recursive: group !== "builder", withFileTypes: true })) {
      if (!entry.isFile() || !isInput(entry.name)) continue;
      const path = join(entry.parentPath, entry.name);
      inputs.push({ name: `${group}/${relative(dir, path)}`, content: await readFile(path) });
    }
  }
  return inputs;
}

/** Package lists count by the names in them, which are an input of their own; tests and notes do not count. */
function isInput(name: string): boolean {
  return !name.endsWith(".test.ts") && !name.endsWith(".md") && !/^(packages|kernel-.*)\.txt$/.test(name);
}

/** sha256 over all inputs, whatever their order. Lengths go in too, so that no two lists of inputs look alike. */
export function cacheKey(inputs: readonly Input[]): string {
  const hash = createHash("sha256");
  for (const { name, content } of inputs.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    hash.update(`${Buffer.byteLength(name)}:${name}${Buffer.byteLength(content)}:`).update(content);
  }
  return hash.digest("hex");
}
