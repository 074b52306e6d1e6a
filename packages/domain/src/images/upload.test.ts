import assert from "node:assert/strict";
import { test } from "node:test";
import { baseImage, nextVersion, uploadedFile, uploadName } from "./upload.ts";

const synced = ["ubuntu/jammy", "debian/bookworm"];

test("names: custom/ is taken off, a slash stands behind a known system alone", () => {
  assert.equal(uploadName("custom/my-image", synced), "my-image");
  assert.equal(uploadName(" my_image.2 ", synced), "my_image.2");
  assert.equal(uploadName("rhel/9-golden", synced), "rhel/9-golden");
  assert.equal(uploadName("ubuntu/mine", synced), "ubuntu/mine");
});

test("names that are taken, reserved or none are refused", () => {
  const refused = [
    "ubuntu/jammy",
    "jammy",
    "custom/bookworm",
    "debian",
    "custom/ubuntu",
    "centos",
    "centos70",
    "custom",
  ];
  for (const name of [...refused, "plan9/4th", "a/b/c", "../etc", "a b", "-x", "", "x/", "ubuntu/../x"])
    assert.throws(() => uploadName(name, synced), { code: "invalid_fields" }, name);
});

test("an image is built on a Linux with a series", () => {
  assert.equal(baseImage("ubuntu/jammy"), "ubuntu/jammy");
  for (const base of ["custom/x", "windows/win2022", "jammy", "ubuntu/", "a/b/c", ""])
    assert.throws(() => baseImage(base), { code: "invalid_fields" }, base);
});

test("packings become file types and names", () => {
  assert.deepEqual(uploadedFile("tgz"), { filetype: "root-tgz", filename: "root.tgz" });
  assert.deepEqual(uploadedFile("txz"), { filetype: "root-txz", filename: "root.txz" });
  assert.deepEqual(uploadedFile("ddtgz"), { filetype: "root-dd", filename: "root-dd" });
  assert.deepEqual(uploadedFile("ddraw"), { filetype: "root-dd.raw", filename: "root-dd.raw" });
  assert.throws(() => uploadedFile("zip"), { code: "invalid_fields" });
});

test("the second set of a day is numbered", () => {
  const day = new Date("2026-01-31T23:59:59Z");
  assert.equal(nextVersion(day, ["20260130"]), "20260131");
  assert.equal(nextVersion(day, ["20260131"]), "20260131.1");
  assert.equal(nextVersion(day, ["20260131", "20260131.1", "20260131.2"]), "20260131.3");
});
