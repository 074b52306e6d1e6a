/** What racks listen for, by network: as it was last decided, before it was checked. */
import { type RackServing, rackServing } from "@rackwright/domain/addressing/serving";
import type { DhcpNetwork } from "@rackwright/domain/dhcp/wanted";
import { networkName } from "./dhcp-decide.ts";

export class DhcpServed {
  readonly #networks = new Map<string, DhcpNetwork>();

  cidrsOf(vlanIds: readonly number[]): string[] {
    return vlanIds.flatMap((id) => this.#networks.get(networkName(id))?.subnets ?? []).map((s) => s.cidr);
  }

  isServedAs(name: string, network: DhcpNetwork | undefined): boolean {
    return wire(this.#networks.get(name)) === wire(network);
  }

  /**
   * @param ids of the VLANs that were decided; undefined: all
   * @returns those of them that are served otherwise than before
   */
  remember(networks: readonly DhcpNetwork[], ids: readonly number[] | undefined): number[] {
    const before = new Map(this.#networks);
    if (ids) for (const id of ids) this.#networks.delete(networkName(id));
    else this.#networks.clear();
    for (const network of networks) this.#networks.set(network.name, network);
    return (ids ?? []).filter((id) => !this.isServedAs(networkName(id), before.get(networkName(id))));
  }

  byRack(): RackServing[] {
    const byRack = Map.groupBy(this.#networks.values(), (network) => network.rackTag);
    return [...byRack].map(([systemId, own]) => rackServing(systemId, own));
  }
}

/** How a rack serves a network: what those that are relayed to it depend on. */
const wire = (network: DhcpNetwork | undefined): string =>
  JSON.stringify(network && [network.rackTag, network.interface, network.subnets.map((s) => s.nextServer)]);
