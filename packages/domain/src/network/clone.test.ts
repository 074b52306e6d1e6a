import assert from "node:assert/strict";
import { test } from "node:test";
import { allocType } from "../addressing/alloc-type.ts";
import { type ClonedInterface, cloneNetwork } from "./clone.ts";

const nic = (name: string, more: Partial<ClonedInterface> = {}): ClonedInterface => ({
  name,
  type: "physical",
  vlanId: 1,
  enabled: true,
  params: {},
  parents: [],
  links: [],
  ...more,
});
const link = (type: number, ip: string | null, subnetId: number | null = 5) => ({ type, subnetId, ip });

test("links that have an address get one of their own, others none; what was only seen is left out", () => {
  const plan = cloneNetwork(
    [
      nic("eth0", {
        links: [
          link(allocType.auto, "10.0.0.7"),
          link(allocType.auto, null),
          link(allocType.sticky, "10.0.0.8"),
          link(allocType.userReserved, "10.0.0.9"),
          link(allocType.dhcp, "10.0.0.10"),
          link(allocType.sticky, null, null),
          link(allocType.discovered, "10.0.0.11"),
        ],
      }),
    ],
    ["eth0", "eth9"],
  );
  assert.ok(!("problem" in plan));
  assert.deepEqual(
    plan.physical[0]?.links.map((l) => [l.type, l.needsAddress]),
    [
      [allocType.auto, true],
      [allocType.auto, false],
      [allocType.sticky, true],
      [allocType.userReserved, true],
      [allocType.dhcp, false],
      [allocType.sticky, false],
    ],
  );
});

test("a bridge on a VLAN on a bond is made after what it is made of, in whatever order they are stored", () => {
  const plan = cloneNetwork(
    [
      nic("br0", { type: "bridge", parents: ["bond0.10"] }),
      nic("bond0.10", { type: "vlan", parents: ["bond0"], vlanId: 7 }),
      nic("bond0", { type: "bond", parents: ["eth0", "eth1"], params: { bond_mode: "802.3ad" } }),
      nic("eth0"),
      nic("eth1"),
    ],
    ["eth0", "eth1"],
  );
  assert.ok(!("problem" in plan));
  assert.deepEqual(
    plan.virtual.map((each) => each.name),
    ["bond0", "bond0.10", "br0"],
  );
  assert.deepEqual([plan.virtual[0]?.params, plan.virtual[1]?.vlanId], [{ bond_mode: "802.3ad" }, 7]);
});

test("interfaces that the machine has not are named", () => {
  const plan = cloneNetwork([nic("eth0"), nic("eth1"), nic("eth2")], ["eth1"]);
  assert.deepEqual(plan, { problem: "has no interface eth0, eth2" });
});
