/** Changes of interfaces, their deletion and their tags (reference: networking-storage.md sections 3 and 6). */
import { appendChange, appendChanges } from "@rackwright/db/change";
import type { Tx } from "@rackwright/db/connect";
import { deleteInterfaces } from "@rackwright/db/hardware-network";
import {
  deleteLinks,
  ensureLinks,
  linksOfNic,
  moveSubnetsOf,
  setParents,
  updateNic,
  vlanFacts,
  vlanOfTag,
} from "@rackwright/db/interfaces";
import { invalidField } from "@rackwright/domain/errors";
import type { EventRecord } from "@rackwright/domain/machine/event";
import { slowLinkWarnings, unpluggedWarnings } from "@rackwright/domain/network/link-warnings";
import {
  bondProblem,
  bridgeProblem,
  childrenOf,
  nameProblem,
  type Nic,
  vlanInterfaceProblem,
} from "@rackwright/domain/network/nic";
import { nicParams } from "@rackwright/domain/network/nic-params";
import type { Ctx } from "../context.ts";
import { assignAddress } from "./interface-assign.ts";
import { changeNetwork, isController, nicOf, type NodeNetwork, warnOf } from "./interface-access.ts";
import { applyMtu, joinBond, vlanInterfaceName } from "./interface-create.ts";
import {
  cleanTags,
  freeMac,
  type InterfaceFields,
  linkFacts,
  refuse,
  virtualMac,
  wantedParents,
  wantedVlan,
} from "./interface-fields.ts";
import { moveNic } from "./interface-links.ts";

const WHILE_DEPLOYED = ["name", "mac_address", "link_connected", "interface_speed", "link_speed"] as const;
const OF_CONTROLLERS = ["vlan", "link_connected", "interface_speed", "link_speed"] as const;

/** What may be changed of this node's interfaces; the rest is passed over. */
function taken(net: NodeNetwork, fields: InterfaceFields): InterfaceFields {
  const names: readonly (keyof InterfaceFields)[] | undefined = isController(net.node)
    ? OF_CONTROLLERS
    : net.status === "deployed"
      ? WHILE_DEPLOYED
      : undefined;
  return names ? Object.fromEntries(names.map((name) => [name, fields[name]])) : fields;
}

/** @returns the interface's id */
export function updateInterface(ctx: Ctx, systemId: string, word: string, given: InterfaceFields): Promise<number> {
  return changeNetwork(ctx, systemId, "update", `Updated interface ${word}.`, async (tx, net) => {
    const nic = nicOf(net, word);
    const fields = taken(net, given);
    const parents = await changeParents(tx, net, nic, fields);
    const vlanId = await changeVlan(ctx, tx, net, nic, parents, fields);
    const name = fields.name?.trim() || (await followedName(tx, net, nic, parents, vlanId));
    if (name !== nic.name) refuse(nameProblem(name, net.nics, nic.id));
    const mac = await changedMac(tx, nic, parents, fields);
    const link = linkFacts(nic, fields);
    await updateNic(tx, nic.id, {
      name,
      mac,
      params: nicParams(nic.type, nic.params, fields),
      ...link,
      ...(fields.tags === undefined ? {} : { tags: cleanTags(fields.tags) }),
      ...(fields.numa_node === undefined ? {} : { numa_node: fields.numa_node }),
    });
    if (mac !== nic.mac) await passOnMac(tx, net.nics, nic.id, nic.mac, mac);
    await applyMtu(tx, net.nics, nic.id, fields.mtu);
    await assignAddress(tx, net, { id: nic.id, name, mac, vlanId }, fields);
    if (fields.enabled !== undefined && nic.type === "physical") await enable(tx, net, nic, fields.enabled);
    await warnOf(ctx, tx, net, linkWarnings({ ...nic, name }, fields, link));
    return nic.id;
  });
}

/** Of what was stated now alone: a change of its tags is no word about its link. */
function linkWarnings(nic: Nic, fields: InterfaceFields, link: ReturnType<typeof linkFacts>): EventRecord[] {
  const now = {
    name: nic.name,
    linkConnected: link.link_connected,
    linkSpeed: link.link_speed,
    interfaceSpeed: link.interface_speed,
  };
  const saysSpeed = fields.link_speed !== undefined || fields.interface_speed !== undefined;
  const configures = fields.vlan !== undefined || fields.ip_assignment !== undefined;
  return [...(saysSpeed ? slowLinkWarnings(now) : []), ...(configures ? unpluggedWarnings(now) : [])];
}

async function changeParents(tx: Tx, net: NodeNetwork, nic: Nic, fields: InterfaceFields): Promise<Nic[]> {
  const now = net.nics.filter((each) => nic.parentIds.includes(each.id));
  const words = fields.parents?.length ? fields.parents : fields.parent ? [fields.parent] : undefined;
  if (!words) return now;
  const field = fields.parents?.length ? "parents" : "parent";
  if (nic.type === "physical") throw invalidField(field, "A physical interface has no parents.");
  const parents = wantedParents(net.nics, words, field);
  if (parents.some((parent) => parent.id === nic.id || isBelow(net.nics, nic.id, parent)))
    throw invalidField(field, `${nic.name} cannot be made of itself.`);
  if (nic.type === "bond") refuse(bondProblem(parents, net.nics, { ownId: nic.id, isNew: false }));
  if (nic.type === "bridge") refuse(bridgeProblem(parents, net.nics, nic.id));
  await setParents(
    tx,
    nic.id,
    parents.map((parent) => parent.id),
  );
  const added = parents.filter((parent) => !nic.parentIds.includes(parent.id));
  if (nic.type === "bond") await joinBond(tx, added, nic.vlanId);
  await ensureLinks(
    tx,
    now.filter((each) => each.enabled && !parents.includes(each)).map((each) => each.id),
  );
  return parents;
}

/** Whether `nic` is made of the interface `id`. */
function isBelow(nics: readonly Nic[], id: number, nic: Nic): boolean {
  return nics.some((parent) => nic.parentIds.includes(parent.id) && (parent.id === id || isBelow(nics, id, parent)));
}

/** @returns the VLAN that it is on then */
async function changeVlan(
  ctx: Ctx,
  tx: Tx,
  net: NodeNetwork,
  nic: Nic,
  parents: readonly Nic[],
  fields: InterfaceFields,
): Promise<number | null> {
  const wanted = await wantedVlan(tx, fields.vlan);
  const vlanId = wanted === undefined ? nic.vlanId : wanted;
  if (nic.type === "vlan" && (vlanId !== nic.vlanId || fields.parent || fields.parents?.length)) {
    const parentVlan = await vlanFacts(tx, parents[0]?.vlanId ?? null);
    refuse(vlanInterfaceProblem(parents, net.nics, { ownId: nic.id, vlan: await vlanFacts(tx, vlanId), parentVlan }));
  }
  if (vlanId === nic.vlanId) return vlanId;
  if (isController(net.node)) await moveController(ctx, tx, net, nic, vlanId);
  else
    await deleteLinks(
      tx,
      (await linksOfNic(tx, nic.id)).map((link) => link.id),
    );
  if (nic.type === "bond") await joinBond(tx, parents, vlanId);
  await moveNic(ctx, tx, nic, vlanId);
  if (!isController(net.node) && nic.enabled) await ensureLinks(tx, [nic.id]);
  return vlanId;
}

/** What a controller has is so: its subnets are where its interface is, and its VLAN interfaces in that fabric. */
async function moveController(ctx: Ctx, tx: Tx, net: NodeNetwork, nic: Nic, vlanId: number | null): Promise<void> {
  const target = await vlanFacts(tx, vlanId);
  if (!target) return;
  const moved = await moveSubnetsOf(tx, nic.id, target.id);
  await appendChanges(tx, { kind: "update", entity: "subnet", entityIds: moved.map(String) });
  for (const child of childrenOf(net.nics, nic.id).filter((each) => each.type === "vlan")) {
    const vlan = await vlanFacts(tx, child.vlanId);
    if (!vlan || vlan.fabricId === target.fabricId) continue;
    const heir = await vlanOfTag(tx, target.fabricId, vlan.vid);
    const subnets = await moveSubnetsOf(tx, child.id, heir);
    await moveNic(ctx, tx, child, heir);
    await appendChange(tx, { kind: "create", entity: "vlan", entityId: heir });
    await appendChanges(tx, { kind: "update", entity: "subnet", entityIds: subnets.map(String) });
  }
}

/** A VLAN interface that has the name of its parent and tag goes on having it. */
async function followedName(
  tx: Tx,
  net: NodeNetwork,
  nic: Nic,
  parents: readonly Nic[],
  vlanId: number | null,
): Promise<string> {
  if (nic.type !== "vlan") return nic.name;
  const before = net.nics.find((each) => nic.parentIds.includes(each.id));
  const [old, next] = [await vlanFacts(tx, nic.vlanId), await vlanFacts(tx, vlanId)];
  const [parent] = parents;
  if (!before || !old || !next || !parent || nic.name !== vlanInterfaceName(before.name, old.vid)) return nic.name;
  return vlanInterfaceName(parent.name, next.vid);
}

async function changedMac(tx: Tx, nic: Nic, parents: readonly Nic[], fields: InterfaceFields): Promise<string | null> {
  if (nic.type === "physical") return fields.mac_address ? freeMac(tx, fields.mac_address, nic.id) : nic.mac;
  if (fields.mac_address) return virtualMac(tx, fields.mac_address, parents, nic.id);
  const ids = parents.map((parent) => parent.id);
  const parentsChanged = ids.length !== nic.parentIds.length || ids.some((id) => !nic.parentIds.includes(id));
  // The MAC address of a parent that has left would be there twice.
  const own = parents.some((parent) => parent.mac === nic.mac);
  return parentsChanged && !own ? (parents[0]?.mac ?? nic.mac) : nic.mac;
}

/** What carried the MAC address of an interface carries its new one. */
async function passOnMac(
  tx: Tx,
  nics: readonly Nic[],
  id: number,
  before: string | null,
  mac: string | null,
): Promise<void> {
  for (const child of childrenOf(nics, id).filter((each) => each.mac === before)) {
    await updateNic(tx, child.id, { mac });
    await passOnMac(tx, nics, child.id, before, mac);
  }
}

/** What is made of disabled interfaces alone is disabled with them. */
async function enable(tx: Tx, net: NodeNetwork, nic: Nic, enabled: boolean): Promise<void> {
  const affected = [nic];
  const states = new Map(net.nics.map((each) => [each.id, each.id === nic.id ? enabled : each.enabled]));
  for (const each of affected)
    for (const child of childrenOf(net.nics, each.id)) {
      const state = child.parentIds.some((id) => states.get(id) ?? false);
      if (affected.includes(child) || (states.get(child.id) === state && state !== enabled)) continue;
      states.set(child.id, state);
      affected.push(child);
    }
  for (const each of affected) {
    const state = states.get(each.id) ?? true;
    if (state !== each.enabled) await updateNic(tx, each.id, { enabled: state });
    if (state) await ensureLinks(tx, [each.id]);
    else
      await deleteLinks(
        tx,
        (await linksOfNic(tx, each.id)).map((link) => link.id),
      );
  }
}

export async function deleteInterface(
  ctx: Ctx,
  systemId: string,
  word: string,
  change: "configure" | "register" = "configure",
): Promise<void> {
  await changeNetwork(ctx, systemId, change, `Deleted interface ${word}.`, async (tx, net) => {
    const nic = nicOf(net, word);
    const freed = net.nics.filter((each) => nic.parentIds.includes(each.id) && each.enabled);
    for (const child of childrenOf(net.nics, nic.id)) {
      const heir = net.nics.find((each) => each.id !== nic.id && child.parentIds.includes(each.id));
      if (heir && child.mac === nic.mac) {
        await updateNic(tx, child.id, { mac: heir.mac });
        await passOnMac(tx, net.nics, child.id, nic.mac, heir.mac);
      }
    }
    await deleteInterfaces(tx, [nic.id]);
    await ensureLinks(
      tx,
      freed.map((each) => each.id),
    );
  });
}

export function tagInterface(ctx: Ctx, systemId: string, word: string, tag: string, put: boolean): Promise<number> {
  const what = put ? `Tagged interface ${word} ${tag}.` : `Took tag ${tag} off interface ${word}.`;
  return changeNetwork(ctx, systemId, "tag", what, async (tx, net) => {
    const nic = nicOf(net, word);
    const others = nic.tags.filter((each) => each !== tag.trim());
    await updateNic(tx, nic.id, { tags: put ? [...others, tag.trim()] : others });
    return nic.id;
  });
}
