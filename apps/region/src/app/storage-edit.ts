/** Changes of a machine's storage: permission, status, the rules of the domain, and what differs stored. */
import { randomUUID } from "node:crypto";
import { loadStorageModel } from "@rackwright/db/storage";
import { saveStorageModel, type StoredIds } from "@rackwright/db/storage-save";
import { event } from "@rackwright/domain/machine/event";
import { type Action, refuse } from "@rackwright/domain/machine/lifecycle";
import type { Machine } from "@rackwright/domain/machine/machine";
import { allocatedStatuses } from "@rackwright/domain/machine/status";
import { StorageEdit } from "@rackwright/domain/storage/edit";
import { settle } from "@rackwright/domain/storage/settle";
import type { Ctx } from "../context.ts";
import { commit } from "./commit.ts";
import { act } from "./machine-act.ts";

type StorageAction = Extract<
  Action,
  "configure_storage" | "update_block_device" | "format_storage" | "mount_special" | "unmount_special" | "tag_partition"
>;

/**
 * Of a machine that somebody holds it is the holder's copy that changes.
 * @param done what is told of it in the machine's history
 * @param work throws what cannot be; nothing is changed then
 * @returns what `work` gave, and what ids it made have become
 */
export async function editStorage<T>(
  ctx: Ctx,
  systemId: string,
  action: StorageAction,
  done: string,
  work: (edit: StorageEdit, machine: Machine) => T,
): Promise<{ result: T; ids: StoredIds }> {
  let out: { result: T; ids: StoredIds } | undefined;
  await act(ctx, systemId, action, async (tx, loaded) => {
    const { machine } = loaded;
    refuse(action, machine);
    const acquired = allocatedStatuses.includes(machine.status);
    const before = await loadStorageModel(tx, machine.id, { acquired });
    const edit = new StorageEdit(before, randomUUID);
    const result = work(edit, machine);
    if (action === "configure_storage" || action === "update_block_device") settle(edit);
    const ids = await saveStorageModel(tx, machine.id, before, edit.result(), { acquired });
    const events = [event("NODE", `${done} of '${machine.hostname}'.`)];
    // The layout is part of the machine: whoever follows it has to hear of this.
    await commit(ctx, tx, loaded, { set: { status: machine.status }, events, effects: [], jobs: [] });
    out = { result, ids };
  });
  if (!out) throw new Error(`the storage of ${systemId} was changed without a result`);
  return out;
}

/** As `editStorage`, for what makes one thing: its id. */
export async function makeStorage(
  ctx: Ctx,
  systemId: string,
  kind: Parameters<StoredIds["of"]>[0],
  done: string,
  work: (edit: StorageEdit) => { id: number },
): Promise<number> {
  const { result, ids } = await editStorage(ctx, systemId, "configure_storage", done, work);
  return ids.of(kind, result.id);
}
