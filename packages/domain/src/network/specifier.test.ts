import assert from "node:assert/strict";
import { test } from "node:test";
import { asId, parseSpecifiers } from "./specifier.ts";

const prefixes = ["cidr", "fabric", "vid"];

test("specifiers are told from plain words, by the prefixes that are known", () => {
  assert.deepEqual(parseSpecifiers("fabric:row a, vid:20", prefixes), [
    { prefix: "fabric", value: "row a" },
    { prefix: "vid", value: "20" },
  ]);
  assert.deepEqual(parseSpecifiers("cidr:2001:db8::/64", prefixes), [{ prefix: "cidr", value: "2001:db8::/64" }]);
  for (const plain of ["2001:db8::/64", "a, b", "7", "", "fabric:x,other", "__proto__:1"])
    assert.equal(parseSpecifiers(plain, prefixes), undefined, plain);
});

test("ids are whole numbers that a row can have", () => {
  assert.deepEqual(["7", "0", "-1", "1.5", "9999999999999999", ""].map(asId), [
    7,
    0,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});
