/** What stands on a machine's disks: cleared, laid out, lent with the machine. */
import { randomUUID } from "node:crypto";
import type { Tx } from "@rackwright/db/connect";
import { insertEvents } from "@rackwright/db/history";
import {
  clearStorageRows,
  copyFilesystems,
  dropFilesystemCopies,
  loadLayoutMachine,
  replaceStorageRows,
} from "@rackwright/db/storage";
import { DomainError } from "@rackwright/domain/errors";
import { type EventType, event } from "@rackwright/domain/machine/event";
import { applyLayout } from "@rackwright/domain/storage/layout";
import { type Ctx, actorName } from "../context.ts";
import { getConfig } from "./config.ts";

export { loadStorageModel } from "@rackwright/db/storage";

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
  const { default_storage_layout: layout } = await getConfig(tx, "default_storage_layout");
  const machine = await loadLayoutMachine(tx, nodeId);
  try {
    await replaceStorageRows(tx, nodeId, applyLayout(layout, machine, randomUUID));
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    await clearStorageRows(tx, nodeId);
    const diskless = machine.disks.length === 0;
    const type: EventType = diskless ? "NODE_COMMISSIONING_EVENT" : "NODE_COMMISSIONING_EVENT_FAILED";
    const why = diskless ? "the machine has no disk" : (error.fields?.["storage_layout"]?.[0] ?? error.message);
    await insertEvents(tx, { nodeId, hostname: "", username: actorName(ctx.actor) }, [
      event(type, `storage layout '${layout}' was not applied: ${why}`),
    ]);
  }
}
