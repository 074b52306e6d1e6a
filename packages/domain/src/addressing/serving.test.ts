import assert from "node:assert/strict";
import { test } from "node:test";
import { validateWanted } from "../dhcp/validate.ts";
import {
  type Advertised,
  planServing,
  type RackInterfaces,
  rackServing,
  type ServedSubnet,
  type ServedVlan,
} from "./serving.ts";

const subnet = (id: number, cidr: string, over: Partial<ServedSubnet> = {}): ServedSubnet => ({
  id,
  cidr,
  gateway: null,
  dnsServers: [],
  allowDns: true,
  pools: [],
  disabledBootMethods: [],
  ...over,
});
const vlan = (id: number, subnets: ServedSubnet[], over: Partial<ServedVlan> = {}): ServedVlan => ({
  id,
  mtu: 1500,
  rackTag: "r1",
  relayTarget: null,
  subnets,
  ...over,
});
const rack: RackInterfaces = {
  systemId: "r1",
  hostname: "rack-one",
  interfaces: [
    { name: "lo", addresses: ["127.0.0.1"] },
    { name: "eth0", addresses: ["192.168.1.5", "2001:db8::5"] },
    { name: "eth1", addresses: ["10.1.0.1", "10.2.0.1"] },
  ],
};
const nothing: Advertised = { dnsServers: [], ntpServers: [], domainName: "maas", searchDomains: ["maas"] };

test("a VLAN is served through the interface that has an address in it, each subnet by the rack's own address there", () => {
  const { networks, unserved } = planServing(
    [vlan(7, [subnet(1, "10.1.0.0/16"), subnet(2, "10.2.0.0/16"), subnet(3, "10.3.0.0/16")])],
    [rack],
    nothing,
  );
  assert.deepEqual(unserved, []);
  assert.equal(networks[0]?.name, "vlan-7");
  assert.equal(networks[0].interface, "eth1");
  assert.deepEqual(
    networks[0].subnets.map((s) => s.nextServer),
    ["10.1.0.1", "10.2.0.1", "10.1.0.1"],
  );
  assert.deepEqual(
    [rackServing("r1", networks)],
    [{ systemId: "r1", interfaces: ["eth1"], addresses: ["10.1.0.1", "10.2.0.1"] }],
  );
});

test("a relayed VLAN has no interface, and its server is the rack on the target", () => {
  const { networks } = planServing(
    [vlan(1, [subnet(1, "10.1.0.0/16")]), vlan(2, [subnet(9, "172.16.0.0/24")], { relayTarget: 1 })],
    [rack],
    nothing,
  );
  assert.equal(networks[1]?.interface, null);
  assert.equal(networks[1].subnets[0]?.nextServer, "10.1.0.1");
  assert.deepEqual(rackServing("r1", networks).interfaces, ["eth1"]);
});

test("a rack without an address on the VLAN, or one that is gone, is said with what to do", () => {
  const plan = planServing(
    [vlan(1, [subnet(1, "10.9.0.0/16")]), vlan(2, [subnet(2, "10.1.0.0/16")], { rackTag: "zz" })],
    [rack],
    nothing,
  );
  assert.deepEqual(plan.networks, []);
  assert.match(plan.unserved[0]?.message ?? "", /rack-one has no address in 10\.9\.0\.0\/16/);
  assert.match(plan.unserved[1]?.message ?? "", /zz/);
  assert.deepEqual([rackServing("r1", plan.networks)], [{ systemId: "r1", interfaces: [], addresses: [] }]);
});

test("name servers: the subnet's own, else the upstream ones where they are allowed; time servers only as addresses", () => {
  const advertised = {
    ...nothing,
    dnsServers: ["9.9.9.9", "2620:fe::fe"],
    ntpServers: ["ntp.ubuntu.com", "10.0.0.123"],
  };
  const subnets = [
    subnet(1, "10.1.0.0/16", { dnsServers: ["10.1.0.53"] }),
    subnet(2, "10.2.0.0/16"),
    subnet(3, "10.3.0.0/16", { allowDns: false }),
  ];
  const served = planServing([vlan(1, subnets)], [rack], advertised).networks[0]?.subnets ?? [];
  assert.deepEqual(
    served.map((s) => s.dnsServers),
    [["10.1.0.53"], ["9.9.9.9"], []],
  );
  assert.deepEqual(served[0]?.ntpServers, ["10.0.0.123"]);
});

test("what comes out is what Kea can serve; boot methods that do not exist are dropped", () => {
  const { networks } = planServing(
    [
      vlan(1, [
        subnet(1, "10.1.0.0/16", {
          pools: [{ start: "10.1.9.0", end: "10.1.9.9" }],
          disabledBootMethods: ["pxe", "windows"],
        }),
      ]),
    ],
    [rack],
    nothing,
  );
  assert.deepEqual(networks[0]?.subnets[0]?.disabledBootMethods, ["pxe"]);
  assert.deepEqual(validateWanted({ networks, hosts: [] }).refused, []);
});
