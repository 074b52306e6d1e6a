import assert from "node:assert/strict";
import { test } from "node:test";
import { keptIpProblem, routeProblem } from "./kept-ip-rules.ts";

const subnet = {
  cidr: "10.0.0.0/24",
  managed: true,
  gateway: "10.0.0.1",
  dnsServers: [],
  ranges: [{ type: "dynamic", start: "10.0.0.100", end: "10.0.0.199" }],
  allocated: [],
  observed: [],
  kept: [{ ip: "10.0.0.9", mac: "02:00:00:00:00:09" }],
};
const mac = "02:00:00:00:00:01";
const problem = (ip: string, more: { mac?: string; holders?: (string | null)[] } = {}) =>
  keptIpProblem({ ip, mac, holders: [], ...more }, subnet);

test("an address can be kept that is in the subnet, outside of dynamic ranges, and nobody else's", () => {
  assert.equal(problem("10.0.0.20"), undefined);
  assert.equal(problem("10.0.0.20", { holders: [mac] }), undefined);
  for (const [ip, reason] of [
    ["nonsense", /no IP address/],
    ["10.0.1.20", /not inside/],
    ["2001:db8::1", /not inside/],
    ["10.0.0.0", /network or broadcast/],
    ["10.0.0.255", /network or broadcast/],
    ["10.0.0.150", /dynamic range 10\.0\.0\.100/],
    ["10.0.0.1", /gateway/],
    ["10.0.0.9", /reserved already/],
  ] as const)
    assert.match(problem(ip)?.ip?.[0] ?? "", reason);
  assert.match(problem("10.0.0.20", { holders: [null] })?.ip?.[0] ?? "", /in use/);
  assert.match(problem("10.0.0.20", { mac: "02:00:00:00:00:09" })?.mac_address?.[0] ?? "", /has a reserved IP/);
});

test("a route goes by an address of its source to another subnet of the same IP version", () => {
  const source = { id: 1, cidr: "10.0.0.0/24" };
  const destination = { id: 2, cidr: "10.1.0.0/24" };
  assert.equal(routeProblem({ source, destination, gateway: "10.0.0.7" }), undefined);
  assert.deepEqual(Object.keys(routeProblem({ source, destination, gateway: "10.1.0.7" }) ?? {}), ["gateway_ip"]);
  assert.deepEqual(Object.keys(routeProblem({ source, destination, gateway: "x" }) ?? {}), ["gateway_ip"]);
  assert.deepEqual(Object.keys(routeProblem({ source, destination: source, gateway: "10.0.0.7" }) ?? {}), [
    "destination",
  ]);
  const six = { id: 3, cidr: "2001:db8::/64" };
  assert.deepEqual(Object.keys(routeProblem({ source, destination: six, gateway: "10.0.0.7" }) ?? {}), ["destination"]);
});
