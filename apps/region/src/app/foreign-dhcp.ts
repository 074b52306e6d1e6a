/** What racks find of other DHCP servers: shown with the VLAN, and what a diagnosis names when a machine was led astray. */
import { appendChange } from "@rackwright/db/change";
import { storeDhcpServers } from "@rackwright/db/foreign-dhcp";
import { inTransaction, type Region } from "../context.ts";
import type { ConnectedRack } from "../racks/racks.ts";

export async function recordDhcpServers(
  region: Region,
  rack: Pick<ConnectedRack, "nodeId" | "hostname">,
  interfaceName: string,
  servers: readonly string[],
): Promise<void> {
  const found = await inTransaction({ region }, async (tx) => {
    const stored = await storeDhcpServers(tx, rack.nodeId, interfaceName, servers);
    if (stored && stored.before !== stored.now)
      await appendChange(tx, { kind: "update", entity: "vlan", entityId: String(stored.vlanId) });
    return stored;
  });
  if (!found || found.before === found.now) return;
  const where = { vlan: found.vlanId, rack: rack.hostname, interface: interfaceName };
  if (found.now === null) region.log.info(where, `no DHCP server but ours answers any more: ${found.before} is gone`);
  else region.log.warn(where, `a DHCP server that is not ours answers on this network: ${found.now}`);
}
