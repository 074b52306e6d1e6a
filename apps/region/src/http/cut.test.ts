import assert from "node:assert/strict";
import { test } from "node:test";
import { Cut } from "./cut.ts";

const cut = (limits: { head: number; tail: number }, ...chunks: string[]) => {
  const made = new Cut(limits);
  for (const chunk of chunks) made.add(Buffer.from(chunk));
  return { text: made.finish().toString(), held: made.held };
};

test("what fits stays as it is, in chunks of any size", () => {
  for (const chunks of [["abcdef"], ["a", "b", "c", "d", "e", "f"], ["abc", "", "def"], ["abcd", "ef"]])
    assert.equal(cut({ head: 3, tail: 3 }, ...chunks).text, "abcdef", chunks.join("|"));
  assert.equal(cut({ head: 3, tail: 3 }).text, "");
  assert.equal(cut({ head: 6, tail: 0 }, "abcdef").text, "abcdef");
});

test("of more, beginning and end are kept, and it says how much is missing", () => {
  const expected = "abc\n[Cut here: 4 of 10 bytes are not kept.]\nhij";
  for (const chunks of [["abcdefghij"], "abcdefghij".split(""), ["ab", "cdefg", "hij"]])
    assert.equal(cut({ head: 3, tail: 3 }, ...chunks).text, expected);
  assert.equal(cut({ head: 3, tail: 0 }, "abc", "def").text, "abc\n[Cut here: 3 of 6 bytes are not kept.]\n");
  const long = cut({ head: 10, tail: 10 }, ...Array<string>(10_000).fill("0123456"));
  assert.ok(long.held < 30, String(long.held));
});
