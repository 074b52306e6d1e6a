/** Addresses and links of a node: what the lifecycle's effects ask for (reference: networking-storage.md sections 4 and 8). */
import {
  deleteNodeLinks,
  insertLinks,
  lockSubnets,
  type NewLink,
  openAutoLinks,
  releaseAutoAddresses,
  releaseNodeAddresses,
  seenInterfaces,
  type SeenInterface,
  setInterfaceVlan,
  setLinkAddress,
  type SubnetOccupancy,
  subnetOccupancy,
} from "@rackwright/db/addresses";
import { deleteLinks, linksOfNic, removeAcquiredBridges } from "@rackwright/db/interfaces";
import { appendChange } from "@rackwright/db/change";
import type { Tx } from "@rackwright/db/connect";
import { allocType } from "@rackwright/domain/addressing/alloc-type";
import { chooseAddress } from "@rackwright/domain/addressing/allocate";
import { DomainError } from "@rackwright/domain/errors";
import { event, type EventRecord } from "@rackwright/domain/machine/event";
import { getConfig } from "./config.ts";

/** Those who follow addresses hear of a node's as a whole. */
const nodeAddressesChanged = (tx: Tx, nodeId: number) =>
  appendChange(tx, { kind: "update", entity: "ip_address", entityId: `node-${nodeId}` });

/**
 * Give each AUTO link of the node an address, if it has none. Racing callers each get a different one: the subnets are locked until `tx` ends.
 * @throws DomainError no_address_left, naming the subnet
 */
export async function assignAddresses(tx: Tx, nodeId: number): Promise<void> {
  const links = await openAutoLinks(tx, nodeId);
  if (links.length === 0) return;
  await lockSubnets(
    tx,
    links.map((l) => l.subnetId),
  );
  for (const link of links)
    await setLinkAddress(tx, link.id, freeAddress(await subnetOccupancy(tx, link.subnetId), link.mac));
  await nodeAddressesChanged(tx, nodeId);
}

/** @throws DomainError no_address_left, naming the subnet */
export function freeAddress(subnet: SubnetOccupancy, mac: string | null): string {
  const ip = chooseAddress(subnet, mac);
  if (ip !== undefined) return ip;
  const where = subnet.name === subnet.cidr ? subnet.cidr : `${subnet.name} (${subnet.cidr})`;
  throw new DomainError(
    "no_address_left",
    subnet.managed
      ? `No free address is left in subnet ${where}: release machines, or shrink its dynamic and reserved ranges.`
      : `No free address is left in subnet ${where}: it is unmanaged, so addresses come from its reserved ranges; add or extend one.`,
  );
}

/** AUTO links stay and lose their addresses; what was observed of the node's interfaces is forgotten. */
export async function releaseAddresses(tx: Tx, nodeId: number): Promise<void> {
  if (await releaseNodeAddresses(tx, nodeId)) await nodeAddressesChanged(tx, nodeId);
}

/**
 * Addresses for tests that run under the machine's own network, until its scripts are over. One that cannot be had is told, and the test fails
 * without it.
 */
export async function lendAddresses(tx: Tx, nodeId: number): Promise<EventRecord[]> {
  try {
    await assignAddresses(tx, nodeId);
    return [];
  } catch (error) {
    if (!(error instanceof DomainError && error.code === "no_address_left")) throw error;
    return [event("NODE_WARNED", `Its network is tested without an address: ${error.message}`)];
  }
}

export async function takeBackAddresses(tx: Tx, nodeId: number): Promise<void> {
  if (await releaseAutoAddresses(tx, nodeId)) await nodeAddressesChanged(tx, nodeId);
}

/** The bridges that its user put over interfaces go; links return to what they were put over. */
export async function dropUsersBridges(tx: Tx, nodeId: number): Promise<void> {
  if (await removeAcquiredBridges(tx, nodeId)) await nodeAddressesChanged(tx, nodeId);
}

export async function clearLinks(tx: Tx, nodeId: number): Promise<void> {
  if (await deleteNodeLinks(tx, nodeId)) await nodeAddressesChanged(tx, nodeId);
}

/**
 * The links that a machine has after commissioning (reference: lifecycle.md section 7). An interface that was seen on another VLAN than it
 * was thought to be on is moved there.
 */
export async function defaultLinks(tx: Tx, nodeId: number): Promise<void> {
  const { default_boot_interface_link_type: mode } = await getConfig(tx, "default_boot_interface_link_type");
  await deleteNodeLinks(tx, nodeId);
  const links: NewLink[] = [];
  for (const seen of await seenInterfaces(tx, nodeId)) {
    const vlanId = seen.seenOn[0]?.vlanId;
    if (vlanId !== undefined && vlanId !== seen.vlanId) await setInterfaceVlan(tx, seen.id, vlanId);
    links.push(...(seen.boots ? bootLinks(seen, mode) : [linkUp(seen)]));
  }
  const fixed = links.filter((l) => l.type === allocType.sticky && l.subnetId !== null);
  if (mode === "static") await fixAddresses(tx, fixed);
  await insertLinks(tx, links);
  await nodeAddressesChanged(tx, nodeId);
}

/**
 * The links of a machine that was made on a VM host and not commissioned: as after commissioning, and of interfaces whose network is known
 * an address there.
 * @param networks of its interfaces, in their order
 */
export async function linkMade(
  tx: Tx,
  nodeId: number,
  networks: readonly { vlanId: number | null; subnetId: number | null }[],
): Promise<void> {
  const ids = (await seenInterfaces(tx, nodeId)).map(({ id }) => id);
  for (const [at, { vlanId }] of networks.entries())
    if (vlanId !== null && ids[at] !== undefined) await setInterfaceVlan(tx, ids[at], vlanId);
  await defaultLinks(tx, nodeId);
  for (const [at, { subnetId }] of networks.entries()) {
    const interfaceId = ids[at];
    if (subnetId === null || interfaceId === undefined) continue;
    const usual = await linksOfNic(tx, interfaceId);
    await deleteLinks(
      tx,
      usual.map(({ id }) => id),
    );
    await insertLinks(tx, [{ interfaceId, type: allocType.auto, subnetId, ip: null }]);
  }
}

const linkUp = ({ id }: SeenInterface): NewLink => ({
  interfaceId: id,
  type: allocType.sticky,
  subnetId: null,
  ip: null,
});

function bootLinks(seen: SeenInterface, mode: string): NewLink[] {
  const link = (type: number, subnetId: number | null): NewLink => ({ interfaceId: seen.id, type, subnetId, ip: null });
  if (seen.seenOn.length > 0) {
    const type = mode === "auto" ? allocType.auto : mode === "dhcp" ? allocType.dhcp : allocType.sticky;
    return seen.seenOn.map(({ subnetId }) => link(type, subnetId));
  }
  return [seen.firstSubnetId === null ? link(allocType.dhcp, null) : link(allocType.auto, seen.firstSubnetId)];
}

/** Choose the addresses of static links. On a full subnet the link becomes an AUTO one: that a machine was commissioned is no less true. */
async function fixAddresses(tx: Tx, links: NewLink[]): Promise<void> {
  const subnetIds = links.map((l) => l.subnetId).filter((id) => id !== null);
  await lockSubnets(tx, subnetIds);
  for (const link of links) {
    if (link.subnetId === null) continue;
    const ip = chooseAddress(await subnetOccupancy(tx, link.subnetId));
    if (ip === undefined) link.type = allocType.auto;
    else link.ip = ip;
  }
}
