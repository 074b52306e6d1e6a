import type { Tag as WireTag, TagEvaluation as WireEvaluation } from "@rackwright/contract/objects/common";
import { tag, tags } from "@rackwright/contract/resources/misc";
import { API_ROOT } from "@rackwright/contract/table";
import { controllerTypes } from "../app/controllers.ts";
import * as app from "../app/tags.ts";
import type { Routes } from "../http/route.ts";
import { wireDevice } from "./wire/device.ts";
import { wireMachine } from "./wire/machine.ts";
import { wireNode } from "./wire/node.ts";
import { wireRackController, wireRegionController } from "./wire/rack.ts";

type Tag = Awaited<ReturnType<typeof app.readTag>>;

const wireTag = ({ name, definition, comment, kernelOpts }: Tag): WireTag => ({
  name,
  definition,
  comment,
  kernel_opts: kernelOpts,
  resource_uri: `${API_ROOT}/tags/${encodeURIComponent(name)}/`,
});

type Evaluation = Awaited<ReturnType<typeof app.readTagEvaluation>>;

const wireEvaluation = ({ tag: { name, definition }, evaluation }: Evaluation): WireEvaluation => ({
  tag: name,
  definition,
  state: evaluation?.state ?? "none",
  total: evaluation?.total ?? 0,
  done: evaluation?.done ?? 0,
  matched: evaluation?.matched ?? 0,
  unreadable: evaluation?.unreadable ?? 0,
  error: evaluation?.error ?? null,
  wanted: evaluation?.wantedAt.toISOString() ?? null,
  started: evaluation?.startedAt?.toISOString() ?? null,
  finished: evaluation?.finishedAt?.toISOString() ?? null,
});

const nameOf = ({ path }: { path: Record<string, string> }) => path.name ?? "";
const MACHINE = [0];

export function tagsRoutes(routes: Routes): void {
  routes.on(tags.actions.read, async ({ ctx }) => (await app.listTags(ctx)).map(wireTag));
  routes.on(tags.actions.create, async ({ ctx, params }) =>
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
  routes.on(tag.actions.delete, async (call) => app.deleteTag(call.ctx, nameOf(call)));
  routes.on(tag.actions.update, async (call) => {
    const { name, comment, definition, kernel_opts: kernelOpts } = call.params;
    return wireTag(await app.updateTag(call.ctx, nameOf(call), { name, comment, definition, kernelOpts }));
  });
  routes.on(tag.actions.rebuild, async (call) => ({ rebuilding: await app.rebuildTag(call.ctx, nameOf(call)) }));
  routes.on(tag.actions.evaluation, async (call) =>
    wireEvaluation(await app.readTagEvaluation(call.ctx, nameOf(call))),
  );
  routes.on(tag.actions.devices, async (call) => (await app.devicesWithTag(call.ctx, nameOf(call))).map(wireDevice));
  routes.on(tag.actions.rack_controllers, async (call) =>
    (await app.racksWithTag(call.ctx, nameOf(call))).map(wireRackController),
  );
  routes.on(tag.actions.region_controllers, async (call) =>
    (await app.nodesWithTag(call.ctx, nameOf(call), controllerTypes("region"))).map(wireRegionController),
  );
  routes.on(tag.actions.machines, async (call) =>
    (await app.nodesWithTag(call.ctx, nameOf(call), MACHINE)).map(wireMachine),
  );
  routes.on(tag.actions.nodes, async (call) => (await app.anyNodesWithTag(call.ctx, nameOf(call))).map(wireNode));
  routes.on(tag.actions.update_nodes, async (call) => {
    const { add, remove, definition } = call.params;
    return app.updateTagNodes(call.ctx, nameOf(call), { add, remove, definition });
  });
}
