/** Interfaces of any node, for those who may see it. */
import { readMachine } from "@rackwright/db/machines";
import type { MachineView } from "@rackwright/db/machine-views";
import { DomainError } from "@rackwright/domain/errors";
import type { Ctx } from "../context.ts";
import { searchMachines } from "./machine-view.ts";
import { permitted } from "./permissions.ts";

/** @throws DomainError not_found, forbidden */
export async function nodeWithInterfaces(ctx: Ctx, systemId: string): Promise<MachineView> {
  const machine = await readMachine(ctx.region.db.kysely, systemId);
  if (machine) permitted(ctx.actor, "view", machine);
  const [view] = await searchMachines(ctx, { id: [systemId] }, { nodeTypes: [0, 1, 2, 3, 4] });
  if (!view) throw new DomainError("not_found", "No Node matches the given query.");
  return view;
}

/** One of its interfaces, by id or name. */
export function interfaceOf(view: MachineView, word: string): MachineView["interfaces"][number] {
  const found = view.interfaces.find((i) => String(i.id) === word) ?? view.interfaces.find((i) => i.name === word);
  if (!found) throw new DomainError("not_found", `${view.row.hostname} has no interface '${word}'.`);
  return found;
}
