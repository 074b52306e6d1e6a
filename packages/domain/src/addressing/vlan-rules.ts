/** What may be changed about the DHCP of a VLAN (reference: boot.md section 12, "VLAN edit rule"). */
import type { FieldMessages } from "../errors.ts";

export interface VlanDhcp {
  dhcpOn: boolean;
  primaryRackId: number | null;
  secondaryRackId: number | null;
  relayVlanId: number | null;
}

/** What the caller gave; null clears. */
export type VlanDhcpChange = { [K in keyof VlanDhcp]?: VlanDhcp[K] | undefined };

export interface VlanSurroundings {
  /** null: it is being created. */
  vlanId: number | null;
  hasDynamicRange: boolean;
  /** Whether the VLAN that is named as relay target is relayed itself. */
  targetIsRelayed: boolean;
  primaryIsConnected: boolean;
}

export function changeVlanDhcp(
  stored: VlanDhcp,
  change: VlanDhcpChange,
  around: VlanSurroundings,
): { set: VlanDhcp } | { problems: FieldMessages } {
  const problems: FieldMessages = {};
  const set: VlanDhcp = { ...stored };
  for (const [key, value] of Object.entries(change)) if (value !== undefined) Object.assign(set, { [key]: value });
  settleRacks(stored, change, set, around, problems);

  if (change.relayVlanId !== undefined && change.relayVlanId !== null) {
    if (stored.dhcpOn)
      problems.relay_vlan = ["DHCP is on here: switch it off before another VLAN's servers answer for it."];
    else if (change.relayVlanId === around.vlanId) problems.relay_vlan = ["A VLAN cannot be relayed to itself."];
    else if (around.targetIsRelayed)
      problems.relay_vlan = ["That VLAN is relayed itself: choose the one that it is relayed to."];
  }
  if (set.dhcpOn) {
    set.relayVlanId = null;
    if (!around.hasDynamicRange)
      problems.dhcp_on = ["DHCP needs a dynamic IP range on a subnet of this VLAN: create one first."];
    else if (set.primaryRackId === null) problems.dhcp_on = ["DHCP needs a primary rack controller: set primary_rack."];
  }
  return Object.keys(problems).length > 0 ? { problems } : { set };
}

function settleRacks(
  stored: VlanDhcp,
  change: VlanDhcpChange,
  set: VlanDhcp,
  around: VlanSurroundings,
  problems: FieldMessages,
): void {
  const secondaryGiven = change.secondaryRackId !== undefined;
  if (change.primaryRackId === null && !secondaryGiven && stored.secondaryRackId !== null) {
    set.primaryRackId = stored.secondaryRackId;
    set.secondaryRackId = null;
  }
  if (!secondaryGiven && set.primaryRackId !== null && set.primaryRackId === set.secondaryRackId)
    set.secondaryRackId = null;
  if (set.secondaryRackId === null || !secondaryGiven) return;
  if (set.secondaryRackId === set.primaryRackId)
    problems.secondary_rack = ["Primary and secondary rack controller must be two."];
  else if (
    set.secondaryRackId !== stored.secondaryRackId &&
    set.primaryRackId === stored.primaryRackId &&
    stored.primaryRackId !== null &&
    !around.primaryIsConnected
  )
    problems.secondary_rack = ["The primary rack controller is not connected: start it, or choose another primary."];
}
