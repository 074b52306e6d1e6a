/** boot-sources and their selections: decode, one call, encode. */
import type { BootSource, BootSourceSelection } from "@rackwright/contract/objects/software";
import {
  bootSource,
  bootSourceSelection,
  bootSourceSelections,
  bootSources,
} from "@rackwright/contract/resources/boot-sources";
import { API_ROOT } from "@rackwright/contract/table";
import * as selected from "../app/boot-selections.ts";
import * as app from "../app/boot-sources.ts";
import type { Routes } from "../http/route.ts";
import { plainDate } from "./wire/dates.ts";
import { idOf } from "./wire/path-id.ts";

const wireSource = (source: app.BootSource): BootSource => ({
  created: plainDate(source.created_at),
  updated: plainDate(source.updated_at),
  url: source.url,
  keyring_filename: source.keyring_filename,
  keyring_data: source.keyring_data.toString("base64"),
  id: source.id,
  resource_uri: `${API_ROOT}/boot-sources/${source.id}/`,
});

const wireSelection = ({ source_id, ...selection }: selected.Selection): BootSourceSelection => ({
  ...selection,
  boot_source_id: source_id,
  resource_uri: `${API_ROOT}/boot-sources/${source_id}/selections/${selection.id}/`,
});

type Pathed = { path: Record<string, string> };
const sourceId = (call: Pathed) => idOf(call, "boot source");
const parentId = (call: Pathed) => idOf(call, "boot source", "boot_source_id");
const which = (call: Pathed) => ({ sourceId: parentId(call), id: idOf(call, "selection") });

export function bootSourcesRoutes(routes: Routes): void {
  routes.on(bootSources.actions.read, async ({ ctx }) => (await app.bootSources(ctx)).map(wireSource));
  routes.on(bootSources.actions.create, async ({ ctx, params }) =>
    wireSource(await app.createSource(ctx, params, true)),
  );
  routes.on(bootSource.actions.read, async (call) => wireSource(await app.bootSource(call.ctx, sourceId(call))));
  routes.on(bootSource.actions.update, async (call) =>
    wireSource(await app.updateSource(call.ctx, sourceId(call), call.params, true)),
  );
  routes.on(bootSource.actions.delete, (call) => app.deleteSource(call.ctx, sourceId(call)));

  const { actions: all } = bootSourceSelections;
  const { actions: one } = bootSourceSelection;
  routes.on(all.read, async (call) => (await selected.selections(call.ctx, parentId(call))).map(wireSelection));
  routes.on(all.create, async (call) =>
    wireSelection(await selected.createSelection(call.ctx, parentId(call), call.params)),
  );
  routes.on(one.read, async (call) => wireSelection(await selected.selection(call.ctx, which(call))));
  routes.on(one.update, async (call) =>
    wireSelection(await selected.updateSelection(call.ctx, which(call), call.params)),
  );
  routes.on(one.delete, (call) => selected.deleteSelection(call.ctx, which(call)));
}
