/** Every rack has the images that machines may be sent, and the store nothing that no image names. */
import { imageHashes, servedFiles } from "@rackwright/db/images";
import type { NotifyHub } from "@rackwright/db/notify";
import type { Region } from "../context.ts";
import type { ConnectedRack } from "../racks/racks.ts";
import { type Reconciler, reconciler } from "./reconciler.ts";

type ImageRegion = Pick<Region, "db" | "images" | "log" | "racks">;

export function imageReconciler(): Reconciler<ImageRegion> {
  /** What each connection was told last; a rack that connects anew is told again. */
  const told = new Map<number, { connectedAt: Date; list: string }>();

  const tell = async (
    region: ImageRegion,
    rack: ConnectedRack,
    files: { sha256: string; sizeBytes: number }[],
    signal: AbortSignal,
  ) => {
    const list = JSON.stringify(files);
    const last = told.get(rack.nodeId);
    if (last && last.list === list && last.connectedAt.getTime() === rack.connectedAt.getTime()) return;
    await region.racks.call(rack.nodeId, "syncImages", { files }, { signal });
    told.set(rack.nodeId, { connectedAt: rack.connectedAt, list });
  };

  return reconciler<ImageRegion>({
    name: "images",
    everySeconds: 600,
    on: ["image", "rack"],
    onRacks: true,
    async run(region, signal) {
      const files = await servedFiles(region.db.kysely);
      const racks = region.racks.connected();
      // One rack that fails does not keep the others waiting; the run fails all the same, and is repeated.
      const results = await Promise.allSettled(racks.map((rack) => tell(region, rack, files, signal)));
      await region.images.prune(await imageHashes(region.db.kysely));
      const failed = results.find((result) => result.status === "rejected");
      if (failed) throw failed.reason;
    },
  });
}

/** @returns a function that ends it */
export async function syncImagesToRacks(region: ImageRegion, hub: NotifyHub): Promise<() => Promise<void>> {
  const images = imageReconciler();
  await images.start(region, hub);
  return () => images.stop();
}
