/** What controllers ask of each other through the API: agent configuration, progress of image files. Decode, one call, encode. */
import { agentConfig, imagesSyncProgress, imageSyncProgress } from "@rackwright/contract/resources/controllers";
import { agentConfigOf } from "../app/agent-config.ts";
import { bytesHeld, fileSources, tellHeld } from "../app/image-sync.ts";
import { plainText } from "../http/reply.ts";
import type { Routes } from "../http/route.ts";

export function controllersInternalRoutes(routes: Routes): void {
  routes.on(agentConfig.actions.read, ({ ctx, path }) =>
    agentConfigOf(ctx, path.system_id ?? "", path.service_name ?? ""),
  );
  routes.on(agentConfig.actions.create, async () =>
    plainText("What a rack controller is told follows from the networks: change VLANs, subnets and ranges instead."),
  );
  routes.on(imagesSyncProgress.actions.read, async ({ ctx, params }) =>
    Object.fromEntries(
      (await fileSources(ctx, params.sources ?? true)).map(({ id, sha256, sizeBytes, sources }) => [
        id,
        { sha256, filename_on_disk: sha256, size: sizeBytes, sources },
      ]),
    ),
  );
  routes.on(imagesSyncProgress.actions.create, async ({ ctx, params }) => {
    await tellHeld(ctx, params.system_id, params.ids, params.size ?? 0);
    return null;
  });
  const one = imageSyncProgress.actions;
  routes.on(one.read, async ({ ctx, path }) => ({
    size: await bytesHeld(ctx, path.file_id ?? "", path.system_id ?? ""),
  }));
  routes.on(one.update, async ({ ctx, path, params }) => {
    // Of the path: an id that is no number is a file that is not there.
    await bytesHeld(ctx, path.file_id ?? "", path.system_id ?? "");
    await tellHeld(ctx, path.system_id ?? "", [path.file_id ?? ""], params.size ?? 0);
    return null;
  });
}
