import assert from "node:assert/strict";
import { test } from "node:test";
import { slowLinkWarnings, unpluggedWarnings } from "./link-warnings.ts";

const nic = { name: "eth0", linkConnected: true, linkSpeed: 1000, interfaceSpeed: 1000 };
const texts = (events: readonly { type: string; description: string }[]) => events.map((e) => e.description);

test("an interface without a cable is warned of when it is configured, and no other", () => {
  assert.deepEqual(unpluggedWarnings(nic), []);
  assert.match(texts(unpluggedWarnings({ ...nic, linkConnected: false })).join(), /^Interface eth0 .* not connected/);
});

test("a link below what the interface can do is slow; unknown speeds, and none, are not", () => {
  for (const [linkSpeed, interfaceSpeed] of [
    [1000, 1000],
    [0, 1000],
    [100, 0],
  ] as const)
    assert.deepEqual(slowLinkWarnings({ ...nic, linkSpeed, interfaceSpeed }), []);
  assert.deepEqual(slowLinkWarnings({ ...nic, linkConnected: false, linkSpeed: 0 }), []);
  assert.match(texts(slowLinkWarnings({ ...nic, linkSpeed: 100 })).join(), /eth0 .* 100 Mbit\/s .* 1000 Mbit\/s/);
});
