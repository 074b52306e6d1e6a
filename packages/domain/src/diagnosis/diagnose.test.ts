import assert from "node:assert/strict";
import { test } from "node:test";
import type { Decision } from "../machine/machine.ts";
import { advised, awaited, diagnose, explained, rules, sentence, unexplained } from "./diagnose.ts";
import { bootCases } from "./testing/cases-boot.ts";
import { hardwareCases } from "./testing/cases-hardware.ts";
import { networkCases } from "./testing/cases-network.ts";
import { powerCases } from "./testing/cases-power.ts";
import { runningCases } from "./testing/cases-running.ts";
import { at, beat, type Seen, given, on, bmc, running } from "./testing/given.ts";

const cases = { ...powerCases, ...hardwareCases, ...bootCases, ...runningCases, ...networkCases };

for (const [code, { named, not, says }] of Object.entries(cases)) {
  test(`${code} is named where it is so, and not elsewhere`, () => {
    for (const g of named) {
      const found = diagnose(given(g));
      assert.equal(found[0]?.code, code, JSON.stringify(found.map((f) => f.code)));
      assert.match(found[0].summary, says);
      assert.ok(found[0].checks.length > 0 && found[0].expected.length > 10);
    }
    for (const g of not) assert.ok(!diagnose(given(g)).some((f) => f.code === code), JSON.stringify(g));
  });
}

test("every rule has its test, and there are enough", () => {
  assert.deepEqual(Object.keys(cases).sort(), rules.map((r) => r.code).sort());
  assert.ok(rules.length >= 20);
});

test("of a machine that gets on well nothing is said, at any step", () => {
  const all = [...running, "script signal WORKING about x", "script signal OK about x, exit 0"];
  for (let n = 0; n <= all.length; n++) {
    const c = given({ machine: { waitingFor: "first_signal" }, seen: all.slice(0, n), now: n + 2 });
    assert.deepEqual(
      diagnose(c).map((f) => f.code),
      [],
      `after ${n} steps`,
    );
    assert.equal(unexplained(c), undefined);
  }
});

test("a machine that neither waits nor failed wants nothing, and its BMC may still be wrong", () => {
  const seen = bmc("no answer: check power_address");
  assert.deepEqual(diagnose(given({ machine: { status: "ready", statusDeadline: null }, seen })), []);
  const found = diagnose(given({ machine: { status: "ready", statusDeadline: null, powerState: "error" }, seen }));
  assert.deepEqual(
    found.map((f) => f.code),
    ["bmc_unreachable"],
  );
});

test("patience is measured by node_timeout: whoever waits for less is told sooner", () => {
  const soon = { seen: [on], now: 15, machine: { statusDeadline: at(60) } };
  assert.deepEqual(diagnose(given(soon)), []);
  assert.equal(diagnose(given({ ...soon, facts: { nodeTimeoutMinutes: 1 } }))[0]?.code, "no_dhcp_request");
  assert.equal(
    diagnose(given({ ...soon, facts: { nodeTimeoutMinutes: 600 }, now: 299 })).length,
    1,
    "its deadline is past",
  );
  const silent = { machine: { waitingFor: "script:x", statusDeadline: at(60) } as const, seen: [...running, beat(10)] };
  assert.deepEqual(diagnose(given({ ...silent, facts: { nodeTimeoutMinutes: 1 }, now: 35 })), []);
  const found = diagnose(given({ ...silent, facts: { nodeTimeoutMinutes: 1 }, now: 41 }));
  assert.equal(found[0]?.code, "machine_silent_in_script");
});

test("a machine that was just heard of is not called silent at its deadline", () => {
  const seen: Seen[] = [...running, ["metadata cloud-init start config-apt: installing", { at: 1790 }]];
  const found = diagnose(given({ machine: { waitingFor: "first_signal" }, seen }));
  assert.equal(found[0]?.code, "still_progressing");
});

test("where no rule fits, what was awaited is named; before the deadline nothing is", () => {
  assert.match(unexplained(given({ machine: { waitingFor: "script:x" } }))?.summary ?? "", /waited for the script x/);
  assert.equal(unexplained(given({ now: 100 })), undefined);
  assert.equal(awaited(null), "nothing stated");
});

test("the diagnosis becomes the reason, with the bare facts behind it", () => {
  const [found] = diagnose(given({ seen: [on] }));
  assert.ok(found);
  const decision: Decision = {
    set: { status: "failed_commissioning", errorDescription: "waited 30 minutes." },
    events: [
      { type: "FAILED_COMMISSIONING", description: "waited 30 minutes." },
      { type: "NODE_POWERED_OFF", description: "" },
    ],
    effects: [],
    jobs: [],
  };
  const reason = `${sentence(found)} (waited 30 minutes.)`;
  assert.deepEqual(explained(decision, found), {
    ...decision,
    set: { status: "failed_commissioning", errorDescription: reason },
    events: [
      { type: "FAILED_COMMISSIONING", description: reason },
      { type: "NODE_POWERED_OFF", description: "" },
    ],
  });
  assert.equal(explained(decision, undefined), decision);
  assert.deepEqual(advised(decision, found), {
    ...decision,
    events: [...decision.events, { type: "NODE_DIAGNOSED", description: sentence(found) }],
  });
});
