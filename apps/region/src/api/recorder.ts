/** timeline, diagnose, inventory_diff, support_bundle of a machine: decode, one call, encode. */
import type { Diagnosis, InventoryDiff, Timeline } from "@rackwright/contract/objects/recorder";
import { machine } from "@rackwright/contract/resources/machines";
import { diagnoseMachine } from "../app/diagnosis.ts";
import { inventoryDiff } from "../app/inventory.ts";
import { machineView } from "../app/machine-view.ts";
import { viewableMachine } from "../app/machines.ts";
import { supportBundle } from "../app/support-bundle.ts";
import { machineTimeline } from "../app/timeline.ts";
import { Raw } from "../http/reply.ts";
import type { Routes } from "../http/route.ts";
import { wireMachine } from "./wire/machine.ts";
import { timelineUri, wireDiagnosis, wireInventoryDiff, wireTimelineItem } from "./wire/recorder.ts";

const idOf = (call: { path: Record<string, string> }) => call.path.system_id ?? "";

export function recorderRoutes(routes: Routes): void {
  const one = machine.actions;
  routes.on(one.timeline, async (call): Promise<Timeline> => {
    const { limit, before, after, level, source } = call.params;
    const page = await machineTimeline(call.ctx, idOf(call), { limit, before, after, level, sources: source });
    return {
      items: page.rows.map(wireTimelineItem),
      next: page.next,
      prev: page.prev,
      resource_uri: timelineUri(page.systemId),
    };
  });
  routes.on(
    one.diagnose,
    async (call): Promise<Diagnosis> => wireDiagnosis(await diagnoseMachine(call.ctx, idOf(call))),
  );
  routes.on(
    one.inventory_diff,
    async (call): Promise<InventoryDiff> =>
      wireInventoryDiff(await inventoryDiff(call.ctx, idOf(call), { from: call.params.from, to: call.params.to })),
  );
  routes.on(one.support_bundle, async (call) => {
    const { machine: seen } = await viewableMachine(call.ctx, idOf(call));
    const { name, bytes } = await supportBundle(call.ctx, seen.systemId, {
      machine: wireMachine(await machineView(call.ctx, seen.id)),
      diagnosis: wireDiagnosis,
      item: wireTimelineItem,
    });
    return new Raw(bytes, "application/gzip", { "content-disposition": `attachment; filename="${name}"` });
  });
}
