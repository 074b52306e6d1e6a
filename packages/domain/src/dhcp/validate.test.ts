import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { validateWanted } from "./validate.ts";
import type { DhcpHost, DhcpNetwork, DhcpSubnet } from "./wanted.ts";

const subnet: DhcpSubnet = {
  id: 1,
  cidr: "10.0.0.0/24",
  pools: [{ start: "10.0.0.100", end: "10.0.0.200" }],
  nextServer: "10.0.0.2",
  gateway: "10.0.0.1",
  dnsServers: [],
  ntpServers: [],
  domainName: "maas",
  searchDomains: [],
  leaseSeconds: 600,
};
const network: DhcpNetwork = { name: "vlan-1", rackTag: "r1", interface: "eth0", mtu: 1500, subnets: [subnet] };
const host: DhcpHost = { mac: "02:00:00:00:00:01", subnetId: 1, ip: "10.0.0.10", hostname: "one", netboot: true };
const second = { ...host, mac: "02:00:00:00:00:02" };

function refusals(networks: DhcpNetwork[], hosts: DhcpHost[] = []): string[] {
  return validateWanted({ networks, hosts }).refused.map(({ what, message }) => `${what}: ${message}`);
}

suite("what DHCP refuses to serve", () => {
  test("nothing of what is right", () => {
    const wanted = { networks: [network], hosts: [host, { ...second, ip: null }] };
    assert.deepEqual(validateWanted(wanted), { accepted: wanted, refused: [] });
  });

  const badHosts: [why: RegExp, hosts: DhcpHost[]][] = [
    [/10\.1\.0\.5, .* not inside 10\.0\.0\.0\/24/, [{ ...host, ip: "10.1.0.5" }]],
    [/10\.0\.0\.10 is reserved for both 02:00:00:00:00:01 and 02:00:00:00:00:02/, [host, second]],
    [/10\.0\.0\.100, .* dynamic range/, [{ ...host, ip: "10.0.0.100" }]],
    [/10\.0\.0\.200, .* dynamic range/, [{ ...host, ip: "10.0.0.200" }]],
    [/10\.0\.0\.255, .* broadcast/, [{ ...host, ip: "10.0.0.255" }]],
    [/10\.0\.0\.0, .* network/, [{ ...host, ip: "10.0.0.0" }]],
    [/is the gateway/, [{ ...host, ip: "10.0.0.1" }]],
    [/is the rack/, [{ ...host, ip: "10.0.0.2" }]],
    [/not an IPv4 address/, [{ ...host, ip: "fd00::1" }]],
    [/reserved twice/, [host, { ...host, ip: "10.0.0.11" }]],
    [/subnet 9, which DHCP does not serve/, [{ ...host, subnetId: 9 }]],
    [/lower case/, [{ ...host, mac: "02:00:00:00:00:AA" }]],
    [/DNS name/, [{ ...host, hostname: "two words" }]],
  ];
  for (const [why, hosts] of badHosts)
    test(`a host: ${why.source}`, () => {
      const { accepted, refused } = validateWanted({ networks: [network], hosts });
      assert.match(refused.map(({ message }) => message).join("; "), why);
      assert.equal(refused.length, 1);
      assert.deepEqual(accepted.hosts, hosts.slice(0, hosts.length - 1), "the others are served");
      assert.deepEqual(accepted.networks, [network]);
    });

  const badSubnets: [why: RegExp, change: Partial<DhcpSubnet>][] = [
    [/canonical/, { cidr: "10.0.0.1/24" }],
    [/canonical/, { cidr: "10.0.0.0/33" }],
    [/not inside/, { pools: [{ start: "10.0.0.200", end: "10.0.1.5" }] }],
    [/not a range/, { pools: [{ start: "10.0.0.9", end: "10.0.0.5" }] }],
    [/overlaps another dynamic range/, { pools: [...subnet.pools, { start: "10.0.0.200", end: "10.0.0.201" }] }],
    [/id 0/, { id: 0 }],
    [/next server/, { nextServer: "rack.example" }],
    [/too short/, { leaseSeconds: 0 }],
  ];
  for (const [why, change] of badSubnets)
    test(`a subnet: ${why.source} ${JSON.stringify(change)}`, () => {
      const good = { ...subnet, id: 2, cidr: "10.2.0.0/24", pools: [], nextServer: "10.2.0.2" };
      const { accepted, refused } = validateWanted({
        networks: [{ ...network, subnets: [{ ...subnet, ...change }, good] }],
        hosts: [],
      });
      assert.deepEqual(
        refused.map(({ what }) => what),
        ["subnet"],
      );
      assert.match(refused[0]?.message ?? "", why);
      assert.deepEqual(accepted.networks, [{ ...network, subnets: [good] }]);
    });

  test("two subnets that overlap, or have one id", () => {
    const other = (change: Partial<DhcpSubnet>) => ({
      ...network,
      name: "vlan-2",
      subnets: [{ ...subnet, pools: [], ...change }],
    });
    assert.match(refusals([network, other({ id: 2, cidr: "10.0.0.128/25" })]).join(), /overlaps 10\.0\.0\.0\/24/);
    assert.match(refusals([network, other({ cidr: "10.9.0.0/24" })]).join(), /same id 1/);
    assert.match(refusals([network, network]).join(), /network: vlan-1 is given twice/);
  });

  test("an option that IPv4 DHCP cannot carry is left out, and the subnet is served without it", () => {
    const given = {
      ...subnet,
      gateway: "fd00::1",
      dnsServers: ["10.0.0.2", "fd00::53", "010.0.0.3"],
      ntpServers: ["ntp.example.com"],
      domainName: "two words",
      searchDomains: ["maas", "a,b", "x".repeat(64)],
    };
    const { accepted, refused } = validateWanted({ networks: [{ ...network, subnets: [given] }], hosts: [host] });
    const clean = { gateway: null, dnsServers: ["10.0.0.2"], ntpServers: [], domainName: "", searchDomains: ["maas"] };
    assert.deepEqual(accepted, { networks: [{ ...network, subnets: [{ ...given, ...clean }] }], hosts: [host] });
    assert.equal(refused.length, 7);
    assert.ok(refused.every(({ message }) => /left out of DHCP/.test(message)));
  });

  test("a host on a refused subnet is refused too, with its reason", () => {
    const broken = { ...network, subnets: [{ ...subnet, cidr: "nonsense" }] };
    assert.deepEqual(
      validateWanted({ networks: [broken], hosts: [host] }).refused.map(({ what }) => what),
      ["subnet", "host"],
    );
  });
});
