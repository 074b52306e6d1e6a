/** Interfaces of any node, for those who may see it; their links, for administrators. */
import { appendChange } from "@rackwright/db/change";
import { type LinkFacts, updateLinkFacts } from "@rackwright/db/hardware-network";
import { lockMachine, readMachine } from "@rackwright/db/machines";
import type { MachineView } from "@rackwright/db/machine-views";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { type Ctx, inTransaction } from "../context.ts";
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

/**
 * What a person knows better than the last commissioning: a cable was plugged in, a switch replaced. A link without a cable
 * has no speed.
 * @throws DomainError not_found, forbidden, invalid_fields
 */
export async function correctLink(
  ctx: Ctx,
  systemId: string,
  word: string,
  wanted: { [K in keyof LinkFacts]: LinkFacts[K] | undefined },
): Promise<void> {
  const view = await nodeWithInterfaces(ctx, systemId);
  const now = interfaceOf(view, word);
  await inTransaction(ctx, async (tx) => {
    if (view.row.node_type === 0) permitted(ctx.actor, "admin", await lockMachine(tx, systemId));
    const link_connected = wanted.link_connected ?? now.link_connected;
    if (!link_connected && wanted.link_speed)
      throw invalidField("link_speed", `${now.name} is not connected: state link_connected=true too.`);
    await updateLinkFacts(tx, now.id, {
      link_connected,
      link_speed: link_connected ? (wanted.link_speed ?? now.link_speed) : 0,
      interface_speed: wanted.interface_speed ?? now.interface_speed,
    });
    await appendChange(tx, { kind: "update", entity: "machine", entityId: systemId });
  });
}
