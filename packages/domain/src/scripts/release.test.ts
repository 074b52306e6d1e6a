import assert from "node:assert/strict";
import { test } from "node:test";
import { releaseScripts, releaseStatus } from "./release.ts";

const nothing = { erase: false, secureErase: false, quickErase: false, scripts: [], params: {} };
const off = { always: false, secure: true, quick: false };

test("any of the three flags erases; what was asked for besides runs too", () => {
  assert.deepEqual(releaseScripts(nothing, off), { words: [], params: {} });
  const how = (secure: boolean, quick: boolean) => ({
    "wipe-disks_secure_erase": String(secure),
    "wipe-disks_quick_erase": String(quick),
  });
  for (const [wish, secure, quick] of [
    [{ erase: true }, false, false],
    [{ secureErase: true }, true, false],
    [{ quickErase: true }, false, true],
    [{ erase: true, secureErase: true, quickErase: true }, true, true],
  ] as const)
    assert.deepEqual(releaseScripts({ ...nothing, ...wish }, off), {
      words: ["wipe-disks"],
      params: how(secure, quick),
    });
  const both = releaseScripts({ ...nothing, erase: true, scripts: ["mine", "wipe-disks"], params: { a: "b" } }, off);
  assert.deepEqual(both, { words: ["mine", "wipe-disks"], params: { a: "b", ...how(false, false) } });
  assert.deepEqual(releaseScripts({ ...nothing, scripts: ["mine"] }, off).words, ["mine"]);
});

test("the setting erases whatever was asked, in its own way", () => {
  const wish = { ...nothing, quickErase: true, params: { "wipe-disks_quick_erase": "true" } };
  assert.deepEqual(releaseScripts(wish, { always: true, secure: true, quick: false }), {
    words: ["wipe-disks"],
    params: { "wipe-disks_secure_erase": "true", "wipe-disks_quick_erase": "false" },
  });
});

test("erasing alone is Disk erasing, anything else Releasing", () => {
  assert.equal(releaseStatus(["wipe-disks"]), "disk_erasing");
  assert.equal(releaseStatus(["mine"]), "releasing");
  assert.equal(releaseStatus(["mine", "wipe-disks"]), "releasing");
});
