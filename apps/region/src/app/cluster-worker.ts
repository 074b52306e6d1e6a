/** What the worker of a cluster does by API 1.0 beyond reporting. */
import { machinesOfCluster } from "@rackwright/db/clusters";
import { DomainError } from "@rackwright/domain/errors";
import { serialize } from "bson";
import type { Ctx } from "../context.ts";
import { clusterFor } from "./clusters.ts";
import { hardwareOutputs } from "./machine-facts.ts";
import { type TagNodes, updateTagNodes } from "./tags.ts";

/** System ids of the cluster's machines. @throws DomainError not_found, forbidden */
export async function clusterMachines(ctx: Ctx, uuid: string): Promise<string[]> {
  const { rackId } = await clusterFor(ctx, uuid, "admins");
  return machinesOfCluster(ctx.region.db.kysely, rackId);
}

/** A BSON document of what lshw and lldpctl said, by system id; other clusters' machines are passed over. */
export async function clusterDetails(ctx: Ctx, uuid: string, systemIds: readonly string[]): Promise<Uint8Array> {
  const own = new Set(await clusterMachines(ctx, uuid));
  const wanted = [...new Set(systemIds)].filter((id) => own.has(id));
  return serialize(Object.fromEntries(await hardwareOutputs(ctx, wanted)));
}

/**
 * Put a tag on nodes and take it off others. A worker says for which cluster it speaks, and reaches the machines of that alone.
 * @throws DomainError forbidden, not_found, conflict
 */
export async function updateTagNodesFor(
  ctx: Ctx,
  name: string,
  uuid: string | undefined,
  change: TagNodes,
): Promise<{ added: number; removed: number }> {
  if (ctx.actor.kind === "user" && ctx.actor.isSuperuser) return updateTagNodes(ctx, name, change);
  if (!uuid) throw new DomainError("forbidden", "A worker names its nodegroup; others must be administrators.");
  const own = new Set(await clusterMachines(ctx, uuid));
  const ours = (ids: readonly string[]) => ids.filter((id) => own.has(id));
  return updateTagNodes(ctx, name, { ...change, add: ours(change.add), remove: ours(change.remove) });
}
