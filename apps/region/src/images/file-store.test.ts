import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { after, test } from "node:test";
import { fileStore } from "./file-store.ts";

const root = await mkdtemp(join(tmpdir(), "rackwright-store-"));
after(() => rm(root, { recursive: true, force: true }));
let made = 0;
const newStore = (pruneAfterMs = 0) => {
  const dir = join(root, String(++made));
  return { dir, store: fileStore(dir, { pruneAfterMs }) };
};

const fileOf = (text: string) => ({
  sha256: createHash("sha256").update(text).digest("hex"),
  sizeBytes: Buffer.byteLength(text),
});
const from = (...chunks: string[]) => Readable.from(chunks.map((chunk) => Buffer.from(chunk)));
const files = async (dir: string) => (await readdir(dir, { recursive: true })).filter((name) => name !== "incoming");

test("what is put is there under its hash; what differs leaves nothing", async () => {
  const { dir, store } = newStore();
  const file = fileOf("an image");
  await assert.rejects(store.put(from("an imagf"), file), { code: "bad_request", message: /SHA-256/ });
  await assert.rejects(store.put(from("an imag"), file), { code: "bad_request", message: /7 bytes/ });
  await assert.rejects(store.put(from("an image", "!"), file), { code: "bad_request" });
  const broken = Readable.from(
    (function* () {
      yield Buffer.from("an ");
      throw new Error("the connection broke");
    })(),
  );
  await assert.rejects(store.put(broken, file), /connection broke/);
  assert.deepEqual(await files(dir), []);
  assert.equal(await store.path(file.sha256), undefined);
  await store.put(from("an ", "image"), file);
  assert.equal(await readFile((await store.path(file.sha256)) ?? "", "utf8"), "an image");
  assert.deepEqual(await files(dir), [file.sha256]);
});

test("a hash that is a path is none", async () => {
  const { store } = newStore();
  await assert.rejects(store.path("../../etc/passwd"), { code: "bad_request" });
});

test("a file of this host is taken when it is what it is said to be, and outlives it", async () => {
  const { store, dir } = newStore();
  const path = join(root, `built-${made}`);
  await writeFile(path, "built");
  await assert.rejects(store.link(path, { ...fileOf("bulit") }), { code: "bad_request" });
  assert.deepEqual(await files(dir), []);
  await store.link(path, fileOf("built"));
  await store.link(path, fileOf("built"));
  await rm(path);
  assert.equal(await readFile((await store.path(fileOf("built").sha256)) ?? "", "utf8"), "built");
});

test("an upload grows piece by piece, survives a broken piece, and counts when its hash is right", async () => {
  const { store, dir } = newStore();
  const upload = { key: "7", ...fileOf("piece by piece") };
  assert.deepEqual(await store.append({ ...upload, offset: 0 }, from("piece ")), { receivedBytes: 6, complete: false });
  const broken = Readable.from(
    (function* () {
      yield Buffer.from("by");
      throw new Error("the connection broke");
    })(),
  );
  await assert.rejects(store.append({ ...upload, offset: 6 }, broken), /connection broke/);
  await assert.rejects(store.append({ ...upload, offset: 6 }, from("by piece and more")), { code: "bad_request" });
  // Received, but never acknowledged: it comes again.
  assert.equal((await store.append({ ...upload, offset: 6 }, from("by "))).receivedBytes, 9);
  assert.equal((await store.append({ ...upload, offset: 6 }, from("by "))).receivedBytes, 9);
  await assert.rejects(store.append({ ...upload, offset: 10 }, from("x")), { code: "conflict" });
  assert.deepEqual(await store.append({ ...upload, offset: 9 }, from("piece")), { receivedBytes: 14, complete: true });
  assert.deepEqual(await files(dir), [upload.sha256]);
});

test("an upload whose hash is wrong is thrown away, and two pieces at once do not mix", async () => {
  const { store, dir } = newStore();
  const upload = { key: "8", ...fileOf("right"), offset: 0 };
  await assert.rejects(store.append(upload, from("wrong")), { code: "bad_request", message: /SHA-256/ });
  assert.deepEqual(await files(dir), []);
  const slow = new Readable({ read() {} });
  const first = store.append(upload, slow);
  await assert.rejects(store.append(upload, from("right")), { code: "conflict" });
  slow.push("right");
  slow.push(null);
  assert.equal((await first).complete, true);
});

test("what nothing refers to goes, unless it came just now", async () => {
  const { store, dir } = newStore();
  for (const text of ["one", "two"]) await store.put(from(text), fileOf(text));
  await store.prune(new Set([fileOf("one").sha256]));
  assert.deepEqual(await files(dir), [fileOf("one").sha256]);
  const young = newStore(600_000);
  await young.store.put(from("one"), fileOf("one"));
  await young.store.prune(new Set());
  assert.deepEqual(await files(young.dir), [fileOf("one").sha256]);
});
