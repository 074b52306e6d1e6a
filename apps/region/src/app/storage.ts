/** What stands on a machine's disks: cleared, laid out, lent with the machine. */
import { randomUUID } from "node:crypto";
import type { Tx } from "@rackwright/db/connect";
import { insertEvents } from "@rackwright/db/history";
import { clearStorageRows, copyFilesystems, dropFilesystemCopies, loadStorageModel } from "@rackwright/db/storage";
import { saveStorageModel } from "@rackwright/db/storage-save";
import { DomainError } from "@rackwright/domain/errors";
import { type EventType, event } from "@rackwright/domain/machine/event";
import { applyLayout } from "@rackwright/domain/storage/layout";
import { fastDisk } from "@rackwright/domain/storage/layouts/bcache";
import { physicalDisks } from "@rackwright/domain/storage/model";
import { type Ctx, actorName } from "../context.ts";
import { customParams } from "./custom-layout.ts";
import { getConfig } from "./config.ts";

/** Forget partitions and filesystems; the disks stay. The caller records the change of the machine. */
export function clearStorage(tx: Tx, nodeId: number): Promise<void> {
  return clearStorageRows(tx, nodeId);
}

export function acquireFilesystems(tx: Tx, nodeId: number): Promise<void> {
  return copyFilesystems(tx, nodeId);
}

export function dropAcquiredFilesystems(tx: Tx, nodeId: number): Promise<void> {
  return dropFilesystemCopies(tx, nodeId);
}

/**
 * Put the configured layout on the machine's disks. One that does not fit is no failure: the machine stays usable for what needs no disk, its
 * disks are left blank, and its history says why.
 */
export async function applyDefaultLayout(ctx: Ctx, tx: Tx, nodeId: number): Promise<void> {
  const { default_storage_layout: wanted } = await getConfig(tx, "default_storage_layout");
  const before = await loadStorageModel(tx, nodeId, { acquired: false });
  // Not every machine has a fast disk besides: one without gets what all can have.
  const layout = wanted === "bcache" && !fastDisk(before) ? "flat" : wanted;
  try {
    const after = applyLayout(layout, before, randomUUID, await customParams(tx, nodeId, layout));
    await saveStorageModel(tx, nodeId, before, after, { acquired: false });
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    await clearStorageRows(tx, nodeId);
    const diskless = physicalDisks(before).length === 0;
    const type: EventType = diskless ? "NODE_COMMISSIONING_EVENT" : "NODE_COMMISSIONING_EVENT_FAILED";
    const why = diskless ? "the machine has no disk" : (error.fields?.["storage_layout"]?.[0] ?? error.message);
    await insertEvents(tx, { nodeId, hostname: "", username: actorName(ctx.actor) }, [
      event(type, `storage layout '${layout}' was not applied: ${why}`),
    ]);
  }
}
