import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { type BootFiles, directoryBootFiles, emptyLists, layerBootFiles, mountBootFiles } from "./boot-files.ts";

const ask = (files: BootFiles, path: string, via: "tftp" | "http" = "tftp") =>
  files.open({ path, remoteAddress: "192.0.2.1", via });

const fixed = (path: string, text: string): BootFiles => ({
  open: async (r) => (r.path === path ? { kind: "buffer", bytes: Buffer.from(text) } : undefined),
});

test("a directory serves its files, and nothing outside of it", async (t) => {
  const base = await mkdtemp(join(tmpdir(), "rw-boot-files-"));
  t.after(() => rm(base, { recursive: true, force: true }));
  const dir = join(base, "loaders");
  await mkdir(join(dir, "grub"), { recursive: true });
  await mkdir(join(base, "loaders-secret"));
  await writeFile(join(base, "secret"), "no");
  await writeFile(join(base, "loaders-secret", "x"), "no");
  await writeFile(join(dir, "bootx64.efi"), "yes");
  await symlink("bootx64.efi", join(dir, "shimx64.efi"));
  await symlink("../secret", join(dir, "out"));
  await symlink("..", join(dir, "up"));
  await symlink("../loaders-secret/x", join(dir, "sibling"));
  await symlink("loop", join(dir, "loop"));
  const files = directoryBootFiles(dir);
  const inside = await ask(files, "shimx64.efi");
  assert.ok(inside?.kind === "file" && inside.sizeBytes === 3 && inside.path.endsWith("/bootx64.efi"));
  for (const path of [
    "out",
    "up/secret",
    "sibling",
    "../secret",
    "grub",
    "grub/none",
    "bootx64.efi/x",
    "loop",
    "x".repeat(300),
  ]) {
    assert.equal(await ask(files, path), undefined, path);
  }
  assert.equal(await ask(directoryBootFiles(join(base, "absent")), "bootx64.efi"), undefined);
});

test("the first layer with the file answers", async () => {
  const files = layerBootFiles(fixed("a", "1"), fixed("a", "2"), fixed("b", "3"), emptyLists);
  assert.deepEqual(await ask(files, "a"), { kind: "buffer", bytes: Buffer.from("1") });
  assert.deepEqual(await ask(files, "b"), { kind: "buffer", bytes: Buffer.from("3") });
  assert.equal(await ask(files, "c"), undefined);
});

test("a missing module list is empty by TFTP and missing by HTTP", async () => {
  assert.deepEqual(await ask(emptyLists, "grub/x86_64-efi/fs.lst"), { kind: "buffer", bytes: new Uint8Array(0) });
  assert.equal(await ask(emptyLists, "grub/x86_64-efi/fs.lst", "http"), undefined);
});

test("a mounted layer is seen below its prefix only", async () => {
  const files = mountBootFiles("images", fixed("bootx64.efi", "1"));
  assert.ok(await ask(files, "images/bootx64.efi"));
  assert.equal(await ask(files, "bootx64.efi"), undefined);
  assert.equal(await ask(files, "imagesbootx64.efi"), undefined);
});
