/** A node's interfaces as the rules of their making and changing see them (reference: networking-storage.md section 3). */

export type NicType = "physical" | "bond" | "bridge" | "vlan";
export type NicParams = Record<string, string | number | boolean>;

export interface Nic {
  id: number;
  name: string;
  type: string;
  mac: string | null;
  vlanId: number | null;
  enabled: boolean;
  tags: readonly string[];
  params: NicParams;
  parentIds: readonly number[];
  linkConnected: boolean;
  linkSpeed: number;
  interfaceSpeed: number;
}

export interface NicVlan {
  id: number;
  vid: number;
  fabricId: number;
}

export interface NicProblem {
  field: string;
  message: string;
}

export const childrenOf = (nics: readonly Nic[], id: number): Nic[] => nics.filter((nic) => nic.parentIds.includes(id));

/** Linux's IFNAMSIZ, without the closing NUL. */
const MAX_NAME = 15;

export function nameProblem(name: string, nics: readonly Nic[], ownId: number | null): NicProblem | undefined {
  // Linux takes neither of the two for a name: they are folders of /sys.
  if (!/^[A-Za-z0-9_.:-]+$/.test(name) || name === "." || name === "..")
    return {
      field: "name",
      message: `"${name}" is no interface name: letters, digits, dots, colons, dashes and underscores.`,
    };
  if (name.length > MAX_NAME)
    return { field: "name", message: `"${name}" is too long: at most ${MAX_NAME} characters.` };
  if (nics.some((nic) => nic.name === name && nic.id !== ownId))
    return { field: "name", message: `The node has an interface '${name}' already.` };
  return undefined;
}

export function nextPhysicalName(nics: readonly Nic[]): string {
  const taken = nics.map((nic) => Number(/^eth(\d{1,9})$/.exec(nic.name)?.[1] ?? -1));
  return `eth${Math.max(-1, ...taken) + 1}`;
}

/** Physical ones, none a part of something else. `isNew`: they must be on one VLAN. */
export function bondProblem(
  parents: readonly Nic[],
  nics: readonly Nic[],
  options: { ownId: number | null; isNew: boolean },
): NicProblem | undefined {
  const field = "parents";
  if (parents.length === 0) return { field, message: "A bond must have one or more parents." };
  const wrong = parents.find((parent) => parent.type !== "physical");
  if (wrong) return { field, message: `${wrong.name} is a ${wrong.type} interface: bonds are made of physical ones.` };
  for (const parent of parents) {
    const other = childrenOf(nics, parent.id).find((child) => child.id !== options.ownId);
    if (other) return { field, message: `${parent.name} is in use by ${other.name} already.` };
  }
  if (options.isNew && new Set(parents.map((parent) => parent.vlanId)).size > 1)
    return { field, message: "All parents of a bond must be on one VLAN." };
  return undefined;
}

export function bridgeProblem(
  parents: readonly Nic[],
  nics: readonly Nic[],
  ownId: number | null,
): NicProblem | undefined {
  const field = "parent";
  const [parent, second] = parents;
  if (!parent || second) return { field, message: "A bridge must have exactly one parent." };
  if (parent.type === "bridge")
    return { field, message: `${parent.name} is a bridge: bridges are not put over bridges.` };
  const other = childrenOf(nics, parent.id).find((child) => child.id !== ownId && child.type !== "vlan");
  return other && { field, message: `${parent.name} is in use by the ${other.type} ${other.name} already.` };
}

export function vlanInterfaceProblem(
  parents: readonly Nic[],
  nics: readonly Nic[],
  wanted: { ownId: number | null; vlan: NicVlan | null; parentVlan: NicVlan | null },
): NicProblem | undefined {
  const [parent, second] = parents;
  if (!parent || second) return { field: "parent", message: "A VLAN interface must have exactly one parent." };
  if (parent.type === "vlan")
    return { field: "parent", message: `${parent.name} is a VLAN interface: they are not stacked.` };
  const siblings = childrenOf(nics, parent.id).filter((child) => child.id !== wanted.ownId);
  const bond = siblings.find((child) => child.type === "bond");
  if (bond) return { field: "parent", message: `${parent.name} is in the bond ${bond.name}: put the VLAN on that.` };
  if (!wanted.vlan) return { field: "vlan", message: "A VLAN interface must be on a VLAN." };
  if (wanted.vlan.vid === 0) return { field: "vlan", message: "A VLAN interface can only be on a tagged VLAN." };
  if (wanted.parentVlan && wanted.parentVlan.fabricId !== wanted.vlan.fabricId)
    return { field: "vlan", message: `The VLAN is not in the fabric that ${parent.name} is connected to.` };
  const same = siblings.find((child) => child.type === "vlan" && child.vlanId === wanted.vlan?.id);
  return same && { field: "vlan", message: `${parent.name} has ${same.name} on that VLAN already.` };
}

/**
 * What setting an interface's MTU does to others: children do not send more than it carries, parents carry what it sends.
 * @returns new MTUs by interface
 */
export function spreadMtu(nics: readonly Nic[], id: number, mtu: number): Map<number, number> {
  const changed = new Map<number, number>();
  const byId = new Map(nics.map((nic) => [nic.id, nic]));
  const lower = (of: number) => {
    for (const child of childrenOf(nics, of)) {
      if (Number(child.params.mtu) > mtu) changed.set(child.id, mtu);
      lower(child.id);
    }
  };
  const raise = (of: number) => {
    for (const parentId of byId.get(of)?.parentIds ?? []) {
      const parent = byId.get(parentId);
      if (parent && !(Number(parent.params.mtu) >= mtu)) changed.set(parentId, mtu);
      raise(parentId);
    }
  };
  lower(id);
  raise(id);
  return changed;
}
