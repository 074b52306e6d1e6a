/** The layout that an administrator's commissioning script wrote for a machine (reference: networking-storage, section 13). */
import type { Tx } from "@rackwright/db/connect";
import { latestOutput } from "@rackwright/db/script-results";
import type { LayoutParams } from "@rackwright/domain/storage/layouts/sizes";

/** Prints what all scripts before it have found. */
const COMMISSIONING = "50-maas-01-commissioning";

/** Nothing where the layout is another, or commissioning brought none. */
export async function customParams(tx: Tx, nodeId: number, layout: string): Promise<LayoutParams> {
  if (layout !== "custom") return {};
  const output = (await latestOutput(tx, nodeId, [COMMISSIONING])).get(COMMISSIONING);
  try {
    const found: unknown = JSON.parse(output?.toString("utf8") ?? "null");
    return typeof found === "object" && found !== null && "storage-extra" in found
      ? { custom: found["storage-extra"] }
      : {};
  } catch {
    // No JSON: as good as none, and the layout says so.
    return {};
  }
}
