import assert from "node:assert/strict";
import { test } from "node:test";
import { attributeAt, escapeXml, find, parseXml, textAt } from "./xml.ts";

test("elements, attributes and text are read, with entities and comments", () => {
  const root = parseXml(`<?xml version="1.0"?>
    <a one='1' two="&lt;2&gt;"><!-- <b>no</b> --><b>x &amp; y</b><b c:d="&#65;"/></a>`);
  assert.deepEqual(root.attributes, { one: "1", two: "<2>" });
  assert.equal(textAt(root, "b"), "x & y");
  assert.equal(find(root, "b").length, 2);
  assert.equal(find(root, "b")[1]?.attributes["c:d"], "A");
  assert.equal(attributeAt(root, "none", "b", "c"), "");
  const nasty = `<>&"'\u00e9`;
  assert.equal(parseXml(`<a>${escapeXml(nasty)}</a>`).text, nasty);
});

test("what is no whole document is refused", () => {
  for (const text of [
    "",
    "text",
    "<a>",
    "<a></b>",
    "<a/><b/>",
    "<!DOCTYPE a><a/>",
    "<a b=c/>",
    `<a b="<"/>`,
    "<a>".repeat(100),
  ])
    assert.throws(() => parseXml(text), SyntaxError, text);
});
