/**
 * Virtual machines that nobody needs any more. A transaction only notes it: the host is told afterwards, again and again until it has
 * answered, and what the machine takes of it counts for so long.
 */
import { appendChange } from "@rackwright/db/change";
import type { Tx } from "@rackwright/db/connect";
import { insertEvents } from "@rackwright/db/history";
import { deleteNode } from "@rackwright/db/nodes";
import {
  deleteVirtualMachines,
  unwantedVirtualMachines,
  updateVirtualMachine,
  vmOfNode,
} from "@rackwright/db/vm-hosts";
import type { Machine } from "@rackwright/domain/machine/machine";
import { actorName, type Ctx, inTransaction, type Region, systemCtx } from "../context.ts";
import { partsGo } from "./devices.ts";
import { decomposeOn } from "./vm-host-rack.ts";

/** The machine goes now, its virtual machine soon. @param machine locked */
export async function discardMachine(ctx: Ctx, tx: Tx, machine: Machine): Promise<void> {
  const { id, hostname, systemId } = machine;
  const lives = await vmOfNode(tx, id);
  if (lives) await unwanted(ctx.region, tx, lives.vm.id);
  await partsGo(ctx, tx, machine);
  await deleteNode(tx, id);
  await insertEvents(tx, { nodeId: null, hostname, username: actorName(ctx.actor) }, [
    {
      type: "NODE",
      description: `Deleted machine '${hostname}' (${systemId}): it was made when it was allocated, and has been released.`,
    },
  ]);
  await appendChange(tx, { kind: "delete", entity: "machine", entityId: systemId });
}

export function unwanted(region: Region, tx: Tx, vmId: number): Promise<void> {
  return updateVirtualMachine(tx, vmId, { node_id: null, composing_since: null, unwanted_since: region.now() });
}

/** One after the other; those that their host does not take away now are left for the next time. @returns how many went */
export async function removeUnwanted(region: Region): Promise<number> {
  // Without a rack each would fail.
  if (region.racks.connected().length === 0) return 0;
  const ctx = systemCtx(region);
  let gone = 0;
  for (const { vm, host } of await unwantedVirtualMachines(region.db.kysely)) {
    try {
      await decomposeOn(ctx, host, vm.uuid);
    } catch (error) {
      region.log.warn(
        { vmHost: host.name, vm: vm.identifier, reason: error instanceof Error ? error.message : String(error) },
        "a virtual machine that nobody needs could not be removed: trying again soon",
      );
      continue;
    }
    await inTransaction(ctx, async (tx) => {
      await deleteVirtualMachines(tx, [vm.id]);
      await appendChange(tx, { kind: "update", entity: "vm_host", entityId: host.id });
    });
    gone++;
  }
  return gone;
}
