/** changes: decode, one call, encode. */
import type { Change as WireChange, ChangesPage } from "@rackwright/contract/objects/recorder";
import { changes } from "@rackwright/contract/resources/recorder";
import { API_ROOT } from "@rackwright/contract/table";
import type { Change } from "@rackwright/db/change";
import { placeText } from "@rackwright/domain/changes/visible";
import { changesPage, changesStream, type StreamItem } from "../app/changes.ts";
import type { Routes } from "../http/route.ts";
import { sseBeat, sseEvent } from "../live/event-stream.ts";
import { eventsReply } from "./events-reply.ts";

const wireChange = (c: Change): WireChange => ({
  id: placeText(c),
  kind: c.kind,
  entity: c.entity,
  entity_id: c.entityId,
  at: c.at.toISOString(),
  payload: c.payload,
});

const encode = (item: StreamItem): string =>
  "change" in item
    ? sseEvent(placeText(item.change), "change", wireChange(item.change))
    : sseBeat(placeText(item.place));

export function changesRoutes(routes: Routes): void {
  routes.on(changes.actions.read, async ({ ctx, params }): Promise<ChangesPage> => {
    const page = await changesPage(ctx, { after: params.after, limit: params.limit, entities: params.entity });
    return {
      changes: page.changes.map(wireChange),
      next: placeText(page.next),
      resource_uri: `${API_ROOT}/changes/`,
    };
  });
  routes.on(changes.actions.stream, async ({ ctx, params, request }) => {
    // What the reader saw last counts, not the address that it began with.
    const items = await changesStream(ctx, { after: request.lastEventId ?? params.after, entities: params.entity });
    return eventsReply(ctx, items, encode);
  });
}
