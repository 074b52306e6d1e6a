import assert from "node:assert/strict";
import { test } from "node:test";
import { changeVlanDhcp, type VlanDhcp, type VlanSurroundings } from "./vlan-rules.ts";

const off: VlanDhcp = { dhcpOn: false, primaryRackId: null, secondaryRackId: null, relayVlanId: null };
const around: VlanSurroundings = { vlanId: 5, hasDynamicRange: true, targetIsRelayed: false, primaryIsConnected: true };
const fieldsOf = (result: ReturnType<typeof changeVlanDhcp>) =>
  "problems" in result ? Object.keys(result.problems) : result.set;

test("switching DHCP on clears the relay; without range or rack it is refused", () => {
  const relayed = { ...off, primaryRackId: 1, relayVlanId: 9 };
  assert.deepEqual(fieldsOf(changeVlanDhcp(relayed, { dhcpOn: true }, around)), {
    ...off,
    dhcpOn: true,
    primaryRackId: 1,
  });
  assert.deepEqual(fieldsOf(changeVlanDhcp(relayed, { dhcpOn: true }, { ...around, hasDynamicRange: false })), [
    "dhcp_on",
  ]);
  assert.deepEqual(fieldsOf(changeVlanDhcp(off, { dhcpOn: true }, around)), ["dhcp_on"]);
});

test("the secondary rack steps up, or makes room", () => {
  const both = { ...off, primaryRackId: 1, secondaryRackId: 2 };
  assert.deepEqual(fieldsOf(changeVlanDhcp(both, { primaryRackId: null }, around)), { ...off, primaryRackId: 2 });
  assert.deepEqual(fieldsOf(changeVlanDhcp(both, { primaryRackId: 2 }, around)), { ...off, primaryRackId: 2 });
  assert.deepEqual(fieldsOf(changeVlanDhcp(both, { primaryRackId: 2, secondaryRackId: 1 }, around)), {
    ...off,
    primaryRackId: 2,
    secondaryRackId: 1,
  });
  assert.deepEqual(fieldsOf(changeVlanDhcp(both, { secondaryRackId: 1 }, around)), ["secondary_rack"]);
  assert.deepEqual(fieldsOf(changeVlanDhcp(both, { secondaryRackId: 3 }, { ...around, primaryIsConnected: false })), [
    "secondary_rack",
  ]);
});

test("a relay target is another VLAN, is not relayed itself, and only where DHCP is off", () => {
  assert.deepEqual(fieldsOf(changeVlanDhcp(off, { relayVlanId: 9 }, around)), { ...off, relayVlanId: 9 });
  assert.deepEqual(fieldsOf(changeVlanDhcp(off, { relayVlanId: 5 }, around)), ["relay_vlan"]);
  assert.deepEqual(fieldsOf(changeVlanDhcp(off, { relayVlanId: 9 }, { ...around, targetIsRelayed: true })), [
    "relay_vlan",
  ]);
  const on = { ...off, dhcpOn: true, primaryRackId: 1 };
  assert.deepEqual(fieldsOf(changeVlanDhcp(on, { relayVlanId: 9 }, around)), ["relay_vlan"]);
});
