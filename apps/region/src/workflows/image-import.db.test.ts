/** Images of mirrors that the test makes, over loopback HTTP and from a directory, into the store that machines are served from. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { bootImage } from "@rackwright/db/images";
import { importUnasked } from "../app/image-import.ts";
import { fileStore } from "../images/file-store.ts";
import { type Caller, caller, type Json } from "../testing/api-calls.ts";
import {
  type MirrorProduct,
  serveMirror,
  sha256Of,
  signMirror,
  type WebMirror,
  writeMirror,
} from "../testing/mirror.ts";
import { type TestRegion, testRegion } from "../testing/region.ts";
import { startImageImport } from "./image-import.ts";

let t: TestRegion;
let admin: Caller;
let user: Caller;
let directory: string;
let web: WebMirror;
let made = 0;
before(async () => {
  t = await testRegion();
  [admin, user] = [caller(t, t.admin), caller(t, t.user)];
  t.region.images = fileStore(join(t.directory, "store"), { pruneAfterMs: 0 });
  await startImageImport(t.region, { retryDelaysMs: [10, 10] });
});
after(() => t?.close());
beforeEach(async () => {
  directory = join(t.directory, `mirror-${++made}`);
  web = await serveMirror(directory);
});
afterEach(async () => {
  await web.close();
  await t.db.pool.query("delete from boot_source; delete from boot_resource; delete from event");
  await t.region.images.prune(new Set());
});

const MIB = 1 << 20;
const files = (...names: string[]) => Object.fromEntries(names.map((name) => [name, randomBytes(3000)]));
const kernelAndAll = () => files("boot-kernel", "boot-initrd", "squashfs");

async function source(
  url: string,
  selection: Record<string, string | string[]> | null = {},
  keyring = {},
): Promise<number> {
  const { status, json } = await admin.post("/boot-sources/", { url, ...keyring });
  assert.equal(status, 201, JSON.stringify(json));
  if (selection)
    await admin.made(`/boot-sources/${json.id}/selections/`, { os: "ubuntu", release: "noble", ...selection });
  return json.id;
}
const importing = async (): Promise<boolean> => (await user.get("/boot-resources/?op=is_importing")).json;
async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 30_000; !(await holds()); await sleep(20))
    if (Date.now() > end) throw new Error(`${what} did not come about: ${JSON.stringify(await problems())}`);
}
const problems = async (): Promise<string[]> =>
  (await t.db.pool.query("select problems from image_import")).rows[0].problems;
async function imported(): Promise<string[]> {
  assert.equal((await admin.post("/boot-resources/?op=import")).json, "Import of boot resources started");
  await until("the end of the import", async () => !(await importing()));
  return problems();
}
const list = async (): Promise<Json[]> => (await user.get("/boot-resources/?type=synced")).json;
const read = async (): Promise<Json> => (await user.get(`/boot-resources/${(await list())[0].id}/`)).json;
const mirror = (...products: MirrorProduct[]) => writeMirror(directory, products);

for (const kind of ["http", "file"] as const)
  test(`what is selected is imported by ${kind}, verified, and can be booted; nothing is fetched twice`, async () => {
    const content = kernelAndAll();
    await mirror(
      { files: content },
      { release: "jammy", files: kernelAndAll() },
      { arch: "arm64", files: kernelAndAll() },
    );
    await source(kind === "http" ? web.url : pathToFileURL(directory).href, { arches: ["amd64"] });
    assert.deepEqual(await imported(), []);
    const [image, ...others] = await list();
    assert.deepEqual(others, []);
    assert.deepEqual(
      [image.name, image.architecture, image.type, image.title],
      ["ubuntu/noble", "amd64/ga-24.04", "Synced", "24.04 LTS"],
    );
    const { sets } = await read();
    assert.deepEqual(Object.keys(sets), ["20260101"]);
    assert.deepEqual([sets["20260101"].complete, sets["20260101"].label], [true, "stable"]);
    for (const [name, bytes] of Object.entries(content)) {
      const path = await t.region.images.path(sha256Of(bytes));
      assert.deepEqual(await readFile(path ?? ""), bytes, name);
    }
    const want = {
      osystem: "ubuntu",
      release: "noble",
      architecture: "amd64/generic",
      purpose: "commissioning",
    } as const;
    assert.equal((await bootImage(t.db.kysely, want))?.kernel.sha256, sha256Of(content["boot-kernel"] as Buffer));
    web.asked.length = 0;
    assert.deepEqual(await imported(), []);
    assert.deepEqual(
      web.asked.filter(({ path }) => !path.startsWith("streams/")),
      [],
    );
    const events = (await admin.get("/events/?op=query&level=INFO")).json.events;
    assert.ok(
      events.some((e: Json) => e.type === "Image import" && /is here/.test(e.description)),
      JSON.stringify(events),
    );
  });

test("a newer version replaces the older one once it is complete; what is selected no more goes", async () => {
  await mirror({ files: kernelAndAll() });
  const id = await source(web.url);
  await imported();
  const newer = kernelAndAll();
  await mirror({ version: "20260202", files: newer });
  web.faults.set("noble/amd64/20260202/0/squashfs", { status: 404 });
  assert.match((await imported()).join(), /20260202: http:.*squashfs cannot be fetched: the server answered 404/);
  const { sets } = await read();
  assert.deepEqual([sets["20260101"].complete, sets["20260202"].complete], [true, false]);
  web.faults.clear();
  assert.deepEqual(await imported(), []);
  assert.deepEqual(Object.keys((await read()).sets), ["20260202"]);
  const [selection] = (await admin.get(`/boot-sources/${id}/selections/`)).json;
  await admin.put(`/boot-sources/${id}/selections/${selection.id}/`, { release: "jammy" });
  assert.deepEqual(await imported(), []);
  assert.deepEqual(await list(), []);
  const warned = (await admin.get("/events/?op=query&level=WARNING")).json.events;
  assert.ok(warned.some((e: Json) => /announces nothing of the selected ubuntu\/jammy/.test(e.description)));
});

test("a download that breaks off goes on where it was; how far it is can be seen, and it can be stopped and taken up again", async () => {
  const squashfs = randomBytes(40 * MIB);
  await mirror({ files: { ...files("boot-kernel", "boot-initrd"), squashfs } });
  await source(web.url);
  const path = "noble/amd64/20260101/0/squashfs";
  web.faults.set(path, { after: 36 * MIB, how: "hang" });
  assert.equal((await user.post("/boot-resources/?op=import")).status, 403);
  await admin.post("/boot-resources/?op=import");
  assert.equal((await admin.post("/boot-resources/?op=import")).json, "Import of boot resources is running already");
  await until("progress", async () => {
    const set = (await list()).length > 0 ? (await read()).sets["20260101"] : undefined;
    return set?.files.squashfs.progress > 75;
  });
  assert.equal(await importing(), true);
  assert.equal((await user.post("/boot-resources/?op=stop_import")).status, 403);
  assert.equal((await admin.post("/boot-resources/?op=stop_import")).json, "Import of boot resources is being stopped");
  assert.equal(await importing(), false);
  assert.equal((await admin.post("/boot-resources/?op=stop_import")).json, "No import of boot resources is running");
  assert.equal((await read()).sets["20260101"].complete, false);
  web.faults.set(path, { after: 37 * MIB, how: "cut" });
  web.asked.length = 0;
  assert.match((await imported()).join(), /squashfs (ended after|cannot be fetched)/);
  web.faults.clear();
  assert.deepEqual(await imported(), []);
  const asked = web.asked.filter((one) => one.path === path).map(({ from }) => from);
  assert.ok(asked.length >= 2);
  assert.ok(
    asked.every((from) => from >= 32 * MIB),
    asked.join(),
  );
  assert.equal((await read()).sets["20260101"].complete, true);
});

test("what is not what was announced is refused with its address, and keeps nothing else from coming", async () => {
  await mirror(
    { files: kernelAndAll(), lies: { squashfs: { sha256: "0".repeat(64) } } },
    { arch: "arm64", files: kernelAndAll(), lies: { "boot-initrd": { size: 5 } } },
    { arch: "i386", files: kernelAndAll() },
  );
  await source(web.url);
  const [first, second, ...more] = await imported();
  assert.deepEqual(more, []);
  assert.match(
    first ?? "",
    /^Image ubuntu\/noble amd64\/ga-24.04 20260101: http:.*\/0\/squashfs is not what the mirror announces: .*SHA-256/,
  );
  assert.match(second ?? "", /arm64.*boot-initrd is not what the mirror announces/);
  const complete = (await list()).map(async (i) => {
    const { sets } = (await user.get(`/boot-resources/${i.id}/`)).json;
    return [i.architecture, sets["20260101"].complete];
  });
  assert.deepEqual(Object.fromEntries(await Promise.all(complete)), {
    "amd64/ga-24.04": false,
    "arm64/ga-24.04": false,
    "i386/ga-24.04": true,
  });
  const errors = (await admin.get("/events/?op=query&level=ERROR")).json.events;
  assert.equal(errors.length, 2);
});

test("a path that leads out of the mirror is refused, written or linked", async () => {
  const lies = { squashfs: { path: "../../../etc/passwd" } };
  await mirror({ files: kernelAndAll(), lies });
  await source(web.url);
  const local = await source(pathToFileURL(directory).href);
  const all = await imported();
  assert.equal(all.length, 2);
  for (const problem of all)
    assert.match(problem, /com\.example\.json names the path "\.\.\/\.\.\/\.\.\/etc\/passwd", which is none below/);
  await mirror({ files: kernelAndAll() });
  const file = join(directory, "noble/amd64/20260101/0/squashfs");
  await writeFile(join(t.directory, "outside"), await readFile(file));
  await rm(file);
  await symlink(join(t.directory, "outside"), file);
  await t.db.pool.query("delete from boot_source where id <> $1", [local]);
  assert.match((await imported()).join(), /squashfs cannot be read: it leads out of the mirror/);
});

test("sources that cannot be had are named with the reason, the others are imported", async () => {
  await mirror({ files: kernelAndAll() });
  await source("http://127.0.0.1:1/nothing/");
  await source(web.url);
  await source(pathToFileURL(join(t.directory, "nowhere")).href);
  await source(`${web.url}noble/`, {}, { keyring_filename: "/nonexistent/keyring.gpg" });
  const all = await imported();
  assert.equal(all.length, 3);
  assert.match(
    all[0] ?? "",
    /^Boot source http:\/\/127\.0\.0\.1:1\/nothing\/: .*index\.json cannot be fetched: fetch failed: /,
  );
  assert.match(all[1] ?? "", /^Boot source file:.*ENOENT/);
  assert.match(all[2] ?? "", /its keyring \/nonexistent\/keyring\.gpg cannot be read/);
  assert.equal((await list()).length, 1);
});

test("without room nothing is fetched", async () => {
  await mirror({ files: kernelAndAll() });
  await source(web.url);
  const { images } = t.region;
  t.region.images = { ...images, room: () => Promise.resolve(8999) };
  try {
    assert.match((await imported()).join(), /need 1 MiB, and 1 MiB are free.*Nothing was fetched/);
  } finally {
    t.region.images = images;
  }
  assert.deepEqual(
    web.asked.filter(({ path }) => !path.startsWith("streams/")),
    [],
  );
});

test("by itself it begins where something is selected, unless that is switched off", async () => {
  assert.equal(await importUnasked(t.region), false);
  await mirror({ files: kernelAndAll() });
  const id = await source(web.url, null);
  assert.equal(await importUnasked(t.region), false);
  await admin.made(`/boot-sources/${id}/selections/`, { os: "ubuntu", release: "noble" });
  await admin.post("/maas/?op=set_config", { name: "boot_images_auto_import", value: "false" });
  assert.equal(await importUnasked(t.region), false);
  await admin.post("/maas/?op=set_config", { name: "boot_images_auto_import", value: "true" });
  assert.equal(await importUnasked(t.region), true);
  await until("the end", async () => !(await importing()));
  assert.equal((await list()).length, 1);
});

const missing = ["gpg", "gpgv"].filter((program) => spawnSync(program, ["--version"]).status !== 0);
test("a keyring makes a signature necessary, of index and list", {
  skip: missing.length > 0 && `needs ${missing.join(", ")}`,
}, async () => {
  await mirror({ files: kernelAndAll() });
  const home = join(t.directory, "gpg");
  const keyring = await signMirror(directory, home);
  await writeFile(join(t.directory, "keyring.asc"), keyring);
  const other = await signMirror(directory, join(t.directory, "gpg-other"));
  await signMirror(directory, home);
  const id = await source(web.url, {}, { keyring_filename: join(t.directory, "keyring.asc") });
  assert.deepEqual(await imported(), []);
  assert.deepEqual(
    web.asked.filter(({ path }) => path.endsWith(".json")),
    [],
  );
  const put = (bytes: Buffer) =>
    t.request(t.admin, "PUT", `/boot-sources/${id}/`, {
      multipart: { keyring_data: { filename: "k", content: bytes } },
    });
  assert.equal((await put(other)).status, 200);
  assert.match((await imported()).join(), /index\.sjson is not signed by a key of the source's keyring/);
  assert.equal((await put(keyring)).status, 200);
  const signed = join(directory, "streams/v1/com.example.sjson");
  const text = await readFile(signed, "utf8");
  await writeFile(signed, text.replace("24.04 LTS", "24.04 lts"));
  assert.match((await imported()).join(), /com\.example\.sjson is not signed/);
  await rm(signed);
  assert.match((await imported()).join(), /com\.example\.sjson cannot be fetched: the server answered 404/);
});
