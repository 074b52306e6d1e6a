/** What a decision wants done beyond the machine's own fields: each effect by the part that owns it. */
import type { Tx } from "@rackwright/db/connect";
import { deleteVirtualInterfaces } from "@rackwright/db/addresses";
import { endBootSecrets } from "@rackwright/db/boot-secrets";
import { markImageDeployed } from "@rackwright/db/images";
import { updateMachine } from "@rackwright/db/machines";
import { finishResults } from "@rackwright/db/script-results";
import { dropRestingToken, restToken } from "@rackwright/db/resting-tokens";
import { deleteNodeToken } from "@rackwright/db/users";
import type { Effect, Machine } from "@rackwright/domain/machine/machine";
import type { MachineStatus } from "@rackwright/domain/machine/status";
import { newNodeToken } from "../auth/tokens.ts";
import type { Ctx } from "../context.ts";
import { assignAddresses, clearLinks, defaultLinks, dropUsersBridges, releaseAddresses } from "./addresses.ts";
import { enqueueRegistration } from "./queues.ts";
import { acquireFilesystems, applyDefaultLayout, clearStorage, dropAcquiredFilesystems } from "./storage.ts";

/** Begun with another system than the one that is deployed, which comes back after it. */
const returning: readonly MachineStatus[] = ["entering_rescue_mode", "testing"];

export async function applyEffect(
  ctx: Ctx,
  tx: Tx,
  machine: Machine,
  effect: Exclude<Effect, { do: "discard" }>,
): Promise<void> {
  switch (effect.do) {
    case "finish_results": {
      const ids = {
        commissioning: machine.commissioningSetId,
        testing: machine.testingSetId,
        installation: machine.installationSetId,
        release: machine.releaseSetId,
      };
      await finishResults(
        tx,
        effect.sets.map((set) => ids[set]).filter((id) => id !== null),
        effect.as,
        ctx.region.now(),
      );
      return;
    }
    case "new_token":
      // The system on its disks may run again: it has no other credentials than its own.
      if (!returning.includes(machine.status)) await dropRestingToken(tx, machine.id);
      else if (machine.previousStatus === "deployed") await restToken(tx, machine.id);
      await newNodeToken(ctx.region, tx, machine.id);
      return;
    case "revoke_token":
      // Marked broken while another system ran, it is Deployed again when it is fixed.
      if (machine.status !== "broken" || machine.previousStatus !== "deployed") await dropRestingToken(tx, machine.id);
      return deleteNodeToken(tx, machine.id);
    case "end_boot_secrets":
      return endBootSecrets(tx, machine.id, ctx.region.now());
    case "clear_storage":
      return clearStorage(tx, machine.id);
    case "acquire_filesystems":
      return acquireFilesystems(tx, machine.id);
    case "drop_acquired":
      return dropAcquiredFilesystems(tx, machine.id);
    case "default_storage_layout":
      return applyDefaultLayout(ctx, tx, machine.id);
    case "clear_links":
      return clearLinks(tx, machine.id);
    case "drop_virtual_interfaces":
      return deleteVirtualInterfaces(tx, machine.id);
    case "default_links":
      return defaultLinks(tx, machine.id);
    case "assign_addresses":
      return assignAddresses(tx, machine.id);
    case "release_addresses":
      return releaseAddresses(tx, machine.id);
    case "set_user_data":
      return updateMachine(tx, machine.id, {}, { user_data: effect.data === null ? null : Buffer.from(effect.data) });
    case "clear_owner_data":
      await dropUsersBridges(tx, machine.id);
      return updateMachine(tx, machine.id, {}, { owner_data: "{}", allocated_token: null });
    case "register_vm_host":
      return enqueueRegistration(ctx, tx, machine);
    case "forget_vm_host_password":
      return updateMachine(tx, machine.id, {}, { vm_host_password: null });
    case "mark_image_deployed":
      return markImageDeployed(tx, `${machine.osystem}/${machine.distroSeries}`, ctx.region.now());
  }
}
