import assert from "node:assert/strict";
import { test } from "node:test";
import { type TimelineEntry, timelineLines } from "./timeline-text.ts";

const on = new Date("2026-01-01T00:00:00Z");
const entry = (seconds: number, source: string, text: string, more: Partial<TimelineEntry> = {}): TimelineEntry => ({
  at: new Date(on.getTime() + seconds * 1000).toISOString(),
  source,
  kind: "evidence",
  level: "debug",
  text,
  ...more,
});

test("a line per item: time since power-on, source, text", () => {
  const lines = timelineLines(
    [
      entry(-0.5, "bmc", "the BMC took the order to switch on"),
      entry(4.25, "dhcp", "DHCP discover\non br0"),
      entry(100, "script", "signal FAILED", { level: "warning" }),
    ],
    on,
  );
  assert.deepEqual(lines, [
    "  -0.5 s  bmc      the BMC took the order to switch on",
    "  +4.3 s  dhcp     DHCP discover on br0",
    "+100.0 s  script ! signal FAILED",
  ]);
});

test("more than two of a kind in a row are one line: first, last, how many, in which time", () => {
  const dhcp = ["discover on br0", "offer 10.0.0.7", "request on br0", "ack 10.0.0.7"].map((what, i) =>
    entry(i, "dhcp", `DHCP ${what}`),
  );
  const hash = "51349501a3d1ff83836437d2b365fd2d57f2feb8642d315e5181dec23d4c3275";
  const files = [
    entry(5, "http", "asks for ipxe.cfg by HTTP"),
    entry(5, "http", "has ipxe.cfg by HTTP"),
    entry(6, "http", `asks for images/${hash}/boot-kernel by HTTP`),
    entry(7.5, "http", `has images/${hash}/boot-kernel by HTTP`),
  ];
  const signals = [entry(10, "script", "signal OK about 10-x, exit 0"), entry(11, "script", "signal OK")];
  assert.deepEqual(
    timelineLines([...dhcp, ...files, entry(9, "http", "boot script given: local"), ...signals], on).map((line) =>
      line.trim(),
    ),
    [
      "+0.0 s  dhcp     DHCP discover on br0 ... DHCP ack 10.0.0.7 (4 in 3.0 s)",
      "+5.0 s  http     asks for ipxe.cfg by HTTP ... has images/51349501../boot-kernel by HTTP (4 in 2.5 s)",
      "+9.0 s  http     boot script given: local",
      "+10.0 s  script   signal OK about 10-x, exit 0",
      "+11.0 s  script   signal OK",
    ],
  );
});

test("what went wrong, power and status are never folded away", () => {
  const bad = Array.from({ length: 5 }, (_, i) => entry(i, "script", "signal FAILED", { level: "warning" }));
  const power = Array.from({ length: 5 }, (_, i) => entry(i, "bmc", "the BMC took the order"));
  const status = Array.from({ length: 5 }, (_, i) => entry(i, "region", "New", { kind: "status", level: "info" }));
  assert.equal(timelineLines([...bad, ...power, ...status], on).length, 15);
});

test("the region's note of what was seen anyway is left out; what people did is not", () => {
  const seen = entry(1, "script", "signal OK about x");
  const noted = entry(1, "region", "Script result: x: Running to Passed", { kind: "event" });
  const asked = entry(2, "region", "User starting deployment", { kind: "action" });
  assert.equal(timelineLines([seen, noted, asked], on).length, 2);
});

test("a long text is cut, and nothing is nothing", () => {
  const [line = ""] = timelineLines([entry(0, "http", "x".repeat(1000))], on);
  assert.ok(line.length < 170 && line.endsWith("..."), line);
  assert.deepEqual(timelineLines([], on), []);
});
