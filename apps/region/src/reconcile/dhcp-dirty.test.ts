import assert from "node:assert/strict";
import { test } from "node:test";
import { DhcpDirty } from "./dhcp-dirty.ts";

test("what was told comes together, once", () => {
  const dirty = new DhcpDirty();
  for (const payload of ["vlan 5", "mac 02:00:00:00:00:01", "vlan 5", "vlan 6"]) dirty.hear(payload);
  assert.equal(dirty.takeAll(), false);
  assert.deepEqual(dirty.take(), { vlanIds: [5, 6], macs: ["02:00:00:00:00:01"] });
  assert.deepEqual(dirty.take(), { vlanIds: [], macs: [] });
});

test("everything, when it is said, when it is not understood, and when it is very much", () => {
  const nothing = { vlanIds: [], macs: [] };
  for (const payload of ["all", "", "vlan x", "mac"]) {
    const dirty = new DhcpDirty();
    dirty.hear("vlan 5");
    dirty.hear(payload);
    assert.equal(dirty.takeAll(), true, payload);
    assert.deepEqual([dirty.takeAll(), dirty.take()], [false, nothing], payload);
  }
  const dirty = new DhcpDirty();
  for (let i = 0; i < 2000; i++) dirty.hear(`mac 02:00:00:00:${(i >> 8).toString(16)}:${(i & 255).toString(16)}`);
  assert.equal(dirty.takeAll(), true);
  assert.deepEqual(dirty.take(), nothing);
});

test("a little that came one by one is done before everything, much of it with everything", () => {
  const dirty = new DhcpDirty();
  assert.equal(dirty.hasUrgent, false);
  dirty.hear("vlan 5");
  assert.equal(dirty.hasUrgent, true);
  dirty.markAll();
  assert.deepEqual([dirty.hasUrgent, dirty.hasAll], [true, true]);
  dirty.take();
  assert.deepEqual([dirty.hasUrgent, dirty.hasAll], [false, true]);
  for (let id = 0; id < 500; id++) dirty.hear(`vlan ${id}`);
  assert.equal(dirty.hasUrgent, false);
  dirty.takeAll();
  for (let id = 0; id < 500; id++) dirty.hear(`vlan ${id}`);
  assert.equal(dirty.hasUrgent, true);
});
