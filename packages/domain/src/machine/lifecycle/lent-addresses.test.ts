import assert from "node:assert/strict";
import { test } from "node:test";
import { givesBackAddresses } from "./lent-addresses.ts";

test("addresses for tests go back when the scripts are over, unless a deployed system has them", () => {
  const cases = [
    ["testing", "ready", "", true],
    ["testing", "failed_testing", "", true],
    ["testing", "allocated", "", true],
    ["commissioning", "failed_commissioning", "", true],
    ["commissioning", "testing", "", false],
    ["testing", "testing", "", false],
    ["testing", "deployed", "debian", false],
    ["testing", "failed_testing", "debian", false],
    ["allocated", "deploying", "", false],
    ["ready", "testing", "", false],
  ] as const;
  for (const [before, after, osystem, back] of cases)
    assert.equal(
      givesBackAddresses({ status: before }, { status: after, osystem }),
      back,
      `${before} ${after} ${osystem}`,
    );
});
