import assert from "node:assert/strict";
import { test } from "node:test";
import { isLicenseKey, isRepositoryUrl, unknownOf, webAddress } from "./rules.ts";

test("a repository is a web address or a PPA", () => {
  for (const url of ["http://a.example/ubuntu", "https://a.example:8443/x", "ppa:user/name"])
    assert.ok(isRepositoryUrl(url), url);
  for (const url of ["", "a.example", "file:///etc/passwd", "http://", "ppa:user", "http://a.example/ x"])
    assert.ok(!isRepositoryUrl(url), url);
  assert.equal(webAddress("ftp://a.example/"), undefined);
});

test("a license key has five groups of five", () => {
  assert.ok(isLicenseKey("windows", "AAAAA-BBBBB-CCCCC-DDDDD-EEEE5"));
  assert.ok(!isLicenseKey("windows", "AAAAA-BBBBB-CCCCC-DDDDD"));
  assert.ok(!isLicenseKey("debian", "AAAAA-BBBBB-CCCCC-DDDDD-EEEE5"));
  assert.ok(!isLicenseKey("constructor", "x"));
});

test("the word that is not known is found", () => {
  assert.equal(unknownOf(["a", "b"], ["a"]), "b");
  assert.equal(unknownOf([], ["a"]), undefined);
});
