import assert from "node:assert/strict";
import { test } from "node:test";
import { type Cidr, formatIp, parseCidr } from "../addressing/ip.ts";
import { addressesOf, isOn, scanTargets } from "./targets.ts";

const cidrs = (...texts: string[]) => texts.map((text) => parseCidr(text) as Cidr);
const eth0 = { name: "eth0", addresses: ["10.0.0.5/24", "fd00::1/64"] };
const eth1 = { name: "eth1", addresses: ["10.1.0.1/30", "192.168.0.1/32"] };
const shown = (asked: string[], ...interfaces: (typeof eth0)[]) =>
  scanTargets(interfaces, cidrs(...asked)).map(
    (t) =>
      `${t.interface} ${t.from} ${formatIp({ family: 4, value: t.first })}-${formatIp({ family: 4, value: t.last })}`,
  );

test("nothing asked for is every network of the rack", () => {
  assert.deepEqual(shown([], eth0, eth1), ["eth0 10.0.0.5 10.0.0.1-10.0.0.254", "eth1 10.1.0.1 10.1.0.1-10.1.0.2"]);
});

test("only what is on the rack's own wires is asked for", () => {
  assert.deepEqual(shown(["10.0.0.64/28"], eth0, eth1), ["eth0 10.0.0.5 10.0.0.64-10.0.0.79"]);
  assert.deepEqual(shown(["10.0.0.0/8"], eth0), ["eth0 10.0.0.5 10.0.0.1-10.0.0.254"]);
  assert.deepEqual(shown(["10.0.0.7/32", "10.0.0.7/32"], eth0), ["eth0 10.0.0.5 10.0.0.7-10.0.0.7"]);
  assert.deepEqual(shown(["172.16.0.0/12", "fd00::/64"], eth0, eth1), []);
});

test("a network that is too large is asked for in part alone", () => {
  const wide = { name: "eth0", addresses: ["10.0.0.5/8"] };
  assert.deepEqual(shown([], wide), []);
  assert.deepEqual(shown(["10.9.0.0/16"], wide), ["eth0 10.0.0.5 10.9.0.0-10.9.255.255"]);
});

test("the rack does not ask for itself", () => {
  const [target] = scanTargets([eth1], []);
  assert.deepEqual(target && addressesOf(target), ["10.1.0.2"]);
});

test("a rack is where its address is, or its subnet", () => {
  assert.equal(isOn("10.0.0.5", "10.0.0.0/24", cidrs("10.0.0.64/28")), true);
  assert.equal(isOn("10.0.0.5", null, cidrs("10.0.0.64/28")), false);
  assert.equal(isOn("10.0.0.5", null, cidrs("10.0.0.0/28")), true);
  assert.equal(isOn("10.0.0.5", "10.0.0.0/24", cidrs("10.1.0.0/16")), false);
  assert.equal(isOn("10.0.0.5", null, []), true);
  assert.equal(isOn("fd00::1", "fd00::/64", []), false);
});
