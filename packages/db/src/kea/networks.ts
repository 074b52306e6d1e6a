import { diffNetworks, isEmptyDiff, type NetworkDiff } from "@rackwright/domain/dhcp/diff";
import { validateWanted } from "@rackwright/domain/dhcp/validate";
import type { DhcpNetwork } from "@rackwright/domain/dhcp/wanted";
import type { ClientBase } from "pg";
import { readNetworks } from "./read-networks.ts";
import { inTransaction } from "./transaction.ts";
import { writeNetworkDiff } from "./write-networks.ts";

/**
 * Make the networks of Kea's configuration backend those that are wanted, in one transaction.
 * @param wanted as accepted by `validateWanted`: one row that Kea cannot read makes every pull fail, and every start
 * @param names the networks that this is about; default: all. The others, wanted or not, stay as they are
 * @returns the racks that must pull; empty when all was so already
 */
export async function applyNetworks(
  client: ClientBase,
  wanted: readonly DhcpNetwork[],
  names?: readonly string[],
): Promise<{ racks: string[]; diff: NetworkDiff; before: DhcpNetwork[] }> {
  const [refusal] = validateWanted({ networks: [...wanted], hosts: [] }).refused;
  if (refusal) throw new Error(`DHCP networks must be validated before they are written: ${refusal.message}`);
  // One writer at a time: Kea reads the audit log from the last revision it saw, and would skip one that commits late.
  return await inTransaction(client, "kea networks", async () => {
    const actual = await readNetworks(client, names);
    const diff = diffNetworks(actual, wanted);
    if (isEmptyDiff(diff)) return { racks: [], diff, before: actual };
    await writeNetworkDiff(client, diff);
    return { racks: affectedRacks(actual, diff), diff, before: actual };
  });
}

function affectedRacks(actual: readonly DhcpNetwork[], diff: NetworkDiff): string[] {
  const gone = actual.filter(
    ({ name, subnets }) =>
      diff.deleteNetworks.includes(name) || subnets.some(({ id }) => diff.deleteSubnets.includes(id)),
  );
  const written = [...diff.insertSubnets, ...diff.updateSubnets].map(({ network }) => network);
  const racks = [...gone, ...diff.insertNetworks, ...diff.updateNetworks, ...written].map(({ rackTag }) => rackTag);
  return [...new Set(racks)].filter((tag) => tag !== "").sort();
}
