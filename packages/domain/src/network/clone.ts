/** The network configuration of one machine on the interfaces of another (reference: lifecycle.md section 15). */
import { allocType } from "../addressing/alloc-type.ts";

export interface ClonedLink {
  type: number;
  subnetId: number | null;
  ip: string | null;
}

export interface ClonedInterface {
  name: string;
  /** physical, bond, bridge, vlan ... */
  type: string;
  vlanId: number | null;
  enabled: boolean;
  params: Readonly<Record<string, unknown>>;
  /** Names of the interfaces that it is made of. */
  parents: readonly string[];
  links: readonly ClonedLink[];
}

export interface PlannedLink {
  type: number;
  subnetId: number | null;
  /** An address of its own is to be found in the subnet. */
  needsAddress: boolean;
}

export interface PlannedInterface extends Omit<ClonedInterface, "links"> {
  links: readonly PlannedLink[];
}

/** Physical interfaces that are changed, by their names, then the others to be made, each after those that it is made of. */
export interface NetworkPlan {
  physical: PlannedInterface[];
  virtual: PlannedInterface[];
}

/** @returns why it cannot be done, in words that follow the name of the machine */
export function cloneNetwork(
  source: readonly ClonedInterface[],
  targetNames: readonly string[],
): NetworkPlan | { problem: string } {
  const isPhysical = (nic: { type: string }) => nic.type === "physical";
  const missing = source.filter((nic) => isPhysical(nic) && !targetNames.includes(nic.name)).map((nic) => nic.name);
  if (missing.length > 0) return { problem: `has no interface ${missing.join(", ")}` };
  const planned = source.map((nic) => ({ ...nic, links: nic.links.flatMap(plannedLink) }));
  const physical = planned.filter(isPhysical);
  return {
    physical,
    virtual: byParents(
      planned.filter((nic) => !isPhysical(nic)),
      physical.map((nic) => nic.name),
    ),
  };
}

const ownAddress: readonly number[] = [allocType.auto, allocType.sticky, allocType.userReserved];

/** What was merely seen there is not seen here; an address is one machine's. */
function plannedLink(link: ClonedLink): PlannedLink[] {
  if (link.type === allocType.discovered) return [];
  const needsAddress = link.ip !== null && link.subnetId !== null && ownAddress.includes(link.type);
  return [{ type: link.type, subnetId: link.subnetId, needsAddress }];
}

function byParents(nics: readonly PlannedInterface[], made: readonly string[]): PlannedInterface[] {
  const known = new Set(made);
  const sorted: PlannedInterface[] = [];
  for (;;) {
    const next = nics.filter((nic) => !sorted.includes(nic) && nic.parents.every((name) => known.has(name)));
    if (next.length === 0) break;
    for (const nic of next) known.add(nic.name);
    sorted.push(...next);
  }
  if (sorted.length < nics.length) throw new Error("interfaces are made of each other");
  return sorted;
}
