/** Laying out a machine's disks as its administrator has it, in place of what commissioning made. */
import { randomUUID } from "node:crypto";
import { loadStorageModel } from "@rackwright/db/storage";
import { saveStorageModel } from "@rackwright/db/storage-save";
import { event } from "@rackwright/domain/machine/event";
import { refuse } from "@rackwright/domain/machine/lifecycle";
import { applyLayout } from "@rackwright/domain/storage/layout";
import type { LayoutParams } from "@rackwright/domain/storage/layouts/sizes";
import type { Ctx } from "../context.ts";
import { commit } from "./commit.ts";
import { customParams } from "./custom-layout.ts";
import { act } from "./machine-act.ts";

/** @returns the machine's id @throws DomainError invalid_fields where the disks do not allow it: nothing is changed then */
export function layOutDisks(ctx: Ctx, systemId: string, layout: string, params: LayoutParams): Promise<number> {
  return act(ctx, systemId, "set_storage_layout", async (tx, loaded) => {
    const { machine } = loaded;
    refuse("set_storage_layout", machine);
    const before = await loadStorageModel(tx, machine.id, { acquired: false });
    const custom = await customParams(tx, machine.id, layout);
    const after = applyLayout(layout, before, randomUUID, { ...params, ...custom });
    await saveStorageModel(tx, machine.id, before, after, { acquired: false });
    const done = event("NODE", `Laid out the disks of '${machine.hostname}' as '${layout}'.`);
    // The layout is part of the machine: whoever follows it has to hear of this.
    await commit(ctx, tx, loaded, { set: { status: machine.status }, events: [done], effects: [], jobs: [] });
  });
}
