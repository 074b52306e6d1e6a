/** Rack controllers as the clusters of API 1.0: found by their UUID, changed, and who may speak for one. */
import { appendChange } from "@rackwright/db/change";
import * as db from "@rackwright/db/clusters";
import { defaultDomainId, domainName } from "@rackwright/db/nodes";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { newNodeToken, nodeToken, type Token } from "../auth/tokens.ts";
import { type Ctx, inTransaction } from "../context.ts";
import { audit } from "./audit.ts";
import { changeDomain } from "./domains.ts";
import { startImport } from "./image-import.ts";
import { fetchImages } from "./rack-controllers.ts";
import { updateVlan } from "./vlans.ts";

export interface ClusterView extends db.Cluster {
  /** Its DNS zone: the default domain, which new machines are in. */
  zone: string;
}

export const clusterStatus = { pending: 0, accepted: 1, rejected: 2 } as const;

async function zoneOf(ctx: Ctx): Promise<string> {
  const at = ctx.region.db.kysely;
  return domainName(at, await defaultDomainId(at));
}

export async function clusterViews(ctx: Ctx): Promise<ClusterView[]> {
  const at = ctx.region.db.kysely;
  await db.ensureClusters(at);
  const [clusters, zone] = await Promise.all([db.listClusters(at), zoneOf(ctx)]);
  return clusters.map((cluster) => ({ ...cluster, zone }));
}

/** @throws DomainError not_found */
export async function clusterOf(ctx: Ctx, uuid: string): Promise<ClusterView> {
  const cluster = (await clusterViews(ctx)).find((one) => one.uuid === uuid.toLowerCase());
  if (!cluster) throw new DomainError("not_found", `There is no cluster '${uuid}'.`);
  return cluster;
}

/**
 * The cluster, for its own worker; where `admins` may too, for them.
 * @throws DomainError not_found, forbidden also for the worker of a cluster that was rejected
 */
export async function clusterFor(ctx: Ctx, uuid: string, admins: "admins" | "worker only"): Promise<ClusterView> {
  const { actor } = ctx;
  const cluster = await clusterOf(ctx, uuid);
  if (actor.kind === "user" && actor.isSuperuser && admins === "admins") return cluster;
  if (actor.kind === "machine" && actor.systemId === cluster.systemId) {
    if (cluster.status !== clusterStatus.rejected) return cluster;
    throw new DomainError("forbidden", "This cluster was rejected: an administrator has to accept it first.");
  }
  throw new DomainError("forbidden", `Only the worker of cluster '${cluster.clusterName}' may do this.`);
}

export interface ClusterChange {
  name?: string | undefined;
  clusterName?: string | undefined;
  status?: number | undefined;
}

/** @throws DomainError not_found, invalid_fields */
export async function updateCluster(ctx: Ctx, uuid: string, change: ClusterChange): Promise<ClusterView> {
  const cluster = await clusterOf(ctx, uuid);
  const { rackId, zone } = cluster;
  const name = change.name?.trim();
  if (name && name !== zone) await renameZone(ctx, cluster, name);
  await inTransaction(ctx, async (tx) => {
    await db.lockCluster(tx, rackId);
    const clusterName = change.clusterName?.trim();
    if (clusterName && (await db.clusterNameTaken(tx, clusterName, rackId)))
      throw invalidField("cluster_name", `There is a cluster '${clusterName}' already.`);
    await db.updateCluster(tx, rackId, {
      ...(clusterName ? { cluster_name: clusterName } : {}),
      ...(change.status === undefined ? {} : { status: change.status }),
    });
    await appendChange(tx, { kind: "update", entity: "rack", entityId: cluster.systemId });
    await audit(ctx, tx, "NETWORKING", `Updated cluster '${clusterName || cluster.clusterName}'.`);
  });
  if (change.status === clusterStatus.rejected) await stopServing(ctx, rackId);
  return clusterOf(ctx, uuid);
}

/** Machines that somebody uses go by their names. @throws DomainError invalid_fields */
async function renameZone(ctx: Ctx, cluster: ClusterView, name: string): Promise<void> {
  const at = ctx.region.db.kysely;
  const machines = await db.machinesOfCluster(at, cluster.rackId);
  if (await db.isNamingInUse(at, cluster.rackId, machines))
    throw invalidField("name", "The zone keeps its name while DNS is managed and nodes are in use.");
  await changeDomain(ctx, String(await defaultDomainId(at)), { name });
}

/** A cluster that was rejected hands out no addresses. */
async function stopServing(ctx: Ctx, rackId: number): Promise<void> {
  for (const vlan of await db.vlansServedBy(ctx.region.db.kysely, rackId))
    if (vlan.dhcpOn) await updateVlan(ctx, { id: String(vlan.id) }, { dhcp_on: false });
}

/** All, or none when one of them is not there. @throws DomainError not_found */
export async function judgeClusters(ctx: Ctx, uuids: readonly string[], status: number): Promise<void> {
  for (const uuid of uuids) await clusterOf(ctx, uuid);
  for (const uuid of uuids) await updateCluster(ctx, uuid, { status });
}

/**
 * Accepted clusters that are connected fetch our images now; others do when they are. For all of them, we fetch what is selected first.
 * @param uuid that one alone
 * @throws DomainError not_found
 */
export async function importImages(ctx: Ctx, uuid?: string): Promise<void> {
  if (uuid === undefined) await startImport(ctx);
  const clusters = uuid === undefined ? await clusterViews(ctx) : [await clusterOf(ctx, uuid)];
  const connected = new Set(ctx.region.racks.connected().map((rack) => rack.nodeId));
  for (const { rackId, systemId, status } of clusters)
    if (status === clusterStatus.accepted && connected.has(rackId)) await fetchImages(ctx, systemId);
}

/** What the worker signs with. It opens the worker's operations of API 1.0 and nothing else. */
export async function workerKey(ctx: Ctx, uuid: string, renew: boolean): Promise<Token> {
  const { rackId, clusterName } = await clusterOf(ctx, uuid);
  const known = renew ? null : await nodeToken(ctx.region, rackId);
  if (known) return known;
  return inTransaction(ctx, async (tx) => {
    await db.lockCluster(tx, rackId);
    const token = await newNodeToken(ctx.region, tx, rackId);
    await audit(ctx, tx, "AUTHORISATION", `Made a key for the worker of cluster '${clusterName}'.`);
    return token;
  });
}
