import assert from "node:assert/strict";
import { test } from "node:test";
import { plainPath, productPaths, type Selection, wantedImages } from "./streams.ts";

const sha = (c: string) => c.repeat(64);
const item = (ftype: string, more = {}) => ({ ftype, path: `noble/${ftype}`, sha256: sha("a"), size: 5, ...more });
const items = {
  k: item("boot-kernel"),
  i: item("boot-initrd"),
  s: item("squashfs"),
  r: item("root-image.gz"),
  m: item("manifest"),
};
const product = (more = {}) => ({
  os: "ubuntu",
  release: "noble",
  arch: "amd64",
  subarch: "ga-24.04",
  subarches: "generic,ga-24.04",
  kflavor: "generic",
  label: "stable",
  release_title: "24.04 LTS",
  versions: { "20260101": { items }, "20260101.10": { items }, "20260101.2": { items } },
  ...more,
});
const list = (products: object) => ({ format: "products:1.0", products });
const all: Selection = { os: "ubuntu", release: "noble", arches: ["*"], subarches: ["*"], labels: ["*"] };
const ID = "com.ubuntu.maas:v3:boot:24.04:amd64:ga-24.04";
const taken = (products: object, ...selections: Selection[]) => wantedImages(list(products), selections);

test("the newest version of a selected product is taken, with the files that serve", () => {
  const [image, ...others] = taken({ [ID]: product() }, all);
  assert.deepEqual(others, []);
  assert.equal(image?.version, "20260101.10");
  assert.deepEqual(
    [image?.os, image?.release, image?.arch, image?.subarch, image?.title, image?.label],
    ["ubuntu", "noble", "amd64", "ga-24.04", "24.04 LTS", "stable"],
  );
  assert.deepEqual(
    image?.files.map((f) => f.filetype),
    ["boot-kernel", "boot-initrd", "squashfs"],
  );
});

test("release, architecture, subarchitecture and label decide", () => {
  const products = { [ID]: product() };
  const count = (more: Partial<Selection>) => taken(products, { ...all, ...more }).length;
  assert.equal(count({ release: "jammy" }), 0);
  assert.equal(count({ os: "centos" }), 0);
  assert.equal(count({ arches: ["arm64"] }), 0);
  assert.equal(count({ arches: ["arm64", "amd64"] }), 1);
  assert.equal(count({ subarches: ["hwe-24.04"] }), 0);
  assert.equal(count({ subarches: ["generic"] }), 1);
  assert.equal(count({ labels: ["daily"] }), 0);
  assert.equal(count({ labels: ["stable"] }), 1);
});

test("a kernel's flavour is in the subarchitecture, before -edge", () => {
  const subarch = (subarch: string, kflavor: string) => taken({ [ID]: product({ subarch, kflavor }) }, all)[0]?.subarch;
  assert.equal(subarch("hwe-22.04", "lowlatency"), "hwe-22.04-lowlatency");
  assert.equal(subarch("hwe-22.04-edge", "lowlatency"), "hwe-22.04-lowlatency-edge");
  assert.equal(subarch("hwe-22.04-lowlatency", "lowlatency"), "hwe-22.04-lowlatency");
});

test("boot loaders, other kinds of Ubuntu products and strange architectures are passed over", () => {
  assert.deepEqual(taken({ "a:1:grub": product({ "bootloader-type": "uefi" }) }, all), []);
  assert.deepEqual(taken({ "com.ubuntu.cloud:server:24.04:amd64": product() }, all), []);
  assert.deepEqual(taken({ [ID]: product({ arch: "../x" }) }, all), []);
  assert.deepEqual(taken({ [ID]: null, b: 5, c: [] }, all), []);
});

test("a path that leaves the source is refused, and so is a file without checksum or with a strange size", () => {
  for (const path of [
    "../x",
    "a/../b",
    "/etc/passwd",
    "a//b",
    "",
    "http://x/y",
    "a\\b",
    "a?b",
    "a#b",
    "a%2e%2e",
    "a\0",
    ".hidden",
    5,
    null,
    "a/".repeat(40) + "b",
  ])
    assert.throws(() => plainPath(path), { code: "bad_request" }, String(path));
  assert.equal(
    plainPath("noble/amd64/20260101/ga-24.04/com.ubuntu:v3_x+y~1"),
    "noble/amd64/20260101/ga-24.04/com.ubuntu:v3_x+y~1",
  );
  for (const bad of [
    { path: "../../etc/shadow" },
    { sha256: "x" },
    { sha256: undefined },
    { size: -1 },
    { size: 1e300 },
    { size: "5" },
  ])
    assert.throws(
      () => taken({ [ID]: product({ versions: { "20260101": { items: { k: item("squashfs", bad) } } } }) }, all),
      {
        code: "bad_request",
      },
    );
});

test("an index names its product files; what is none is refused", () => {
  const entry = { datatype: "image-downloads", format: "products:1.0", path: "streams/v1/a.json" };
  const index = { format: "index:1.0", index: { a: entry, b: { ...entry, datatype: "image-ids" }, c: 5 } };
  assert.deepEqual(productPaths(index), ["streams/v1/a.json"]);
  assert.throws(() => productPaths({ format: "index:1.0", index: { a: { ...entry, path: "../a.json" } } }), {
    code: "bad_request",
  });
  for (const bad of [null, [], "x", {}, { format: "index:2.0", index: {} }]) assert.throws(() => productPaths(bad));
  for (const bad of [null, [], {}, { format: "products:1.0", products: [] }])
    assert.throws(() => wantedImages(bad, [all]));
});
