/** mount_special, unmount_special of machine: decode, one call, encode. */
import { machine } from "@rackwright/contract/resources/machines";
import { mountInMemory, unmountInMemory } from "../app/filesystems.ts";
import { viewableMachine } from "../app/machines.ts";
import { machineView } from "../app/machine-view.ts";
import type { Ctx } from "../context.ts";
import type { Routes } from "../http/route.ts";
import { wireMachine } from "./wire/machine.ts";

async function shown(ctx: Ctx, systemId: string) {
  const loaded = await viewableMachine(ctx, systemId);
  return wireMachine(await machineView(ctx, loaded.machine.id));
}

export function specialFilesystemsRoutes(routes: Routes): void {
  const { mount_special, unmount_special } = machine.actions;
  routes.on(mount_special, async ({ ctx, path: { system_id = "" }, params }) => {
    const mountOptions = params.mount_options ?? params.mount_option;
    await mountInMemory(ctx, system_id, { fstype: params.fstype, mountPoint: params.mount_point, mountOptions });
    return shown(ctx, system_id);
  });
  routes.on(unmount_special, async ({ ctx, path: { system_id = "" }, params }) => {
    await unmountInMemory(ctx, system_id, params.mount_point);
    return shown(ctx, system_id);
  });
}
