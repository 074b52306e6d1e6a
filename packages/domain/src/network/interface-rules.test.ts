import assert from "node:assert/strict";
import { test } from "node:test";
import { allocType } from "../addressing/alloc-type.ts";
import { acquiredBridgeName } from "./acquired-bridge.ts";
import { checkWantedAddress, type LinkRequest, planLink } from "./link.ts";
import {
  bondProblem,
  bridgeProblem,
  nameProblem,
  nextPhysicalName,
  type Nic,
  spreadMtu,
  vlanInterfaceProblem,
} from "./nic.ts";
import { linkFactsProblem, nicParams } from "./nic-params.ts";

const nic = (id: number, change: Partial<Nic> = {}): Nic => ({
  id,
  name: `eth${id}`,
  type: "physical",
  mac: `02:00:00:00:00:0${id}`,
  vlanId: 1,
  enabled: true,
  tags: [],
  params: {},
  parentIds: [],
  linkConnected: true,
  linkSpeed: 0,
  interfaceSpeed: 0,
  ...change,
});

test("names: of Linux, once per node, and the next of eth", () => {
  const nics = [nic(0), nic(3)];
  assert.equal(nameProblem("br-x.5:1_2", nics, null), undefined);
  assert.equal(nameProblem("eth0", nics, 0), undefined);
  for (const name of ["eth0", "with blank", "", "sixteen-letters1", "é", ".", ".."])
    assert.equal(nameProblem(name, nics, null)?.field, "name", name);
  assert.equal(nextPhysicalName(nics), "eth4");
  assert.equal(nextPhysicalName([]), "eth0");
});

test("a bond is made of physical interfaces of one VLAN that nothing else uses", () => {
  const [a, b] = [nic(1), nic(2)];
  const bond = nic(5, { type: "bond", parentIds: [1, 2] });
  const made = { ownId: null, isNew: true };
  assert.equal(bondProblem([a, b], [a, b], made), undefined);
  assert.equal(bondProblem([a], [a, b, bond], { ownId: 5, isNew: false }), undefined);
  assert.match(bondProblem([], [], made)?.message ?? "", /one or more/);
  assert.match(bondProblem([bond], [a, b, bond], made)?.message ?? "", /physical/);
  assert.match(bondProblem([a], [a, b, bond], made)?.message ?? "", /in use by eth5/);
  assert.match(bondProblem([a], [a, nic(6, { type: "vlan", parentIds: [1] })], made)?.message ?? "", /in use/);
  assert.match(bondProblem([a, nic(3, { vlanId: 2 })], [a], made)?.message ?? "", /one VLAN/);
});

test("a bridge has one parent that is no bridge and in none; VLANs on the parent do not matter", () => {
  const a = nic(1);
  assert.equal(bridgeProblem([a], [a, nic(6, { type: "vlan", parentIds: [1] })], null), undefined);
  assert.match(bridgeProblem([a, nic(2)], [a], null)?.message ?? "", /exactly one/);
  assert.match(bridgeProblem([nic(3, { type: "bridge" })], [], null)?.message ?? "", /over bridges/);
  assert.match(bridgeProblem([a], [a, nic(5, { type: "bond", parentIds: [1] })], null)?.message ?? "", /bond/);
});

test("a VLAN interface is tagged, in its parent's fabric, once, and on nothing that is in a bond", () => {
  const a = nic(1);
  const untagged = { id: 1, vid: 0, fabricId: 0 };
  const vlan = { id: 9, vid: 9, fabricId: 0 };
  const wanted = { ownId: null, vlan, parentVlan: untagged };
  assert.equal(vlanInterfaceProblem([a], [a], wanted), undefined);
  assert.equal(vlanInterfaceProblem([nic(2, { type: "vlan" })], [], wanted)?.field, "parent");
  assert.equal(vlanInterfaceProblem([a], [a, nic(5, { type: "bond", parentIds: [1] })], wanted)?.field, "parent");
  assert.equal(vlanInterfaceProblem([a], [a], { ...wanted, vlan: null })?.field, "vlan");
  assert.match(vlanInterfaceProblem([a], [a], { ...wanted, vlan: untagged })?.message ?? "", /tagged/);
  assert.match(vlanInterfaceProblem([a], [a], { ...wanted, vlan: { ...vlan, fabricId: 3 } })?.message ?? "", /fabric/);
  const there = nic(7, { type: "vlan", vlanId: 9, parentIds: [1] });
  assert.match(vlanInterfaceProblem([a], [a, there], wanted)?.message ?? "", /already/);
});

test("an MTU lowers larger ones of children and raises smaller ones of parents", () => {
  const nics = [
    nic(1, { params: { mtu: 1500 } }),
    nic(2),
    nic(3, { type: "bond", parentIds: [1, 2] }),
    nic(4, { type: "vlan", parentIds: [3], params: { mtu: 9000 } }),
    nic(5, { type: "vlan", parentIds: [3] }),
  ];
  assert.deepEqual(
    [...spreadMtu(nics, 3, 4000)],
    [
      [4, 4000],
      [1, 4000],
      [2, 4000],
    ],
  );
  assert.deepEqual(
    [...spreadMtu(nics, 4, 1400)],
    [
      [3, 1400],
      [2, 1400],
    ],
  );
});

test("settings: defaults of the type, then what is stored, then what is given", () => {
  assert.deepEqual(nicParams("bridge", {}, { bridge_fd: 4, bond_mode: "802.3ad", mtu: 1400 }), {
    bridge_type: "standard",
    bridge_stp: false,
    bridge_fd: 4,
    mtu: 1400,
  });
  assert.equal(nicParams("bond", { bond_mode: "802.3ad" }, {}).bond_mode, "802.3ad");
  assert.deepEqual(nicParams("physical", {}, { accept_ra: false, bond_mode: "x" }), { accept_ra: false });
  assert.equal(linkFactsProblem({ linkConnected: false, linkSpeed: 100, interfaceSpeed: 0 })?.field, "link_speed");
  assert.equal(linkFactsProblem({ linkConnected: true, linkSpeed: 100, interfaceSpeed: 10 })?.field, "link_speed");
  assert.equal(linkFactsProblem({ linkConnected: true, linkSpeed: 100, interfaceSpeed: 0 }), undefined);
});

const up = { id: 1, type: allocType.sticky, ip: null, subnetId: null };
const dhcp = { id: 2, type: allocType.dhcp, ip: null, subnetId: null };
const fixed = { id: 3, type: allocType.sticky, ip: "10.0.0.5", subnetId: 7 };
const seen = { id: 4, type: allocType.discovered, ip: "10.0.0.6", subnetId: 7 };
const subnet = { cidr: "10.0.0.0/24", vlanId: 1, gateway: "10.0.0.1" };
const request = (change: Partial<LinkRequest> = {}): LinkRequest => ({
  mode: "auto",
  ip: undefined,
  force: false,
  defaultGateway: false,
  subnet,
  ...change,
});
const around = { nicName: "eth0", nicVlanId: 1, bond: undefined, links: [up, dhcp, fixed, seen] };
const fieldOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return Object.keys((error as { fields?: object }).fields ?? { none: 0 })[0] ?? "";
  }
  return "fine";
};

test("a link takes the place of those that it cannot stand beside", () => {
  assert.deepEqual(planLink(request(), around), { clear: [1, 2], moveTo: undefined, type: allocType.auto });
  assert.deepEqual(planLink(request({ mode: "dhcp" }), { ...around, links: [up, fixed] }).clear, [1]);
  assert.deepEqual(planLink(request({ mode: "link_up", subnet: undefined, force: true }), around).clear, [1, 2, 3]);
  assert.deepEqual(
    planLink(request({ mode: "link_up", subnet: undefined }), { ...around, links: [up, seen] }).clear,
    [1],
  );
  assert.deepEqual(planLink(request({ force: true, subnet: { ...subnet, vlanId: 2 } }), around), {
    clear: [1, 2, 3],
    moveTo: 2,
    type: allocType.auto,
  });
  assert.equal(planLink(request(), { ...around, nicVlanId: null }).moveTo, 1);
});

test("links that cannot be are refused by the field that is wrong", () => {
  for (const [field, change] of [
    ["subnet", { subnet: undefined }],
    ["subnet", { mode: "static", subnet: undefined }],
    ["subnet", { subnet: { ...subnet, vlanId: 2 } }],
    ["ip_address", { ip: "10.0.0.9" }],
    ["mode", { mode: "link_up", subnet: undefined }],
    ["mode", { mode: "dhcp" }],
    ["default_gateway", { defaultGateway: true, subnet: { ...subnet, gateway: null } }],
    ["default_gateway", { defaultGateway: true, mode: "dhcp", force: true }],
  ] as [string, Partial<LinkRequest>][])
    assert.equal(
      fieldOf(() => planLink(request(change), around)),
      field,
      JSON.stringify(change),
    );
  assert.equal(
    fieldOf(() => planLink(request(), { ...around, bond: "bond0" })),
    "__all__",
  );
});

test("an address of one's own choice is in the subnet, outside of dynamic ranges, and nobody else's", () => {
  const occupancy = {
    cidr: "10.0.0.0/24",
    managed: true,
    gateway: "10.0.0.1",
    dnsServers: [],
    ranges: [{ type: "dynamic", start: "10.0.0.100", end: "10.0.0.199" }],
    allocated: ["10.0.0.5"],
    observed: ["10.0.0.6"],
    kept: [{ ip: "10.0.0.9", mac: "02:00:00:00:00:09" }],
  };
  const mac = "02:00:00:00:00:01";
  const codeOf = (
    ip: string,
    whose: string | null = mac,
    outside: "invalid_fields" | "not_found" = "invalid_fields",
  ) => {
    try {
      checkWantedAddress(ip, whose, occupancy, { outside, field: "ip_address" });
    } catch (error) {
      return (error as { code: string }).code;
    }
    return "fine";
  };
  for (const [ip, code] of [
    ["10.0.0.7", "fine"],
    ["10.0.0.6", "fine"],
    ["10.0.0.1", "fine"],
    ["10.0.1.1", "invalid_fields"],
    ["10.0.0.255", "invalid_fields"],
    ["10.0.0.150", "forbidden"],
    ["10.0.0.5", "conflict"],
    ["10.0.0.9", "conflict"],
  ] as const)
    assert.equal(codeOf(ip), code, ip);
  assert.equal(codeOf("10.0.1.1", mac, "not_found"), "not_found");
  assert.equal(codeOf("10.0.0.9", "02:00:00:00:00:09"), "fine");
  assert.equal(codeOf("10.0.0.7", "02:00:00:00:00:09"), "conflict");
});

test("a bridge over an interface is named after it, however long that name is", () => {
  assert.equal(acquiredBridgeName("eth0"), "br-eth0");
  assert.equal(acquiredBridgeName("enp0s31f6abcde"), "b-p0s31f6abcde");
  // CRC-32 of the text "123456789" is cbf43926 in every description of it.
  assert.equal(acquiredBridgeName("enx123456789abcd"), acquiredBridgeName("enx123456789abcd"));
  assert.match(acquiredBridgeName("enx001122334455"), /^b-x001122334455$/);
  assert.match(acquiredBridgeName("abcdefghijklmno"), /^b-[0-9a-f]{6}-jklmno$/);
});
