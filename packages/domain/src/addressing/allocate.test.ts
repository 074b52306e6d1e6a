import assert from "node:assert/strict";
import { test } from "node:test";
import { chooseAddress, freeSpans, type Occupancy } from "./allocate.ts";

const subnet = (over: Partial<Occupancy> = {}): Occupancy => ({
  cidr: "10.0.0.0/24",
  managed: true,
  gateway: null,
  dnsServers: [],
  ranges: [],
  allocated: [],
  observed: [],
  ...over,
});
const range = (type: string, start: string, end: string) => ({ type, start, end });

test("an empty subnet gives its first usable address", () => {
  assert.equal(chooseAddress(subnet()), "10.0.0.1");
  assert.equal(chooseAddress(subnet({ cidr: "2001:db8::/96" })), "2001:db8::1");
  assert.equal(chooseAddress(subnet({ cidr: "2001:db8::/64" })), "2001:db8::1:0:0");
});

test("the smallest free range comes first, then the lowest of equal ones", () => {
  // Free: .1 to .9, .11 to .12, .14 to .15, .17 to .254
  const allocated = ["10.0.0.10", "10.0.0.13", "10.0.0.16"];
  assert.equal(chooseAddress(subnet({ allocated })), "10.0.0.11");
});

test("gateway, name servers in the network, dynamic and reserved ranges are passed over", () => {
  const taken = subnet({
    gateway: "10.0.0.1",
    dnsServers: ["10.0.0.2", "8.8.8.8"],
    ranges: [range("dynamic", "10.0.0.3", "10.0.0.99"), range("reserved", "10.0.0.100", "10.0.0.253")],
  });
  assert.equal(chooseAddress(taken), "10.0.0.254");
  assert.equal(chooseAddress({ ...taken, allocated: ["10.0.0.254"] }), undefined);
});

test("an unmanaged subnet gives addresses of its reserved ranges only", () => {
  assert.equal(chooseAddress(subnet({ managed: false })), undefined);
  const ranges = [range("reserved", "10.0.0.0", "10.0.0.2"), range("dynamic", "10.0.0.2", "10.0.0.9")];
  assert.equal(chooseAddress(subnet({ managed: false, ranges })), "10.0.0.1");
  assert.equal(chooseAddress(subnet({ managed: false, ranges, allocated: ["10.0.0.1"] })), undefined);
});

test("addresses only seen are a last resort, the one seen longest ago first", () => {
  const ranges = [range("reserved", "10.0.0.4", "10.0.0.254")];
  assert.equal(chooseAddress(subnet({ ranges, observed: ["10.0.0.1", "10.0.0.2"] })), "10.0.0.3");
  assert.equal(
    chooseAddress(subnet({ ranges, observed: ["10.0.0.2", "10.0.0.1"], allocated: ["10.0.0.3"] })),
    "10.0.0.2",
  );
  assert.equal(
    chooseAddress(subnet({ ranges, observed: ["10.0.0.200"], allocated: ["10.0.0.1", "10.0.0.2", "10.0.0.3"] })),
    undefined,
  );
});

test("a /31 and a /32 have no address that is out of bounds", () => {
  assert.equal(chooseAddress(subnet({ cidr: "10.0.0.0/31" })), "10.0.0.0");
  assert.equal(chooseAddress(subnet({ cidr: "10.0.0.4/32" })), "10.0.0.4");
  assert.equal(chooseAddress(subnet({ cidr: "10.0.0.0/30", allocated: ["10.0.0.1", "10.0.0.2"] })), undefined);
});

test("every address is given once until the subnet is full", () => {
  const allocated: string[] = [];
  for (
    let ip = chooseAddress(subnet({ cidr: "10.0.0.0/27" }));
    ip !== undefined;
    ip = chooseAddress(subnet({ cidr: "10.0.0.0/27", allocated }))
  )
    allocated.push(ip);
  assert.equal(allocated.length, 30);
  assert.equal(new Set(allocated).size, 30);
});

test("free spans come out right when the used ones overlap and nest", () => {
  const span = (first: number, last: number) => ({ first: BigInt(first), last: BigInt(last) });
  assert.deepEqual(freeSpans([span(0, 20)], [span(5, 15), span(6, 7), span(10, 17), span(19, 30)]), [
    span(0, 4),
    span(18, 18),
  ]);
  assert.deepEqual(freeSpans([span(0, 3)], [span(0, 3)]), []);
});

test("an address that is kept for a MAC address goes to it, and to nobody else", () => {
  const kept = [{ ip: "10.0.0.1", mac: "02:00:00:00:00:01" }];
  assert.equal(chooseAddress(subnet({ kept })), "10.0.0.2");
  assert.equal(chooseAddress(subnet({ kept }), "02:00:00:00:00:02"), "10.0.0.2");
  assert.equal(chooseAddress(subnet({ kept, routeGateways: ["10.0.0.2"] })), "10.0.0.3");
  assert.equal(chooseAddress(subnet({ kept }), "02:00:00:00:00:01"), "10.0.0.1");
  assert.equal(chooseAddress(subnet({ kept, allocated: ["10.0.0.1"] }), "02:00:00:00:00:01"), "10.0.0.2");
});
