/** What workers of clusters report by API 1.0: images, downloads, leases. */
import { appendChange } from "@rackwright/db/change";
import * as db from "@rackwright/db/cluster-reports";
import { vlansServedBy } from "@rackwright/db/clusters";
import { SYNCED, readImages } from "@rackwright/db/images";
import { subnetOfAddress } from "@rackwright/db/networks";
import { leaseSubject, observeLease, observeLeaseEnd } from "@rackwright/db/observed-leases";
import type { Tx } from "@rackwright/db/connect";
import { parseImages, parseLeases } from "@rackwright/domain/cluster/reports";
import { nextProgress } from "@rackwright/domain/cluster/download";
import { DomainError } from "@rackwright/domain/errors";
import { type Ctx, inTransaction } from "../context.ts";
import { audit } from "./audit.ts";
import { clusterFor, clusterOf } from "./clusters.ts";

export type ClusterImage = Omit<db.ClusterImage, "supported_subarches">;

/** What an image that we have is good for. */
const PURPOSES = ["commissioning", "install", "xinstall"];
/** Ids of our own images, apart from those of reported ones. */
const OWN_IDS = 1_000_000_000;

/** What the worker reported, then what we have ourselves, which every rack gets. @throws DomainError not_found */
export async function clusterImages(ctx: Ctx, uuid: string): Promise<ClusterImage[]> {
  const { rackId } = await clusterOf(ctx, uuid);
  const at = ctx.region.db.kysely;
  const reported = await db.clusterImages(at, rackId);
  const own = (await readImages(at, { rtype: SYNCED })).flatMap((image) => {
    const [osystem = "", release = ""] = image.name.split("/");
    const [architecture = "", subarchitecture = "generic"] = image.architecture.split("/");
    const label = image.sets.at(-1)?.label ?? "release";
    return PURPOSES.map((purpose, i) => ({
      id: OWN_IDS + image.id * PURPOSES.length + i,
      osystem,
      release,
      architecture,
      subarchitecture,
      purpose,
      label,
    }));
  });
  return [...reported, ...own];
}

/** @throws DomainError not_found */
export async function clusterImage(ctx: Ctx, uuid: string, id: number): Promise<ClusterImage> {
  const image = (await clusterImages(ctx, uuid)).find((one) => one.id === id);
  if (!image) throw new DomainError("not_found", `Cluster '${uuid}' has no image ${id}.`);
  return image;
}

/** All there are. @throws DomainError not_found, forbidden, invalid_fields */
export async function reportImages(ctx: Ctx, uuid: string, text: string): Promise<void> {
  const images = parseImages(text);
  const { rackId, systemId } = await clusterFor(ctx, uuid, "worker only");
  await inTransaction(ctx, async (tx) => {
    await db.replaceClusterImages(tx, rackId, images);
    await appendChange(tx, { kind: "update", entity: "rack", entityId: systemId });
  });
}

/** So many of a cluster are remembered. */
const DOWNLOADS_KEPT = 1000;

/** @throws DomainError not_found, forbidden, invalid_fields */
export async function reportDownload(
  ctx: Ctx,
  uuid: string,
  filename: string,
  report: { size?: number | undefined; bytesDownloaded?: number | undefined; error?: string | undefined },
): Promise<void> {
  const { rackId, systemId, clusterName } = await clusterFor(ctx, uuid, "worker only");
  await inTransaction(ctx, async (tx) => {
    const known = await db.lockDownload(tx, rackId, filename);
    const { isNew, ...progress } = nextProgress(known, report);
    if (isNew || !known) {
      await db.insertDownload(tx, rackId, filename, progress, ctx.region.now());
      await db.dropOldDownloads(tx, rackId, DOWNLOADS_KEPT);
    } else await db.updateDownload(tx, known.id, progress, ctx.region.now());
    const text = progressText(progress);
    if (text) await audit(ctx, tx, "IMAGES", `Cluster '${clusterName}' ${text} '${filename}'${failure(progress)}.`);
    await appendChange(tx, { kind: "update", entity: "rack", entityId: systemId });
  });
}

/** What is worth telling of a download: that it began, failed, or is done. */
function progressText({ size, bytesDownloaded, error }: Omit<db.Download, "id">): string | undefined {
  if (error !== "") return "failed to download";
  if (bytesDownloaded === null) return "began to download";
  return bytesDownloaded === size ? "has downloaded" : undefined;
}

const failure = ({ error }: { error: string }) => (error === "" ? "" : `: ${error}`);

/** All there are: others are over. @throws DomainError not_found, forbidden, invalid_fields */
export async function reportLeases(ctx: Ctx, uuid: string, text: string): Promise<void> {
  const leases = parseLeases(text);
  const { rackId } = await clusterFor(ctx, uuid, "worker only");
  await inTransaction(ctx, async (tx) => {
    const served = new Set((await vlansServedBy(tx, rackId)).map((vlan) => vlan.id));
    const { over, fresh } = await db.replaceLeases(tx, rackId, leases);
    for (const lease of over) await observe(ctx, tx, lease, served, false);
    for (const lease of fresh) await observe(ctx, tx, lease, served, true);
  });
}

/** A lease as a fact about a machine's interface; of strangers, and of networks that the cluster does not serve, nothing is kept but the lease. */
async function observe(
  ctx: Ctx,
  tx: Tx,
  { ip, mac }: db.Lease,
  served: ReadonlySet<number>,
  holds: boolean,
): Promise<void> {
  const subject = await leaseSubject(tx, mac);
  const subnet = await subnetOfAddress(tx, ip);
  if (!subject || !subnet || !served.has(subnet.vlan_id)) return;
  const news = holds
    ? await observeLease(tx, subject.interfaceId, { ip, subnetId: subnet.id, at: ctx.region.now() })
    : await observeLeaseEnd(tx, subject.interfaceId, ip);
  if (!news) return;
  const visibleTo = subject.ownerId === null ? null : String(subject.ownerId);
  await appendChange(tx, { kind: "update", entity: "machine", entityId: subject.systemId, visibleTo });
}
