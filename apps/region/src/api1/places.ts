/** zones and tags of API 1.0: decode, one call, encode. */
import type { Tag } from "@rackwright/contract/objects-1.0";
import { tag, tags, zone, zones } from "@rackwright/contract/resources-1.0/places";
import { API_1_0_ROOT } from "@rackwright/contract/table-1.0";
import { updateTagNodesFor } from "../app/cluster-worker.ts";
import * as places from "../app/places.ts";
import * as app from "../app/tags.ts";
import type { Routes } from "../http/route.ts";
import { wireNode, wireZone } from "./wire/node.ts";

const wireTag = ({ name, definition, comment, kernelOpts }: Awaited<ReturnType<typeof app.readTag>>): Tag => ({
  name,
  definition,
  comment,
  kernel_opts: kernelOpts === "" ? null : kernelOpts,
  resource_uri: `${API_1_0_ROOT}/tags/${encodeURIComponent(name)}/`,
});

const nameOf = ({ path }: { path: Record<string, string> }) => path.name ?? "";
const MACHINE = [0];

export function placesRoutes(routes: Routes): void {
  routes.on(zones.actions.read, async ({ ctx }) =>
    (await places.zones(ctx)).map(wireZone).sort((a, b) => (a.name < b.name ? -1 : 1)),
  );
  routes.on(zones.actions.create, async ({ ctx, params }) => wireZone(await places.createZone(ctx, params)));
  routes.on(zone.actions.read, async (call) => wireZone(await places.zone(call.ctx, nameOf(call))));
  routes.on(zone.actions.update, async (call) =>
    wireZone(await places.updateZone(call.ctx, nameOf(call), call.params)),
  );
  routes.on(zone.actions.delete, (call) => places.deleteZone(call.ctx, nameOf(call)));
  tagRoutes(routes);
}

function tagRoutes(routes: Routes): void {
  routes.on(tags.actions.list, async ({ ctx }) => (await app.listTags(ctx)).map(wireTag));
  routes.on(tags.actions.new, async ({ ctx, params }) =>
    wireTag(
      await app.createTag(ctx, {
        name: params.name,
        definition: params.definition ?? "",
        comment: params.comment ?? "",
        kernelOpts: params.kernel_opts ?? "",
      }),
    ),
  );
  routes.on(tag.actions.read, async (call) => wireTag(await app.readTag(call.ctx, nameOf(call))));
  routes.on(tag.actions.delete, (call) => app.deleteTag(call.ctx, nameOf(call)));
  routes.on(tag.actions.update, async (call) => {
    const { name, comment, definition, kernel_opts: kernelOpts } = call.params;
    return wireTag(await app.updateTag(call.ctx, nameOf(call), { name, comment, definition, kernelOpts }));
  });
  routes.on(tag.actions.nodes, async (call) => (await app.nodesWithTag(call.ctx, nameOf(call), MACHINE)).map(wireNode));
  routes.on(tag.actions.rebuild, async (call) => ({ rebuilding: await app.rebuildTag(call.ctx, nameOf(call)) }));
  routes.on(tag.actions.update_nodes, async (call) => {
    const { nodegroup, ...change } = call.params;
    return updateTagNodesFor(call.ctx, nameOf(call), nodegroup, change);
  });
}
