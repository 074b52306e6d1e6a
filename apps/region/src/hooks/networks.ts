/** The VLAN and subnet of what a machine was seen in: known ones by its addresses, else ones that are made for it. */
import { appendChange } from "@rackwright/db/change";
import type { Tx } from "@rackwright/db/connect";
import { lockNetworks } from "@rackwright/db/hardware";
import {
  insertFabric,
  insertSubnet,
  insertVlan,
  knownNetworks,
  type KnownNetworks,
} from "@rackwright/db/hardware-network";
import type { ReportedAddress, ReportedInterface } from "@rackwright/domain/hardware/report";
import { closestSubnet, ownSubnet } from "@rackwright/domain/hardware/subnets";

export interface NetworkRules {
  /** Connected interfaces in no known subnet get a fabric of their own. */
  createFabrics: boolean;
  /** Addresses in no known subnet get one. */
  createSubnets: boolean;
}

/** Something is to be made, or claimed, that another report may be making just now. */
class MustMake extends Error {}

/**
 * What `place` finds for a machine. It is run again, alone among all reports, when there is something to be made; so it writes nothing itself.
 */
export async function withNetworks<T>(
  tx: Tx,
  rules: NetworkRules,
  place: (networks: NetworkFinder) => Promise<T>,
): Promise<T> {
  try {
    return await place(new NetworkFinder(tx, await knownNetworks(tx), rules, false));
  } catch (error) {
    if (!(error instanceof MustMake)) throw error;
  }
  await lockNetworks(tx);
  return place(new NetworkFinder(tx, await knownNetworks(tx), rules, true));
}

export class NetworkFinder {
  readonly #tx: Tx;
  readonly #known: KnownNetworks;
  readonly #rules: NetworkRules;

  readonly #alone: boolean;

  constructor(tx: Tx, known: KnownNetworks, rules: NetworkRules, alone: boolean) {
    this.#tx = tx;
    this.#known = known;
    this.#rules = rules;
    this.#alone = alone;
  }

  /**
   * @param current the VLAN it is in; what users chose stays unless the machine's addresses show another
   * @param parentVlanId the VLAN of the first interface it is made of
   */
  async vlanOf(
    nic: ReportedInterface,
    current: { vlanId: number | null; isLinked: boolean },
    parentVlanId: number | null,
  ): Promise<number | null> {
    if (nic.type === "vlan") return this.#taggedVlan(nic, parentVlanId);
    const seen = nic.addresses.flatMap(({ ip }) => closestSubnet(ip, this.#known.subnets)?.vlanId ?? []);
    if (current.vlanId !== null) {
      if (seen.includes(current.vlanId) || current.isLinked) return current.vlanId;
      // Unplugged, and nothing says that it ever was in that network.
      if (!nic.linkConnected) return null;
      return seen[0] ?? current.vlanId;
    }
    if (!nic.linkConnected) return null;
    if (seen[0] !== undefined) return seen[0];
    if (nic.parents.length > 0) return parentVlanId;
    return this.#undescribedVlan();
  }

  /** Subnet of an address on a VLAN; made when there is none. Null for an address that names no network. */
  async subnetOf(address: ReportedAddress, vlanId: number | null): Promise<number | null> {
    const found = closestSubnet(address.ip, this.#known.subnets);
    if (found) return found.id;
    const cidr = ownSubnet(address);
    if (cidr === undefined || vlanId === null || !this.#rules.createSubnets) return null;
    this.#needsToBeAlone();
    const made = await insertSubnet(this.#tx, cidr, vlanId);
    this.#known.subnets.push({ ...made, cidr });
    await appendChange(this.#tx, { kind: "create", entity: "subnet", entityId: made.id });
    return made.id;
  }

  #needsToBeAlone(): void {
    if (!this.#alone) throw new MustMake();
  }

  async #taggedVlan(nic: ReportedInterface, parentVlanId: number | null): Promise<number | null> {
    const fabricId = this.#known.vlans.find((vlan) => vlan.id === parentVlanId)?.fabricId;
    if (fabricId === undefined || !nic.vid) return null;
    const found = this.#known.vlans.find((vlan) => vlan.fabricId === fabricId && vlan.vid === nic.vid);
    if (found) return found.id;
    this.#needsToBeAlone();
    const id = await insertVlan(this.#tx, fabricId, nic.vid);
    this.#known.vlans.push({ id, fabricId, vid: nic.vid });
    await appendChange(this.#tx, { kind: "create", entity: "vlan", entityId: id });
    return id;
  }

  /** The default VLAN goes to whoever comes first; others may be in any network, so each gets its own. */
  async #undescribedVlan(): Promise<number | null> {
    this.#needsToBeAlone();
    if (!this.#known.isDefaultUsed) {
      this.#known.isDefaultUsed = true;
      return this.#known.defaultVlanId;
    }
    if (!this.#rules.createFabrics) return null;
    const { fabricId, vlanId } = await insertFabric(this.#tx);
    this.#known.vlans.push({ id: vlanId, fabricId, vid: 0 });
    await appendChange(this.#tx, { kind: "create", entity: "fabric", entityId: fabricId });
    await appendChange(this.#tx, { kind: "create", entity: "vlan", entityId: vlanId });
    return vlanId;
  }
}
