/** New interfaces of machines and devices (reference: networking-storage.md section 3). */
import type { Tx } from "@rackwright/db/connect";
import {
  deleteLinks,
  ensureLinks,
  insertNic,
  linksOfNic,
  moveLinks,
  updateNic,
  vlanFacts,
} from "@rackwright/db/interfaces";
import { invalidField } from "@rackwright/domain/errors";
import {
  bondProblem,
  bridgeProblem,
  nameProblem,
  nextPhysicalName,
  type Nic,
  type NicParams,
  spreadMtu,
  vlanInterfaceProblem,
} from "@rackwright/domain/network/nic";
import { nicParams } from "@rackwright/domain/network/nic-params";
import type { Ctx } from "../context.ts";
import { assignAddress } from "./interface-assign.ts";
import { changeNetwork, type NodeNetwork } from "./interface-access.ts";
import {
  cleanTags,
  freeMac,
  type InterfaceFields,
  linkFacts,
  onlyParent,
  refuse,
  UNPLUGGED_FACTS,
  virtualMac,
  wantedParents,
  wantedVlan,
} from "./interface-fields.ts";

/** @returns the interface's id */
export function createPhysical(
  ctx: Ctx,
  systemId: string,
  fields: InterfaceFields & { mac_address: string },
  change: "configure" | "register" = "configure",
): Promise<number> {
  return changeNetwork(
    ctx,
    systemId,
    change,
    `Added interface ${fields.name ?? fields.mac_address}.`,
    async (tx, net) => {
      if (fields.parents?.length) throw invalidField("parents", "A physical interface has no parents.");
      const name = fields.name?.trim() || nextPhysicalName(net.nics);
      refuse(nameProblem(name, net.nics, null));
      return insert(tx, net, "physical", name, fields, {
        mac: await freeMac(tx, fields.mac_address, null),
        vlanId: (await wantedVlan(tx, fields.vlan)) ?? null,
        parents: [],
      });
    },
  );
}

export function createBond(
  ctx: Ctx,
  systemId: string,
  fields: InterfaceFields & { name: string; parents: string[] },
): Promise<number> {
  return changeNetwork(ctx, systemId, "configure", `Added bond ${fields.name}.`, async (tx, net) => {
    const name = fields.name.trim();
    refuse(nameProblem(name, net.nics, null));
    const parents = wantedParents(net.nics, fields.parents, "parents");
    refuse(bondProblem(parents, net.nics, { ownId: null, isNew: true }));
    const vlanId = (await wantedVlan(tx, fields.vlan)) ?? parents[0]?.vlanId ?? null;
    const mac = await virtualMac(tx, fields.mac_address, parents, null);
    await joinBond(tx, parents, vlanId);
    return insert(tx, net, "bond", name, fields, { mac, vlanId, parents });
  });
}

/** A part of a bond has no links of its own, and is where the bond is. */
export async function joinBond(tx: Tx, parents: readonly Nic[], vlanId: number | null): Promise<void> {
  for (const parent of parents) {
    await deleteLinks(
      tx,
      (await linksOfNic(tx, parent.id)).map((link) => link.id),
    );
    if (parent.vlanId !== vlanId) await updateNic(tx, parent.id, { vlan_id: vlanId });
  }
}

export function createBridge(ctx: Ctx, systemId: string, fields: InterfaceFields & { name: string }): Promise<number> {
  return changeNetwork(ctx, systemId, "configure", `Added bridge ${fields.name}.`, async (tx, net) => {
    const name = fields.name.trim();
    refuse(nameProblem(name, net.nics, null));
    const parents = onlyParent(net.nics, fields);
    refuse(bridgeProblem(parents, net.nics, null));
    const [parent] = parents;
    if (!parent) throw new Error("a bridge without parent was let through");
    if (net.status === "allocated") return acquiredBridge(tx, net, name, fields, parent);
    const vlanId = await wantedVlan(tx, fields.vlan);
    return insert(tx, net, "bridge", name, fields, {
      mac: await virtualMac(tx, fields.mac_address, parents, null),
      vlanId: vlanId === undefined ? parent.vlanId : vlanId,
      parents,
    });
  });
}

/** Over an interface of a machine that somebody holds: in its place, with its links, until the machine is released. */
export async function acquiredBridge(
  tx: Tx,
  net: NodeNetwork,
  name: string,
  fields: InterfaceFields,
  parent: Nic,
): Promise<number> {
  const given = { ...fields, bridge_fd: fields.bridge_fd ?? 0, mtu: fields.mtu ?? mtuOf(parent.params) };
  const place = { mac: parent.mac, vlanId: parent.vlanId, parents: [parent], acquired: true };
  return insert(tx, net, "bridge", name, given, place, (id) => moveLinks(tx, parent.id, id));
}

const mtuOf = (params: NicParams): number | undefined => (typeof params.mtu === "number" ? params.mtu : undefined);

export function createVlanInterface(
  ctx: Ctx,
  systemId: string,
  fields: InterfaceFields & { vlan: string },
): Promise<number> {
  return changeNetwork(ctx, systemId, "configure", `Added an interface on VLAN ${fields.vlan}.`, async (tx, net) => {
    const parents = onlyParent(net.nics, fields);
    const [parent] = parents;
    const vlan = await vlanFacts(tx, (await wantedVlan(tx, fields.vlan)) ?? null);
    const parentVlan = await vlanFacts(tx, parent?.vlanId ?? null);
    refuse(vlanInterfaceProblem(parents, net.nics, { ownId: null, vlan, parentVlan }));
    if (!vlan || !parent) throw invalidField("vlan", "A VLAN interface must be on a VLAN.");
    const name = fields.name?.trim() || vlanInterfaceName(parent.name, vlan.vid);
    refuse(nameProblem(name, net.nics, null));
    return insert(tx, net, "vlan", name, fields, { mac: parent.mac, vlanId: vlan.id, parents });
  });
}

export const vlanInterfaceName = (parent: string, vid: number): string => `${parent}.${vid}`;

async function insert(
  tx: Tx,
  net: NodeNetwork,
  type: string,
  name: string,
  fields: InterfaceFields,
  place: { mac: string | null; vlanId: number | null; parents: readonly Nic[]; acquired?: boolean },
  beforeLinks: (id: number) => Promise<void> = async () => {},
): Promise<number> {
  const params = nicParams(type, {}, fields);
  const parentIds = place.parents.map((parent) => parent.id);
  const enabled = type !== "physical" || (fields.enabled ?? true);
  const id = await insertNic(
    tx,
    net.node.id,
    {
      name,
      type,
      mac: place.mac,
      vlan_id: place.vlanId,
      enabled,
      tags: cleanTags(fields.tags),
      params,
      ...linkFacts(UNPLUGGED_FACTS, fields),
      ...(fields.numa_node === undefined ? {} : { numa_node: fields.numa_node }),
      acquired: place.acquired ?? false,
    },
    parentIds,
  );
  await applyMtu(tx, [...net.nics, { ...blank, id, name, type, params, parentIds }], id, fields.mtu);
  await beforeLinks(id);
  await assignAddress(tx, net, { id, name, mac: place.mac, vlanId: place.vlanId }, fields);
  if (enabled) await ensureLinks(tx, [id]);
  return id;
}

const blank = {
  mac: null,
  vlanId: null,
  enabled: true,
  tags: [],
  linkConnected: true,
  linkSpeed: 0,
  interfaceSpeed: 0,
} as const;

/** What an MTU that was given does to parents and children. */
export async function applyMtu(
  tx: Tx,
  nics: readonly Nic[],
  id: number,
  mtu: number | null | undefined,
): Promise<void> {
  if (mtu === undefined || mtu === null) return;
  for (const [otherId, value] of spreadMtu(nics, id, mtu)) {
    const other = nics.find((nic) => nic.id === otherId);
    if (other) await updateNic(tx, otherId, { params: { ...other.params, mtu: value } });
  }
}
