/** The network interfaces of this host, as the region is told of them. */
import { networkInterfaces } from "node:os";
import type { RackInterface } from "@rackwright/contract/rack-protocol";

export function rackInterfaces(): RackInterface[] {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses = []]) => {
    const mac = addresses[0]?.mac;
    if (mac === undefined || addresses[0]?.internal) return [];
    const usable = addresses.filter(({ scopeid }) => !scopeid); // link-local ones say nothing of a network
    return [{ name, mac, addresses: usable.flatMap(({ cidr }) => cidr ?? []) }];
  });
}
