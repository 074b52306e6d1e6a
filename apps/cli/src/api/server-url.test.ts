import assert from "node:assert/strict";
import { test } from "node:test";
import { apiRoot } from "./server-url.ts";

test("a URL becomes the API's root", () => {
  const root = "http://host:5240/MAAS/api/2.0/";
  for (const url of ["http://host:5240/MAAS", "http://host:5240/MAAS/", root, root.slice(0, -1)])
    assert.equal(apiRoot(url), root);
  assert.equal(apiRoot("http://host/MAAS/api/1.0"), "http://host/MAAS/api/1.0/");
  assert.equal(apiRoot("https://[::1]:5443/MAAS?x#y"), "https://[::1]:5443/MAAS/api/2.0/");
});

test("what is no URL is said to be none", () => {
  for (const text of ["host:5240/MAAS", "a:b:c", "", "ftp://host/", "http://"])
    assert.throws(() => apiRoot(text), { exitCode: 1, message: /is no URL of a MAAS server/ });
});
