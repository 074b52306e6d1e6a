/** Block devices of a machine, for whoever may see the machine. */
import type { BlockDeviceRow, MachineView } from "@rackwright/db/machine-views";
import { readMachine } from "@rackwright/db/machines";
import { DomainError } from "@rackwright/domain/errors";
import type { Ctx } from "../context.ts";
import { machineView } from "./machine-view.ts";
import { permitted } from "./permissions.ts";

/** @throws DomainError not_found, forbidden */
export async function readStorage(ctx: Ctx, systemId: string): Promise<MachineView> {
  const loaded = permitted(ctx.actor, "view", await readMachine(ctx.region.db.kysely, systemId));
  return machineView(ctx, loaded.machine.id);
}

/** One of them by its id or its name. @throws DomainError not_found, forbidden */
export async function readBlockDevice(
  ctx: Ctx,
  systemId: string,
  idOrName: string,
): Promise<{ view: MachineView; disk: BlockDeviceRow }> {
  const view = await readStorage(ctx, systemId);
  const disk =
    view.blockDevices.find((each) => String(each.id) === idOrName) ??
    view.blockDevices.find((each) => each.name === idOrName);
  if (!disk) throw new DomainError("not_found", "No BlockDevice matches the given query.");
  return { view, disk };
}
