import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { builtins } from "./builtins.ts";

test("docs/cli.md names every command of ours", () => {
  const text = readFileSync(new URL("../../../docs/cli.md", import.meta.url), "utf8");
  for (const { name } of builtins) assert.match(text, new RegExp("`" + name + "\\b|\\bmaas " + name + "\\b"), name);
});
