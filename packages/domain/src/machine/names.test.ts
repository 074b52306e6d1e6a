import assert from "node:assert/strict";
import { test } from "node:test";
import { generateHostname, generateSystemId, parseArchitecture, parseHostname, parseMac } from "./names.ts";

test("MAC addresses in every spelling become one", () => {
  for (const text of [
    "52:54:00:AB:cd:01",
    "52-54-00-ab-cd-01",
    "5254.00ab.cd01",
    "525400ABCD01",
    " 52:54:00:ab:cd:01 ",
  ])
    assert.equal(parseMac(text), "52:54:00:ab:cd:01", text);
});

test("what is no MAC address is refused, also with a script behind it", () => {
  for (const text of [
    "",
    "52:54:00:ab:cd",
    "52:54:00:ab:cd:0g",
    "52:54:00:ab:cd:01:02",
    "52:54-00:ab",
    "52:54:00:ab:cd:01\nreboot",
    "52:54:00:ab:cd:01 || shell",
    "${net0/mac}",
    "٥٢:54:00:ab:cd:01",
  ])
    assert.equal(parseMac(text), undefined, JSON.stringify(text));
});

test("host names: labels of letters, digits and hyphens; a domain behind the first dot", () => {
  assert.deepEqual(parseHostname("Node-1"), { hostname: "node-1", domain: undefined });
  assert.deepEqual(parseHostname("a.b.example."), { hostname: "a", domain: "b.example" });
  for (const text of [
    "",
    ".",
    "-a",
    "a-",
    "a_b",
    "a b",
    "a\nb",
    "a;reboot",
    "$(x)",
    "<b>",
    "a..b",
    "é",
    "x".repeat(64),
    `${"a.".repeat(130)}b`,
  ])
    assert.equal(parseHostname(text), undefined, JSON.stringify(text));
});

test("architectures: a bare one is generic, kernels are none, nothing is said twice", () => {
  assert.deepEqual(parseArchitecture("amd64"), { architecture: "amd64/generic" });
  assert.deepEqual(parseArchitecture("arm64/xgene"), { architecture: "arm64/xgene" });
  assert.deepEqual(parseArchitecture("arm64", "xgene"), { architecture: "arm64/xgene" });
  for (const [arch, sub] of [
    ["amd65", undefined],
    ["amd64/a/b", undefined],
    ["amd64/hwe-22.04", undefined],
    ["amd64/ga-22.04", undefined],
    ["amd64/generic", "generic"],
    ["amd64/../x", undefined],
    ["amd64", "a b"],
    ["", undefined],
  ] as const)
    assert.ok("problem" in parseArchitecture(arch, sub), `${arch} ${sub}`);
});

test("generated names fit the rules over the whole range of their randomness", () => {
  const lowest = () => 0;
  const highest = (below: number) => below - 1;
  for (const random of [lowest, highest]) {
    assert.match(generateSystemId(random), /^[34678abcdefghkmnpqrstwxy]{6}$/);
    assert.ok(parseHostname(generateHostname(random)));
  }
  assert.notEqual(generateSystemId(lowest), generateSystemId(highest));
});
