import assert from "node:assert/strict";
import { test } from "node:test";
import type { Occupancy } from "./allocate.ts";
import { rangeUsage, shownRange, subnetFigures } from "./usage.ts";

const subnet = (change: Partial<Occupancy> = {}): Occupancy => ({
  cidr: "10.0.0.0/24",
  managed: true,
  gateway: null,
  dnsServers: [],
  ranges: [],
  allocated: [],
  observed: [],
  ...change,
});
const used = (s: Occupancy) =>
  rangeUsage(s)
    .used.map((u) => shownRange(s, u, u.purposes))
    .map((r) => `${r.start}-${r.end} ${r.purposes.join("+")} ${r.count}`);
const free = (s: Occupancy) =>
  rangeUsage(s)
    .free.map((f) => shownRange(s, f, []))
    .map((r) => `${r.start}-${r.end}`);

test("what claims an address is named, overlapping claims together, equal neighbours as one range", () => {
  const s = subnet({
    gateway: "10.0.0.1",
    dnsServers: ["10.0.0.1", "192.0.2.1"],
    ranges: [
      { type: "dynamic", start: "10.0.0.100", end: "10.0.0.199" },
      { type: "reserved", start: "10.0.0.10", end: "10.0.0.20" },
    ],
    allocated: ["10.0.0.12", "10.0.0.30", "10.0.0.31"],
    kept: [{ ip: "10.0.0.40", mac: "02:00:00:00:00:01" }],
  });
  assert.deepEqual(used(s), [
    "10.0.0.1-10.0.0.1 dns-server+gateway-ip 1",
    "10.0.0.10-10.0.0.11 reserved 2",
    "10.0.0.12-10.0.0.12 assigned-ip+reserved 1",
    "10.0.0.13-10.0.0.20 reserved 8",
    "10.0.0.30-10.0.0.31 assigned-ip 2",
    "10.0.0.40-10.0.0.40 reserved 1",
    "10.0.0.100-10.0.0.199 dynamic 100",
  ]);
  assert.deepEqual(free(s), [
    "10.0.0.2-10.0.0.9",
    "10.0.0.21-10.0.0.29",
    "10.0.0.32-10.0.0.39",
    "10.0.0.41-10.0.0.99",
    "10.0.0.200-10.0.0.254",
  ]);
});

test("an unmanaged subnet gives from its reserved ranges alone", () => {
  const ranges = [{ type: "reserved", start: "10.0.0.10", end: "10.0.0.20" }];
  assert.deepEqual(free(subnet({ managed: false, ranges, allocated: ["10.0.0.10"] })), ["10.0.0.11-10.0.0.20"]);
  assert.deepEqual(free(subnet({ managed: false })), []);
});

test("figures: hosts only, the largest free range, and what could be a gateway and a dynamic range", () => {
  const empty = subnetFigures(subnet());
  assert.deepEqual([empty.total, empty.available, empty.largestAvailable], [254n, 254n, 254n]);
  assert.deepEqual([empty.first, empty.last, empty.family], ["10.0.0.1", "10.0.0.254", 4]);
  assert.equal(empty.suggestedGateway, "10.0.0.1");
  assert.deepEqual(empty.suggestedDynamic, {
    start: "10.0.0.192",
    end: "10.0.0.254",
    count: 63n,
    purposes: ["proposed-dynamic"],
  });
  const busy = subnetFigures(
    subnet({ allocated: ["10.0.0.1"], ranges: [{ type: "dynamic", start: "10.0.0.10", end: "10.0.0.253" }] }),
  );
  assert.deepEqual([busy.available, busy.suggestedGateway, busy.suggestedDynamic], [9n, "10.0.0.254", null]);
  assert.equal(subnetFigures(subnet({ gateway: "10.0.0.9" })).suggestedGateway, null);
  const point = subnetFigures(subnet({ cidr: "10.0.0.0/31" }));
  assert.deepEqual([point.total, point.first], [2n, "10.0.0.0"]);
});

test("IPv6: the addresses that people number by hand are not given out", () => {
  const s = subnet({ cidr: "2001:db8::/64" });
  assert.deepEqual(used(s), ["2001:db8::-2001:db8::ffff:ffff rfc-4291-2.6.1 4294967296"]);
  assert.deepEqual(free(s), ["2001:db8::1:0:0-2001:db8::ffff:ffff:ffff:ffff"]);
});
