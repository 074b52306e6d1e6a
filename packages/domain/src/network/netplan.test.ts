import assert from "node:assert/strict";
import { suite, test } from "node:test";
import type { InterfaceLink, LinkedSubnet, MachineNetwork, NetworkInterface } from "./model.ts";
import { renderNetplan } from "./netplan.ts";

const lan: LinkedSubnet = {
  id: 1,
  cidr: "10.0.0.0/24",
  gatewayIp: "10.0.0.1",
  dnsServers: ["10.0.0.53"],
  allowDns: true,
  vlanDhcpOn: true,
  rackAddresses: ["10.0.0.2", "192.168.9.9", "fd00::2"],
  staticRoutes: [{ destinationCidr: "10.9.0.0/16", gatewayIp: "10.0.0.9", metric: 5 }],
};
const isolated: LinkedSubnet = {
  ...lan,
  id: 2,
  cidr: "172.16.0.0/16",
  dnsServers: [],
  vlanDhcpOn: false,
  rackAddresses: ["192.168.9.9"],
  staticRoutes: [],
};
delete (isolated as { gatewayIp?: string }).gatewayIp;

const link = (change: Partial<InterfaceLink> = {}): InterfaceLink => ({
  id: 1,
  mode: "auto",
  ip: "10.0.0.10",
  subnet: lan,
  ...change,
});

const nic = (change: Partial<NetworkInterface> = {}): NetworkInterface => ({
  id: 1,
  name: "eth0",
  type: "physical",
  macAddress: "52:54:00:AA:00:01",
  enabled: true,
  mtu: 1500,
  connected: true,
  parentIds: [],
  params: {},
  links: [],
  ...change,
});

const network = (interfaces: NetworkInterface[], change: Partial<MachineNetwork> = {}): MachineNetwork => ({
  interfaces,
  domain: "maas",
  otherSearchDomains: ["zoo.example", "ant.example", "maas"],
  defaultDnsServers: ["10.0.0.2"],
  ...change,
});

suite("netplan", () => {
  test("a static address: match, set-name, address, default route, static route, name servers", () => {
    assert.deepEqual(renderNetplan(network([nic({ links: [link()] })])), {
      version: 2,
      ethernets: {
        eth0: {
          match: { macaddress: "52:54:00:aa:00:01" },
          "set-name": "eth0",
          mtu: 1500,
          addresses: ["10.0.0.10/24"],
          routes: [
            { to: "default", via: "10.0.0.1" },
            { to: "10.9.0.0/16", via: "10.0.0.9", metric: 5 },
          ],
          nameservers: {
            addresses: ["10.0.0.2", "192.168.9.9", "10.0.0.53"],
            search: ["maas", "ant.example", "zoo.example"],
          },
        },
      },
    });
  });

  test("DHCP: both families without a subnet, one with", () => {
    const both = renderNetplan(network([nic({ links: [{ id: 1, mode: "dhcp" }] })])).ethernets?.["eth0"];
    assert.deepEqual([both?.dhcp4, both?.dhcp6, both?.["dhcp-identifier"]], [true, true, "mac"]);
    const one = renderNetplan(network([nic({ links: [{ id: 1, mode: "dhcp", subnet: lan }] })])).ethernets?.["eth0"];
    assert.deepEqual([one?.dhcp4, one?.dhcp6, one?.nameservers], [true, undefined, undefined]);
  });

  test("link_up and AUTO without address bring nothing; no VLAN makes it optional; disabled is left out", () => {
    const up = nic({ links: [{ id: 1, mode: "link_up" }], connected: false });
    const waiting = nic({ id: 2, name: "eth1", links: [{ id: 2, mode: "auto", subnet: lan }] });
    const off = nic({ id: 3, name: "eth2", enabled: false, links: [link()] });
    const { ethernets } = renderNetplan(network([off, waiting, up]));
    assert.deepEqual(Object.keys(ethernets ?? {}), ["eth0", "eth1"]);
    assert.equal(ethernets?.["eth0"]?.optional, true);
    assert.equal(ethernets?.["eth1"]?.addresses, undefined);
    assert.equal(ethernets?.["eth1"]?.routes, undefined);
  });

  test("without gateway only racks inside the subnet resolve; else the defaults, unless the subnet forbids", () => {
    const servers = (subnet: LinkedSubnet) =>
      renderNetplan(network([nic({ links: [link({ ip: "172.16.0.9", subnet })] })])).ethernets?.["eth0"]?.nameservers
        ?.addresses;
    assert.deepEqual(servers({ ...isolated, rackAddresses: ["172.16.0.2", "10.0.0.2"] }), ["172.16.0.2"]);
    assert.deepEqual(servers(isolated), ["10.0.0.2"]);
    assert.equal(servers({ ...isolated, allowDns: false }), undefined);
  });

  test("one default route per family: VLAN with DHCP first, then boot interface, or the user's choice", () => {
    const quiet = { ...lan, id: 3, cidr: "10.1.0.0/24", gatewayIp: "10.1.0.1", vlanDhcpOn: false, staticRoutes: [] };
    const v6 = { ...lan, id: 4, cidr: "fd00::/64", gatewayIp: "fe80::1", staticRoutes: [] };
    const first = nic({ links: [link({ id: 11, mode: "static", ip: "10.1.0.5", subnet: quiet })] });
    const second = nic({ id: 2, name: "eth1", links: [link({ id: 12 }), link({ id: 13, ip: "fd00::5", subnet: v6 })] });
    const defaults = (change: Partial<MachineNetwork>) =>
      Object.entries(renderNetplan(network([first, second], change)).ethernets ?? {}).flatMap(([name, device]) =>
        (device.routes ?? []).filter((route) => route.to === "default").map((route) => `${name} ${route.via}`),
      );
    assert.deepEqual(defaults({}), ["eth1 10.0.0.1", "eth1 fe80::1"]);
    assert.deepEqual(defaults({ gatewayLinkIdV4: 11 }), ["eth0 10.1.0.1", "eth1 fe80::1"]);
  });

  test("bond, VLAN on it and bridge; parameters that the mode does not know are dropped", () => {
    const nics = [
      nic({ id: 2, name: "eth1", macAddress: "52:54:00:aa:00:02" }),
      nic(),
      nic({
        id: 3,
        name: "bond0",
        type: "bond",
        parentIds: [2, 1],
        params: { bond_mode: "802.3ad", bond_lacp_rate: "fast", bond_num_grat_arp: 1, bond_miimon: 100 },
      }),
      nic({ id: 4, name: "bond0.20", type: "vlan", parentIds: [3], vid: 20, mtu: 9000 }),
      nic({ id: 5, name: "br0", type: "bridge", parentIds: [4], params: { bridge_fd: 0 }, links: [link()] }),
    ];
    const plan = renderNetplan(network(nics));
    assert.deepEqual(plan.bonds?.["bond0"]?.interfaces, ["eth0", "eth1"]);
    assert.deepEqual(plan.bonds?.["bond0"]?.parameters, {
      mode: "802.3ad",
      "mii-monitor-interval": 100,
      "lacp-rate": "fast",
    });
    assert.deepEqual(plan.vlans, { "bond0.20": { id: 20, link: "bond0", mtu: 9000 } });
    assert.deepEqual(plan.bridges?.["br0"]?.parameters, { stp: false, "forward-delay": 0 });
    assert.deepEqual(plan.bridges?.["br0"]?.interfaces, ["bond0.20"]);
    const ovs = renderNetplan(
      network([
        nic(),
        nic({ id: 5, name: "br0", type: "bridge", parentIds: [1], connected: false, params: { bridge_type: "ovs" } }),
      ]),
    );
    assert.deepEqual([ovs.bridges?.["br0"]?.openvswitch, ovs.bridges?.["br0"]?.optional], [{}, false]);
  });
});
