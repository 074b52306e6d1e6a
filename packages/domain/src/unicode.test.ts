import assert from "node:assert/strict";
import { test } from "node:test";
import { isUnicode } from "./unicode.ts";

test("what JSON may spell and PostgreSQL keeps no text of is found in names and values, at any depth", () => {
  const given = (text: string) => isUnicode(JSON.parse(text));
  assert.equal(given(String.raw`{"a":["\ud83d\ude00",{"b":null,"c":1}]}`), true);
  for (const bad of [String.raw`\u0000`, String.raw`\ud800`, String.raw`x\udc00`])
    for (const text of [`"${bad}"`, `{"${bad}":1}`, `{"a":[[{"b":"${bad}"}]]}`]) assert.equal(given(text), false, text);
});

test("what contains itself, or is nested deep, has an end", () => {
  const circle: { self?: unknown; text: string } = { text: "x" };
  circle.self = circle;
  assert.equal(isUnicode(circle), true);
  circle.text = "\0";
  assert.equal(isUnicode(circle), false);
  let deep: unknown = "\0";
  for (let n = 0; n < 100_000; n += 1) deep = [deep];
  assert.equal(isUnicode(deep), false);
});
