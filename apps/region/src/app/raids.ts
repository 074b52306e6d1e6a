/** RAIDs of a machine (reference: networking-storage, sections 12 and 14). */
import { createRaid, deleteRaid, type RaidChange, type RaidRequest, updateRaid } from "@rackwright/domain/storage/raid";
import type { Ctx } from "../context.ts";
import { editStorage, makeStorage } from "./storage-edit.ts";
import { groupOf } from "./storage-view.ts";

/** @returns its id */
export function addRaid(ctx: Ctx, systemId: string, request: RaidRequest): Promise<number> {
  return makeStorage(ctx, systemId, "storage_group", `Made a ${request.level}`, (edit) => createRaid(edit, request));
}

/** @returns its id */
export async function changeRaid(ctx: Ctx, systemId: string, word: string, change: RaidChange): Promise<number> {
  const { result } = await editStorage(ctx, systemId, "configure_storage", `Changed the RAID ${word}`, (edit) => {
    const group = groupOf(edit, "raid", word);
    updateRaid(edit, group, change);
    return group.id;
  });
  return result;
}

export async function removeRaid(ctx: Ctx, systemId: string, word: string): Promise<void> {
  await editStorage(ctx, systemId, "configure_storage", `Deleted the RAID ${word}`, (edit) =>
    deleteRaid(edit, groupOf(edit, "raid", word)),
  );
}
