import assert from "node:assert/strict";
import { test } from "node:test";
import { checkClusterInterface, type ClusterInterface, networkOf } from "./cluster-interface.ts";
import { formatCidr, parseIp } from "./ip.ts";

const managed: ClusterInterface = {
  name: "eth0",
  ip: "10.0.0.2",
  management: 2,
  subnet_mask: "255.255.255.0",
  broadcast_ip: null,
  router_ip: "10.0.0.1",
  ip_range_low: "10.0.0.100",
  ip_range_high: "10.0.0.199",
};

const problems = (change: Partial<ClusterInterface>) => {
  const checked = checkClusterInterface({ ...managed, ...change });
  return "problems" in checked ? Object.keys(checked.problems).toSorted() : [];
};

test("a netmask makes a network of an address, or is none", () => {
  const of = (address: string, mask: string) => {
    const ip = parseIp(address);
    const cidr = ip && networkOf(ip, mask);
    return cidr && formatCidr(cidr);
  };
  assert.equal(of("10.1.0.9", "255.255.255.0"), "10.1.0.0/24");
  assert.equal(of("10.1.0.9", "255.0.0.0"), "10.0.0.0/8");
  assert.equal(of("fd00::9", "ffff:ffff:ffff:ffff::"), "fd00::/64");
  for (const mask of ["255.255.255.255", "0.0.0.0", "255.0.255.0", "24", "", "ffff::"])
    assert.equal(of("10.1.0.9", mask), undefined, mask);
});

test("what is managed has all it needs, in one network that is not too wide", () => {
  assert.deepEqual(problems({}), []);
  for (const name of ["subnet_mask", "router_ip", "ip_range_low", "ip_range_high"] as const) {
    assert.deepEqual(problems({ [name]: null }), [name]);
    assert.deepEqual(problems({ [name]: null, management: 0 }), []);
  }
  for (const name of ["broadcast_ip", "router_ip", "ip_range_low", "ip_range_high"] as const) {
    assert.deepEqual(problems({ [name]: "10.0.1.1" }), [name]);
    assert.deepEqual(problems({ [name]: "nonsense" }), [name]);
  }
  assert.deepEqual(problems({ subnet_mask: "255.0.0.0" }), ["subnet_mask"]);
  assert.deepEqual(problems({ subnet_mask: "255.0.0.0", management: 0 }), []);
  assert.deepEqual(problems({ ip: "10.0.0" }), ["ip"]);
  assert.deepEqual(problems({ ip_range_high: "10.0.0.99" }), ["ip_range_high"]);
});
