import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { BootResource, BootResourceFile, BootResourceWithSets } from "@rackwright/contract/objects/image";
import {
  BootResource as BootResourceShape,
  BootResourceWithSets as WithSetsShape,
} from "@rackwright/contract/objects/image";
import { storeConfig } from "@rackwright/db/config";
import { bootImage, markImageDeployed, servedFiles } from "@rackwright/db/images";
import { notifyHub } from "@rackwright/db/notify";
import { until } from "@rackwright/testkit/until";
import { type BuiltImage, importBuiltImage } from "../app/images.ts";
import { getConfig } from "../app/config.ts";
import { createServer } from "../http/server.ts";
import { Routes } from "../http/route.ts";
import { fileStore } from "../images/file-store.ts";
import { imageReconciler } from "../reconcile/images.ts";
import { testRegion, type TestUser } from "../testing/region.ts";
import { plaintextHeader, type RequestOptions, send } from "../testing/request.ts";
import { bootResourceRoutes } from "./boot-resources.ts";

const t = await testRegion();
const dir = await mkdtemp(join(tmpdir(), "rackwright-images-"));
t.region.images = fileStore(join(dir, "store"), { pruneAfterMs: 0 });
const routes = new Routes();
bootResourceRoutes(routes);
const server = createServer(t.region, routes);
const origin = await server.listen({ host: "127.0.0.1", port: 0 });
after(async () => {
  await server.close();
  await t.close();
  await rm(dir, { recursive: true, force: true });
});

const request = (who: TestUser, method: string, path: string, options: RequestOptions = {}) =>
  send(`${origin}${path.startsWith("/MAAS") ? path : `/MAAS/api/2.0/boot-resources/${path}`}`, method, {
    ...options,
    headers: { authorization: plaintextHeader(who.token), ...options.headers },
  });
const put = (path: string, body: Uint8Array, who = t.admin) =>
  request(who, "PUT", path, { body, headers: { "content-type": "application/octet-stream" } });
const sha256Of = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
const onlyFile = (image: BootResourceWithSets): BootResourceFile => {
  const [set, ...others] = Object.values(image.sets);
  const [file, ...more] = Object.values(set?.files ?? {});
  assert.ok(file && others.length === 0 && more.length === 0);
  return file;
};

async function built(change: Partial<BuiltImage> = {}, content = "1"): Promise<BuiltImage> {
  const files = await Promise.all(
    ["boot-kernel", "boot-initrd", "squashfs"].map(async (filetype) => {
      const bytes = Buffer.from(`${filetype} ${content}`);
      const path = join(dir, `${filetype}-${content}`);
      await writeFile(path, bytes);
      return { path, filetype, filename: filetype, sha256: sha256Of(bytes), sizeBytes: bytes.length };
    }),
  );
  return {
    osystem: "debian",
    release: "bookworm",
    title: "Debian 12",
    architecture: "amd64",
    subarchitecture: "generic",
    kflavor: "cloud",
    version: "20260101",
    files,
    ...change,
  };
}

test("what the builder made is registered once, is the default where nobody chose, and boots machines", async () => {
  const manifest = await built();
  const id = await importBuiltImage(t.region, manifest);
  assert.equal(await importBuiltImage(t.region, manifest), id);
  const config = await getConfig(
    t.db.kysely,
    "default_osystem",
    "default_distro_series",
    "commissioning_osystem",
    "commissioning_distro_series",
  );
  assert.deepEqual(config, {
    default_osystem: "debian",
    default_distro_series: "bookworm",
    commissioning_osystem: "debian",
    commissioning_distro_series: "bookworm",
  });
  const want = {
    osystem: "debian",
    release: "bookworm",
    architecture: "amd64/generic",
    purpose: "commissioning",
  } as const;
  const image = await bootImage(t.db.kysely, want);
  assert.equal(image?.squashfs.sha256, manifest.files[2]?.sha256);
  assert.equal(image?.kflavor, "cloud");
  assert.equal(await bootImage(t.db.kysely, { ...want, architecture: "arm64" }), undefined);
  assert.equal(await bootImage(t.db.kysely, { ...want, release: "trixie" }), undefined);
  // Newer ones win; the one before stays for machines that are in the middle of it; a kernel for real hardware comes first.
  await storeConfig(t.db.kysely, "default_distro_series", "chosen");
  await importBuiltImage(t.region, await built({ version: "20260102" }, "2"));
  const third = await built({ version: "20260103" }, "3");
  await importBuiltImage(t.region, third);
  assert.equal((await bootImage(t.db.kysely, want))?.kernel.sha256, third.files[0]?.sha256);
  assert.equal((await servedFiles(t.db.kysely)).length, 6);
  const generic = await built({ kflavor: "generic" }, "g");
  await importBuiltImage(t.region, generic);
  assert.equal((await bootImage(t.db.kysely, want))?.kernel.sha256, generic.files[0]?.sha256);
  assert.equal((await getConfig(t.db.kysely, "default_distro_series")).default_distro_series, "chosen");
});

test("images are listed by kind and read with their sets", async () => {
  const all = (await request(t.user, "GET", "")).json as BootResource[];
  for (const image of all) BootResourceShape.parse(image);
  assert.deepEqual(
    all.map(({ type, name, architecture, title, subarches }) => ({ type, name, architecture, title, subarches })),
    ["cloud", "generic"].map(() => ({
      type: "Synced",
      name: "debian/bookworm",
      architecture: "amd64/generic",
      title: "Debian 12",
      subarches: "generic",
    })),
  );
  assert.deepEqual((await request(t.user, "GET", "?type=uploaded")).json, []);
  assert.equal((await request(t.user, "GET", "?type=other")).status, 400);
  const reply = await request(t.user, "GET", all[0]?.resource_uri ?? "");
  const image = WithSetsShape.parse(reply.json);
  assert.deepEqual(Object.keys(image.sets).sort(), ["20260102", "20260103"]);
  assert.deepEqual(image.sets["20260103"]?.complete, true);
  assert.equal((await request(t.user, "GET", "999999/")).status, 404);
  assert.equal((await request(t.user, "GET", "word/")).status, 404);
  const at = new Date("2026-02-03T04:05:06.789Z");
  await t.db.kysely.transaction().execute((tx) => markImageDeployed(tx, "debian/bookworm", at));
  assert.equal(
    ((await request(t.user, "GET", all[0]?.resource_uri ?? "")).json as BootResource).last_deployed,
    at.toISOString(),
  );
});

test("an upload in one piece", async () => {
  const content = randomBytes(50_000);
  const multipart = {
    name: "custom/golden",
    architecture: "amd64/generic",
    title: "Golden",
    content: { filename: "x", content },
  };
  const reply = await request(t.admin, "POST", "", { multipart });
  assert.equal(reply.status, 201, reply.text);
  const image = WithSetsShape.parse(reply.json);
  assert.deepEqual(
    { type: image.type, name: image.name, title: image.title, base_image: image.base_image },
    { type: "Uploaded", name: "golden", title: "Golden", base_image: "debian/bookworm" },
  );
  const file = onlyFile(image);
  assert.deepEqual(
    { ...file },
    {
      filename: "root.tgz",
      filetype: "root-tgz",
      sha256: sha256Of(content),
      filename_on_disk: sha256Of(content),
      size: 50_000,
      complete: true,
    },
  );
  assert.ok(await t.region.images.path(file.sha256));
  const wrong = await request(t.admin, "POST", "", { multipart: { ...multipart, sha256: "0".repeat(64) } });
  assert.equal(wrong.status, 400);
  assert.ok("sha256" in (wrong.json as object));
  assert.equal((await request(t.user, "POST", "", { multipart })).status, 403);
});

test("an upload in pieces, as the command line sends it", async () => {
  const content = randomBytes(10_000);
  const form = {
    name: "pieces",
    architecture: "amd64/generic",
    filetype: "ddraw",
    sha256: sha256Of(content),
    size: content.length,
  };
  const created = WithSetsShape.parse((await request(t.admin, "POST", "", { form })).json);
  const { upload_uri: uri = "", ...file } = onlyFile(created);
  assert.deepEqual(
    { filetype: file.filetype, filename: file.filename, complete: file.complete, progress: file.progress },
    { filetype: "root-dd.raw", filename: "root-dd.raw", complete: false, progress: 0 },
  );
  assert.equal((await put(uri, content.subarray(0, 100), t.user)).status, 403);
  assert.equal((await put(uri, Buffer.alloc(0))).status, 400);
  assert.equal((await put(uri, Buffer.alloc(10_001))).status, 400);
  const first = await put(uri, content.subarray(0, 6000));
  assert.deepEqual([first.status, first.text], [200, "OK"]);
  const half = onlyFile((await request(t.user, "GET", created.resource_uri)).json as BootResourceWithSets);
  assert.equal(half.progress, 60);
  assert.equal((await put(uri, content.subarray(0, 4001))).status, 400);
  // Nothing incomplete is sent to machines.
  assert.ok(!(await servedFiles(t.db.kysely)).some(({ sha256 }) => sha256 === form.sha256));
  const wrong = await put(uri, Buffer.alloc(4000));
  assert.equal(wrong.status, 400);
  assert.match(wrong.text, /SHA-256/);
  const discarded = onlyFile((await request(t.user, "GET", created.resource_uri)).json as BootResourceWithSets);
  assert.equal(discarded.progress, 0);
  for (let at = 0; at < content.length; at += 4000)
    assert.equal((await put(uri, content.subarray(at, at + 4000))).status, 200);
  const whole = onlyFile((await request(t.user, "GET", created.resource_uri)).json as BootResourceWithSets);
  assert.deepEqual([whole.complete, whole.progress, whole.upload_uri], [true, undefined, undefined]);
  assert.equal((await put(uri, Buffer.from("more"))).status, 400);
  assert.ok((await servedFiles(t.db.kysely)).some(({ sha256 }) => sha256 === form.sha256));
  // The same content under another name needs no upload; with another size it cannot be the same.
  const again = WithSetsShape.parse((await request(t.admin, "POST", "", { form: { ...form, name: "twin" } })).json);
  assert.equal(onlyFile(again).complete, true);
  const odd = await request(t.admin, "POST", "", { form: { ...form, name: "odd", size: 5 } });
  assert.deepEqual([odd.status, Object.keys(odd.json as object)], [400, ["size"]]);
});

test("an older upload of the name goes when the new one is whole, unless it is to be kept", async () => {
  const upload = async (content: Buffer, more: Record<string, string> = {}) =>
    WithSetsShape.parse(
      (
        await request(t.admin, "POST", "", {
          form: { name: "again", architecture: "amd64", sha256: sha256Of(content), size: content.length, ...more },
        })
      ).json,
    );
  const pieceOf = (image: BootResourceWithSets) =>
    Object.values(image.sets)
      .flatMap((set) => Object.values(set.files))
      .find((file) => file.upload_uri)?.upload_uri ?? "";
  const [one, two, three] = [randomBytes(10), randomBytes(11), randomBytes(12)];
  await put(pieceOf(await upload(one)), one);
  const second = await upload(two);
  assert.equal(Object.keys(second.sets).length, 2);
  await put(pieceOf(second), two);
  const after = (await request(t.user, "GET", second.resource_uri)).json as BootResourceWithSets;
  assert.equal(onlyFile(after).size, 11);
  const third = await upload(three, { keep_old: "true" });
  await put(pieceOf(third), three);
  const kept = (await request(t.user, "GET", third.resource_uri)).json as BootResourceWithSets;
  assert.equal(Object.keys(kept.sets).length, 2);
  assert.equal(third.id, second.id);
});

test("what cannot be an image is refused with the field, and nothing is made of it", async () => {
  const good = { name: "fine", architecture: "amd64/generic", sha256: "a".repeat(64), size: "10" };
  const before = ((await request(t.user, "GET", "")).json as unknown[]).length;
  const cases: [Record<string, string | undefined>, string][] = [
    [{ name: "debian/bookworm" }, "name"],
    [{ name: "bookworm" }, "name"],
    [{ name: "custom/ubuntu" }, "name"],
    [{ name: "centos70" }, "name"],
    [{ name: "../x" }, "name"],
    [{ name: "plan9/4" }, "name"],
    [{ name: "" }, "name"],
    [{ architecture: "pdp11/generic" }, "architecture"],
    [{ architecture: "arm64/generic" }, "architecture"],
    [{ sha256: "xyz" }, "sha256"],
    [{ sha256: undefined }, "sha256"],
    [{ size: undefined }, "size"],
    [{ size: "0" }, "size"],
    [{ filetype: "zip" }, "filetype"],
    [{ base_image: "windows/win2022" }, "base_image"],
  ];
  for (const [change, field] of cases) {
    const reply = await request(t.admin, "POST", "", { form: { ...good, ...change } });
    assert.deepEqual([reply.status, Object.keys(reply.json as object)], [400, [field]], JSON.stringify(change));
  }
  assert.equal(((await request(t.user, "GET", "")).json as unknown[]).length, before);
});

test("an imported image takes no pieces, and is deleted by administrators", async () => {
  const [image] = (await request(t.user, "GET", "?type=synced")).json as BootResource[];
  const row = await t.db.kysely
    .selectFrom("boot_resource_file as f")
    .innerJoin("boot_resource_set as s", "s.id", "f.set_id")
    .select("f.id")
    .where("s.resource_id", "=", image?.id ?? 0)
    .executeTakeFirstOrThrow();
  assert.equal((await put(`${image?.resource_uri}upload/${row.id}/`, Buffer.from("x"))).status, 403);
  assert.equal((await put(`${image?.resource_uri}upload/999999/`, Buffer.from("x"))).status, 404);
  assert.equal((await request(t.user, "DELETE", image?.resource_uri ?? "")).status, 403);
  assert.equal((await request(t.admin, "DELETE", image?.resource_uri ?? "")).status, 204);
  assert.equal((await request(t.admin, "DELETE", image?.resource_uri ?? "")).status, 404);
});

test("racks are told of every change, once, and the store forgets what no image names", async () => {
  const hub = notifyHub({ connection: t.connection });
  const images = imageReconciler();
  const asked = () => t.racks.calls.filter(({ method }) => method === "syncImages");
  try {
    t.racks.answer("syncImages", () => null);
    await images.start(t.region, hub);
    t.racks.connect({ nodeId: 7 });
    await until(() => asked().length === 1);
    assert.deepEqual(asked()[0]?.params, { files: await servedFiles(t.db.kysely) });
    const [golden] = (await request(t.user, "GET", "?type=uploaded")).json as BootResource[];
    const whole = (await request(t.user, "GET", golden?.resource_uri ?? "")).json as BootResourceWithSets;
    const { sha256 } = onlyFile(whole);
    assert.equal((await request(t.admin, "DELETE", whole.resource_uri)).status, 204);
    await until(() => asked().length === 2);
    await until(async () => (await t.region.images.path(sha256)) === undefined);
    images.wake();
    t.racks.connect({ nodeId: 8 });
    await until(() => asked().length === 3);
    assert.equal(asked()[2]?.nodeId, 8);
  } finally {
    await images.stop();
    await hub.close();
  }
});
