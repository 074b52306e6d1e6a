/** Bridges over all interfaces of a machine that somebody takes, until it is released (reference: lifecycle.md section 9.6). */
import type { Tx } from "@rackwright/db/connect";
import { configuredNics, lockNode, nodeNics } from "@rackwright/db/interfaces";
import { invalidField } from "@rackwright/domain/errors";
import { acquiredBridgeName } from "@rackwright/domain/network/acquired-bridge";
import { bridgeProblem, nameProblem } from "@rackwright/domain/network/nic";
import type { Ctx } from "../context.ts";
import { networkChanged } from "./interface-access.ts";
import { acquiredBridge } from "./interface-create.ts";

/** undefined: as the kind of bridge has it. */
export interface BridgeOptions {
  bridge_type?: string | undefined;
  bridge_stp?: boolean | undefined;
  bridge_fd?: number | undefined;
}

/**
 * Over every interface that has more of a link than that it is up, and that is in no bridge or bond.
 * @throws DomainError invalid_fields when another interface has the name of one of the bridges
 */
export async function bridgeAll(ctx: Ctx, tx: Tx, systemId: string, options: BridgeOptions): Promise<void> {
  const node = await lockNode(tx, systemId);
  if (!node) throw new Error(`${systemId} was allocated and is not there`);
  const nics = await nodeNics(tx, node.id);
  const configured = await configuredNics(tx, node.id);
  const network = { node, nics, status: "allocated" as const };
  const made: string[] = [];
  for (const nic of nics.toSorted((a, b) => a.id - b.id)) {
    if (!nic.enabled || !configured.has(nic.id) || bridgeProblem([nic], nics, null)) continue;
    const name = acquiredBridgeName(nic.name);
    const problem = made.includes(name) || nameProblem(name, nics, null);
    if (problem)
      throw invalidField("bridge_all", `${nic.name} cannot have the bridge ${name}: another is called that.`);
    await acquiredBridge(tx, network, name, options, nic);
    made.push(name);
  }
  if (made.length > 0) await networkChanged(ctx, tx, node, `Added the bridges ${made.join(", ")}.`);
}
