/** Importing images from boot sources: begun, stopped, asked about. The work itself: workflows/image-import.ts. */
import { appendChange } from "@rackwright/db/change";
import { beginImport, endImport, importState, sourcesToImport } from "@rackwright/db/image-import";
import { type Ctx, inTransaction, type Region, systemCtx } from "../context.ts";
import { getConfig } from "./config.ts";
import { auditImage } from "./images.ts";

export const IMPORT_QUEUE = "image-import";
/** There is one import for all. */
const KEY = "import";

export interface ImportJob {
  run: number;
}

export async function isImporting(ctx: Ctx): Promise<boolean> {
  return (await importState(ctx.region.db.kysely)).state === "running";
}

/** @returns false when one is under way already */
export async function startImport(ctx: Ctx): Promise<boolean> {
  return inTransaction(ctx, async (tx) => {
    const begun = await beginImport(tx);
    // One that is under way and has lost its job (tried too often, say) gets another.
    const run = begun ?? (await importState(tx)).run;
    const data: ImportJob = { run };
    const job = await ctx.region.jobs.enqueue(tx, IMPORT_QUEUE, data, { key: KEY });
    if (begun === undefined) return job !== null;
    await appendChange(tx, { kind: "update", entity: "image_import", entityId: run });
    await auditImage(ctx, tx, "Started the import of images.");
    return true;
  });
}

/** @returns false when none was under way */
export async function stopImport(ctx: Ctx): Promise<boolean> {
  return inTransaction(ctx, async (tx) => {
    if (!(await endImport(tx, { state: "stopped" }))) return false;
    await ctx.region.jobs.cancel(tx, IMPORT_QUEUE, KEY);
    await appendChange(tx, { kind: "update", entity: "image_import", entityId: "stopped" });
    await auditImage(ctx, tx, "Stopped the import of images.");
    return true;
  });
}

/** Begins one by itself, where that is wanted and something is selected. */
export async function importUnasked(region: Region): Promise<boolean> {
  const { kysely } = region.db;
  if (!(await getConfig(kysely, "boot_images_auto_import")).boot_images_auto_import) return false;
  const sources = await sourcesToImport(kysely);
  return sources.some((source) => source.selections.length > 0) && startImport(systemCtx(region));
}
