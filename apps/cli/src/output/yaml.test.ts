import assert from "node:assert/strict";
import { test } from "node:test";
import { toYaml } from "./yaml.ts";

test("objects, lists, lists in lists, and empty ones", () => {
  const value = {
    name: "one",
    size: 1.5,
    on: true,
    none: null,
    list: [1, { a: "b", c: [] }, [2, 3]],
    empty: {},
    sub: { x: "y z" },
  };
  assert.equal(
    toYaml(value),
    `name: one
size: 1.5
"on": true
none: null
list:
  - 1
  - a: b
    c: []
  - - 2
    - 3
empty: {}
sub:
  x: y z
`,
  );
  assert.equal(toYaml([]), "[]\n");
  assert.equal(toYaml("text"), "text\n");
});

test("texts that would be read as something else, or give orders to the terminal, are quoted", () => {
  const texts = [
    "yes",
    "No",
    "1",
    "1e3",
    "",
    " a",
    "a ",
    "a: b",
    "a #b",
    "- a",
    "'q'",
    "a\nb",
    "0x1",
    "~",
    "null",
    "2020-01-01",
    "\u001b[0m",
    "\u009b",
    "{a",
    "&x",
    "*x",
    "!t",
    "a:",
  ];
  for (const text of texts) {
    const yaml = toYaml(text).trimEnd();
    assert.match(yaml, /^"[\x20-\x7e]*"$/, text);
    assert.equal(JSON.parse(yaml), text);
  }
  for (const text of ["abc", "a-b c/d", "/MAAS/api/2.0/", "e@example.com", "_x"])
    assert.equal(toYaml(text), `${text}\n`);
});
