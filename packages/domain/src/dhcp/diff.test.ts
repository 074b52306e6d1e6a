import assert from "node:assert/strict";
import { test } from "node:test";
import { diffHosts, diffNetworks, isEmptyDiff, type NetworkDiff } from "./diff.ts";
import type { DhcpHost, DhcpNetwork, DhcpSubnet } from "./wanted.ts";

const host = (n: number, change: Partial<DhcpHost> = {}): DhcpHost => ({
  mac: `02:00:00:00:00:0${n}`,
  subnetId: 1,
  ip: `10.0.0.${n}`,
  hostname: null,
  netboot: true,
  ...change,
});
const subnet = (id: number, change: Partial<DhcpSubnet> = {}): DhcpSubnet => ({
  id,
  cidr: `10.0.${id}.0/24`,
  pools: [
    { start: `10.0.${id}.10`, end: `10.0.${id}.19` },
    { start: `10.0.${id}.30`, end: `10.0.${id}.39` },
  ],
  nextServer: `10.0.${id}.1`,
  gateway: null,
  dnsServers: ["10.0.0.1", "10.0.0.2"],
  ntpServers: [],
  domainName: "maas",
  searchDomains: [],
  leaseSeconds: 600,
  ...change,
});
const network = (id: number, subnets: DhcpSubnet[], change: Partial<DhcpNetwork> = {}): DhcpNetwork => ({
  name: `vlan-${id}`,
  rackTag: "r1",
  interface: "eth0",
  mtu: 1500,
  subnets,
  ...change,
});

test("hosts: equal ones are left alone, and each change is its own", () => {
  const same = host(1);
  const renamed = host(2, { hostname: "two" });
  const moved = host(3, { ip: "10.0.0.33" });
  const silenced = host(4, { netboot: false });
  const fresh = host(6);
  const diff = diffHosts([same, host(2), host(3), host(4), host(5)], [same, renamed, moved, silenced, fresh]);
  assert.deepEqual(diff, {
    insert: [fresh],
    update: [renamed, moved, silenced],
    delete: [host(5)],
    releases: [
      { ip: "10.0.0.3", subnetId: 1, mac: "02:00:00:00:00:03" },
      { ip: "10.0.0.5", subnetId: 1, mac: "02:00:00:00:00:05" },
    ],
  });
});

test("hosts: the same MAC on another subnet is another reservation; one without an address has no lease to drop", () => {
  const diff = diffHosts([host(1, { ip: null })], [host(1, { subnetId: 2 })]);
  assert.equal(diff.insert.length, 1);
  assert.equal(diff.delete.length, 1);
  assert.deepEqual(diff.releases, []);
});

/** Only the lists that are not empty, by name and id. */
function brief(diff: NetworkDiff): object {
  const short = {
    deleteNetworks: diff.deleteNetworks,
    deleteSubnets: diff.deleteSubnets,
    insertNetworks: diff.insertNetworks.map(({ name }) => name),
    updateNetworks: diff.updateNetworks.map(({ name }) => name),
    insertSubnets: diff.insertSubnets.map(({ subnet, network }) => `${subnet.id} in ${network.name}`),
    updateSubnets: diff.updateSubnets.map(({ subnet, network }) => `${subnet.id} in ${network.name}`),
  };
  return Object.fromEntries(Object.entries(short).filter(([, list]) => list.length > 0));
}

const actual = [network(1, [subnet(1), subnet(2)]), network(2, [subnet(3)])];

test("networks: equal ones are left alone, in whatever order pools and methods stand", () => {
  const reordered = subnet(3, { pools: subnet(3).pools.toReversed(), disabledBootMethods: [] });
  const diff = diffNetworks(actual, [network(2, [reordered]), network(1, [subnet(2), subnet(1)])]);
  assert.ok(isEmptyDiff(diff), JSON.stringify(diff));
});

const changes: [what: string, wanted: DhcpNetwork[], expected: object][] = [
  [
    "a new subnet",
    [network(1, [subnet(1), subnet(2), subnet(4)]), network(2, [subnet(3)])],
    { insertSubnets: ["4 in vlan-1"] },
  ],
  ["a subnet gone", [network(1, [subnet(1)]), network(2, [subnet(3)])], { deleteSubnets: [2] }],
  [
    "a name server more, in another order of preference",
    [network(1, [subnet(1, { dnsServers: ["10.0.0.2", "10.0.0.1"] }), subnet(2)]), network(2, [subnet(3)])],
    { updateSubnets: ["1 in vlan-1"] },
  ],
  [
    "a subnet in another VLAN",
    [network(1, [subnet(1)]), network(2, [subnet(2), subnet(3)])],
    { updateSubnets: ["2 in vlan-2"] },
  ],
  [
    "another CIDR",
    [network(1, [subnet(1, { cidr: "10.9.0.0/24" }), subnet(2)]), network(2, [subnet(3)])],
    { deleteSubnets: [1], insertSubnets: ["1 in vlan-1"] },
  ],
  [
    "another MTU",
    [network(1, [subnet(1), subnet(2)], { mtu: 9000 }), network(2, [subnet(3)])],
    { updateNetworks: ["vlan-1"] },
  ],
  [
    "another interface, which the subnets name too",
    [network(1, [subnet(1), subnet(2)]), network(2, [subnet(3)], { interface: null })],
    { updateNetworks: ["vlan-2"], updateSubnets: ["3 in vlan-2"] },
  ],
  [
    "another rack",
    [network(1, [subnet(1), subnet(2)]), network(2, [subnet(3)], { rackTag: "r2" })],
    { deleteNetworks: ["vlan-2"], insertNetworks: ["vlan-2"], deleteSubnets: [3], insertSubnets: ["3 in vlan-2"] },
  ],
  ["a network gone", [network(1, [subnet(1), subnet(2)])], { deleteNetworks: ["vlan-2"], deleteSubnets: [3] }],
];
for (const [what, wanted, expected] of changes)
  test(`networks: ${what}`, () => assert.deepEqual(brief(diffNetworks(actual, wanted)), expected));
