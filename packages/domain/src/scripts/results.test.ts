import assert from "node:assert/strict";
import { test } from "node:test";
import { suits } from "./hardware.ts";
import { parseResultYaml } from "./result-yaml.ts";
import { nextStatus, timesAfter } from "./transition.ts";

const all = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11];

test("progress moves forward only, from every status", () => {
  const moved = (signal: "WORKING" | "INSTALLING" | "APPLYING_NETCONF" | "TIMEDOUT" | "OK") =>
    all.filter((status) => nextStatus(status, { signal, ended: false, exitStatus: 0 }) !== status);
  assert.deepEqual(moved("WORKING"), [0, 7, 10]);
  assert.deepEqual(moved("INSTALLING"), [0, 10]);
  assert.deepEqual(moved("APPLYING_NETCONF"), [0]);
  assert.deepEqual(moved("TIMEDOUT"), [0, 1, 7, 10]);
  assert.deepEqual(moved("OK"), []);
});

test("an end is judged by what the script says, then the signal, then the exit status", () => {
  const end = (
    current: number,
    exitStatus: number,
    signal: "WORKING" | "TIMEDOUT" | "INSTALLING" = "WORKING",
    stated?: number,
  ) => nextStatus(current, { signal, ended: true, exitStatus, stated });
  assert.deepEqual([end(1, 0), end(1, 1), end(7, 1), end(10, 1), end(0, 1, "INSTALLING")], [2, 3, 8, 11, 8]);
  assert.deepEqual([end(1, 0, "TIMEDOUT"), end(1, 1, "WORKING", 9), end(1, 0, "WORKING", 6)], [4, 9, 6]);
});

test("start and end are what they can be known to be", () => {
  const now = new Date(100_000);
  const at = (ms: number) => new Date(ms);
  assert.deepEqual(timesAfter({ startedAt: null, endedAt: null }, 1, now, null), { startedAt: now, endedAt: null });
  assert.deepEqual(timesAfter({ startedAt: at(5), endedAt: null }, 2, now, 10), { startedAt: at(5), endedAt: now });
  assert.deepEqual(timesAfter({ startedAt: null, endedAt: null }, 2, now, 10), { startedAt: at(90_000), endedAt: now });
  assert.deepEqual(timesAfter({ startedAt: null, endedAt: null }, 7, now, null), { startedAt: null, endedAt: null });
});

test("a result YAML counts as a whole or not at all", () => {
  assert.deepEqual(
    parseResultYaml("status: degraded\nlink_connected: true\nresults: {a: 1, b: [x, true], 3: 1.5}", true),
    {
      status: 6,
      linkConnected: true,
      results: { a: 1, b: ["x", true], 3: 1.5 },
    },
  );
  assert.deepEqual(parseResultYaml("{}", false), { status: undefined, linkConnected: undefined, results: {} });
  const wrong = [
    "- a",
    "text",
    "",
    "status: fine",
    "status: 2",
    "link_connected: yes?",
    "results: [1]",
    "results: {a: {b: 1}}",
    "a: [",
    "status: [passed]",
  ];
  for (const text of wrong) assert.ok("invalid" in parseResultYaml(text, true), text);
  assert.ok("invalid" in parseResultYaml("link_connected: true", false));
  const bomb = `a: &a [1,1,1,1,1,1,1,1]\nb: &b [${"*a,".repeat(20)}*a]\nresults: {x: [${"*b,".repeat(20)}*b]}`;
  assert.ok("invalid" in parseResultYaml(bomb, false), "aliases do not multiply without end");
});

test("hardware is matched by modalias, ids and names", () => {
  const facts = {
    modaliases: ["pci:v00008086d00001533sv00001849sd00001533bc02sc00i00", "usb:v1D6Bp0002d0504dc09"],
    metadata: [{ key: "system_vendor", value: "Dell Inc." }],
  };
  for (const yes of [
    "pci:8086:1533",
    "PCI:8086:1533",
    "usb:1d6b:0002",
    "modalias:pci:v00008086*",
    "system_vendor:dell inc.",
  ])
    assert.ok(suits([yes], facts), yes);
  for (const no of ["pci:8086:1534", "usb:1d6b:0003", "modalias:usb", "system_vendor:dell", "system_product:x"])
    assert.ok(!suits([no], facts), no);
  assert.ok(suits([], facts));
  assert.ok(suits(["pci:0000:0000", "system_vendor:Dell Inc."], facts), "one match is enough");
});
