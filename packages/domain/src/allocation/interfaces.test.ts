import assert from "node:assert/strict";
import { test } from "node:test";
import { type InterfaceItem, matchInterfaces, parseInterfaces } from "./interfaces.ts";

const vlan = {
  id: 5,
  vid: 10,
  name: "blue",
  fabricId: 1,
  fabric: "fabric-1",
  fabricClass: "10g",
  spaceId: 9,
  space: "dmz",
};
const subnet = { id: 3, name: "servers", cidr: "10.1.0.0/24", spaceId: 9, space: "dmz" };
const eth0: InterfaceItem = {
  id: 1,
  name: "eth0",
  type: "physical",
  hostname: "web",
  tags: ["sriov", "fast"],
  linkSpeed: 10000,
  vlan,
  links: [{ configured: true, ip: "10.1.0.7", subnet }],
};
const eth1: InterfaceItem = { ...eth0, id: 2, name: "eth1", tags: [], linkSpeed: 1000, vlan: null, links: [] };
const eth2: InterfaceItem = {
  ...eth1,
  id: 3,
  name: "eth2",
  vlan: { ...vlan, id: 6, spaceId: null, space: null },
  links: [{ configured: false, ip: null, subnet: null }],
};
const ids = (text: string) =>
  matchInterfaces(parseInterfaces(text), [eth0, eth1])?.map((found) => found.map(({ id }) => id));

test("each key finds the interface that it is true of, and its not_ the other", () => {
  for (const term of [
    "id=1",
    "name=eth0",
    "tag=sriov",
    "link_speed=5000",
    "ip=10.1.0.200",
    "vlan=5",
    "vlan=blue",
    "vid=10",
    "fabric=fabric-1",
    "fabric_class=10g",
    "space=dmz",
    "space=9",
    "subnet=3",
    "subnet=servers",
    "subnet_cidr=10.1.0.0/24",
  ]) {
    assert.deepEqual(ids(`a:${term}`), [[1]], term);
    assert.deepEqual(ids(`a:not_${term}`), [[2]], `not_${term}`);
  }
  assert.deepEqual(ids("a:mode=unconfigured"), [[2]]);
  assert.deepEqual(ids("a:type=physical,hostname=web"), [[1, 2]]);
});

test("an interface that is only up is unconfigured, and a VLAN without a space is in the one called undefined", () => {
  const found = (text: string) =>
    matchInterfaces(parseInterfaces(text), [eth0, eth1, eth2])?.map((each) => each.map(({ id }) => id));
  assert.deepEqual(found("a:mode=unconfigured"), [[2, 3]]);
  assert.deepEqual(found("a:not_mode=unconfigured"), [[1]]);
  assert.deepEqual(found("a:space=undefined;b:space=-1"), [[3], [3]]);
});

test("all terms of a label must hold of one interface, and every label of some", () => {
  assert.deepEqual(ids("a:tag=sriov,tag=fast;b:name=eth1"), [[1], [2]]);
  assert.equal(ids("a:tag=sriov,name=eth1"), undefined);
  assert.equal(ids("a:name=eth0;b:name=eth9"), undefined);
});

test("what makes no sense is refused in words", () => {
  for (const text of [
    "name=eth0",
    "a:",
    "a:colour=red",
    "a:name",
    "a:mode=auto",
    "a:link_speed=fast",
    "a:ip=x",
    "a:id=1;a:id=2",
  ])
    assert.throws(() => parseInterfaces(text), RangeError, text);
});
