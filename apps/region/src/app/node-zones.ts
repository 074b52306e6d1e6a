/** Moving nodes to another zone. */
import { appendChange } from "@rackwright/db/change";
import { insertEvents } from "@rackwright/db/history";
import { lockNodes, setZone } from "@rackwright/db/node-zones";
import { zoneId } from "@rackwright/db/nodes";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { forbiddance } from "@rackwright/domain/machine/permissions";
import { actorName, type Ctx, inTransaction } from "../context.ts";

/** What the change record calls nodes of each type (reference: lifecycle.md section 1). */
export const entityOf = (nodeType: number): string => ["machine", "device"][nodeType] ?? "rack";

/** All or none. @throws DomainError invalid_fields: zone, or every node that is unknown or not the caller's to move */
export async function moveToZone(
  ctx: Ctx,
  systemIds: readonly string[],
  zone: string,
  nodeTypes: readonly number[],
): Promise<void> {
  await inTransaction(ctx, async (tx) => {
    const to = await zoneId(tx, zone);
    if (to === undefined) throw invalidField("zone", `There is no zone '${zone}'.`);
    const nodes = await lockNodes(tx, systemIds, nodeTypes);
    const refused = systemIds.flatMap((id) => {
      const node = nodes.find((each) => each.systemId === id);
      if (!node) return [`Unknown system_id: ${id}.`];
      return forbiddance(ctx.actor, "admin", node)?.message ?? [];
    });
    if (refused.length > 0)
      throw new DomainError("invalid_fields", `nodes: ${refused.join(" ")}`, { fields: { nodes: refused } });
    await setZone(
      tx,
      nodes.map((node) => node.id),
      to,
    );
    for (const node of nodes) {
      await insertEvents(tx, { nodeId: node.id, hostname: node.hostname, username: actorName(ctx.actor) }, [
        { type: "NODE", description: `Moved '${node.hostname}' to zone '${zone}'.` },
      ]);
      await appendChange(tx, { kind: "update", entity: entityOf(node.nodeType), entityId: node.systemId });
    }
  });
}
