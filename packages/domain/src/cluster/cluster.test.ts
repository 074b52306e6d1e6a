import assert from "node:assert/strict";
import { test } from "node:test";
import { nextProgress } from "./download.ts";
import { parseImages, parseLeases } from "./reports.ts";

test("images have defaults, and the older name of the operating system", () => {
  const one = { os: "ubuntu", architecture: "amd64", release: "trusty", purpose: "install", more: 1 };
  assert.deepEqual(
    parseImages(JSON.stringify([one, { ...one, osystem: "debian", label: "beta", subarchitecture: "x" }])),
    [
      {
        osystem: "ubuntu",
        architecture: "amd64",
        subarchitecture: "generic",
        release: "trusty",
        purpose: "install",
        label: "release",
        supported_subarches: "",
      },
      {
        osystem: "debian",
        architecture: "amd64",
        subarchitecture: "x",
        release: "trusty",
        purpose: "install",
        label: "beta",
        supported_subarches: "",
      },
    ],
  );
  for (const text of ["", "{}", "[1]", "[{}]", '[{"os":"a"}]', JSON.stringify([{ ...one, purpose: 1 }])])
    assert.throws(() => parseImages(text), { code: "invalid_fields" }, text);
});

test("leases are addresses and MAC addresses, each address once", () => {
  assert.deepEqual(parseLeases('{"10.0.0.5": "AA-BB-CC-DD-EE-FF"}'), [{ ip: "10.0.0.5", mac: "aa:bb:cc:dd:ee:ff" }]);
  assert.deepEqual(parseLeases("{}"), []);
  for (const text of ["", "[]", "null", '{"x":"aa:bb:cc:dd:ee:ff"}', '{"10.0.0.5":"x"}', '{"10.0.0.5":1}'])
    assert.throws(() => parseLeases(text), { code: "invalid_fields" }, text);
});

test("a download begins without figures, grows, and keeps its size", () => {
  const first = nextProgress(undefined, {});
  assert.deepEqual(first, { isNew: true, size: null, bytesDownloaded: null, error: "" });
  const second = nextProgress(first, { size: 10, bytesDownloaded: 5 });
  assert.deepEqual(second, { isNew: false, size: 10, bytesDownloaded: 5, error: "" });
  assert.equal(nextProgress(second, { bytesDownloaded: 10 }).bytesDownloaded, 10);
  assert.equal(nextProgress(second, { bytesDownloaded: 0, error: "gone" }).error, "gone");
  assert.equal(nextProgress(second, { size: 20 }).isNew, true);
  for (const report of [
    { bytesDownloaded: 11 },
    { bytesDownloaded: -1 },
    { size: 11, bytesDownloaded: 5 },
    { size: -1 },
  ])
    assert.throws(() => nextProgress(second, report), { code: "invalid_fields" });
  assert.throws(() => nextProgress(undefined, { bytesDownloaded: 1 }), { code: "invalid_fields" });
});
