/** VMFS datastores of a machine (reference: networking-storage, sections 12 and 14). */
import {
  createDatastore,
  type DatastoreRequest,
  deleteDatastore,
  updateDatastore,
} from "@rackwright/domain/storage/vmfs";
import type { GroupChange } from "@rackwright/domain/storage/group-device";
import type { Ctx } from "../context.ts";
import { editStorage, makeStorage } from "./storage-edit.ts";
import { groupOf } from "./storage-view.ts";

/** @returns its id */
export function addDatastore(ctx: Ctx, systemId: string, request: DatastoreRequest): Promise<number> {
  return makeStorage(ctx, systemId, "storage_group", `Made the datastore ${request.name}`, (edit) =>
    createDatastore(edit, request),
  );
}

/** @returns its id */
export async function changeDatastore(ctx: Ctx, systemId: string, word: string, change: GroupChange) {
  const { result } = await editStorage(ctx, systemId, "configure_storage", `Changed the datastore ${word}`, (edit) => {
    const group = groupOf(edit, "vmfs6", word);
    updateDatastore(edit, group, change);
    return group.id;
  });
  return result;
}

export async function removeDatastore(ctx: Ctx, systemId: string, word: string): Promise<void> {
  await editStorage(ctx, systemId, "configure_storage", `Deleted the datastore ${word}`, (edit) =>
    deleteDatastore(edit, groupOf(edit, "vmfs6", word)),
  );
}
