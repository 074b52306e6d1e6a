import assert from "node:assert/strict";
import { test } from "node:test";
import { pageToken, parsePageToken, parseSort, sortWords } from "./page-token.ts";

test("the end of a page comes back as it was, for every order", () => {
  for (const word of sortWords) {
    const sorting = parseSort(word);
    for (const place of [{ key: "123", id: 7 }, ...(sorting.order === "name" ? [{ key: 'a:b "é\n', id: 1 }] : [])])
      assert.deepEqual(parsePageToken(pageToken(sorting, place), sorting), place);
  }
});

test("what was made up, or is of another order, is refused by name", () => {
  const since = parseSort("-since");
  for (const token of [
    "",
    "x",
    "since",
    "-since:1",
    "-since:x:1",
    "-since:1:",
    "-since:1:now",
    "-owner:1:2",
    "-cpu:1:99999999999",
    "-since:1:1'--",
  ])
    assert.throws(() => parsePageToken(token, since), /after: This is no place/, token);
  assert.throws(() => parsePageToken("since:1:2", since), /of a list sorted by since/);
  assert.throws(() => parsePageToken("-cpu:1:2", since), /of a list sorted by -cpu/);
  assert.throws(() => parseSort("owner"), /sort: "owner" is not one of name, -name/);
});
