import assert from "node:assert/strict";
import { test } from "node:test";
import { isRight, printTable, type Row, rightOf } from "./table.ts";

const good: Row = {
  fault: "never boots",
  expected: "no_dhcp_request",
  named: "no_dhcp_request",
  seconds: 3,
  deadline: 5,
};
const rows: Row[] = [
  good,
  { ...good, fault: "late", seconds: 5.1 },
  { ...good, fault: "unnamed", named: null, seconds: null },
  { ...good, fault: "mistaken", named: "rack_gone" },
  { ...good, fault: "hidden", remark: "its status_message does not say so" },
];

test("right is what was named as expected, in time, and without a remark", () => {
  assert.deepEqual(rows.map(isRight), [true, false, false, false, false]);
  assert.equal(rightOf(rows), 1);
});

test("the table is read in columns, with remarks below", () => {
  const lines: string[] = [];
  printTable(rows, (line) => void lines.push(line));
  assert.deepEqual(lines, [
    "       fault        expected         named            seconds  deadline",
    "right  never boots  no_dhcp_request  no_dhcp_request      3.0         5",
    "WRONG  late         no_dhcp_request  no_dhcp_request      5.1         5",
    "WRONG  unnamed      no_dhcp_request  -                      -         5",
    "WRONG  mistaken     no_dhcp_request  rack_gone            3.0         5",
    "WRONG  hidden       no_dhcp_request  no_dhcp_request      3.0         5",
    "       its status_message does not say so",
    "1 of 5 right",
  ]);
});
