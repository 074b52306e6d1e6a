import assert from "node:assert/strict";
import { test } from "node:test";
import { readRange } from "./range.ts";

const cases: [string | undefined, number, ReturnType<typeof readRange>][] = [
  [undefined, 10, "whole"],
  ["bytes=0-", 10, { first: 0, last: 9 }],
  ["bytes=0-0", 10, { first: 0, last: 0 }],
  ["bytes=3-99", 10, { first: 3, last: 9 }],
  ["Bytes=3-5", 10, { first: 3, last: 5 }],
  ["bytes=-4", 10, { first: 6, last: 9 }],
  ["bytes=-40", 10, { first: 0, last: 9 }],
  ["bytes=-0", 10, "unsatisfiable"],
  ["bytes=10-", 10, "unsatisfiable"],
  ["bytes=0-", 0, "unsatisfiable"],
  ["bytes=-5", 0, "unsatisfiable"],
  ["bytes=5-3", 10, "whole"],
  ["bytes=-", 10, "whole"],
  ["bytes=1-2,4-5", 10, "whole"],
  ["lines=1-2", 10, "whole"],
  ["bytes=0x1-", 10, "whole"],
  ["bytes=1e1-", 10, "whole"],
  ["bytes=99999999999999999999-", 10, "whole"],
];
for (const [header, size, expected] of cases) {
  test(`${header} of ${size}`, () => assert.deepEqual(readRange(header, size), expected));
}
