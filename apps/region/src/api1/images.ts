/** boot images, boot sources and their selections of API 1.0: decode, one call, encode. */
import type { BootImage, BootSource, BootSourceSelection } from "@rackwright/contract/objects-1.0";
import type { Params, Upload } from "@rackwright/contract/params";
import {
  bootImage,
  bootImages,
  bootSource,
  bootSourceSelection,
  bootSourceSelections,
  bootSources,
} from "@rackwright/contract/resources-1.0/images";
import { API_1_0_ROOT } from "@rackwright/contract/table-1.0";
import { idOf } from "../api/wire/path-id.ts";
import * as selected from "../app/boot-selections.ts";
import * as sources from "../app/boot-sources.ts";
import * as reports from "../app/cluster-reports.ts";
import { clusterOf } from "../app/clusters.ts";
import { chosenRelease } from "../app/old-selections.ts";
import { plainText } from "../http/reply.ts";
import type { Call, Routes } from "../http/route.ts";
import { uuidOf } from "./wire/cluster.ts";

type Pathed = Pick<Call<Params>, "ctx" | "path">;
const root = (call: Pathed) => `${API_1_0_ROOT}/nodegroups/${uuidOf(call)}`;

const wireImage = (call: Pathed, image: reports.ClusterImage): BootImage => ({
  id: image.id,
  osystem: image.osystem,
  release: image.release,
  architecture: image.architecture,
  subarchitecture: image.subarchitecture,
  purpose: image.purpose,
  label: image.label,
  resource_uri: `${root(call)}/boot-images/${image.id}/`,
});

const wireSource = (call: Pathed, source: sources.BootSource): BootSource => ({
  id: source.id,
  url: source.url,
  keyring_filename: source.keyring_filename,
  keyring_data: source.keyring_data.toString("base64"),
  resource_uri: `${root(call)}/boot-sources/${source.id}/`,
});

const wireSelection = (call: Pathed, { source_id, ...selection }: selected.Selection): BootSourceSelection => ({
  id: selection.id,
  os: selection.os,
  release: selection.release,
  arches: selection.arches,
  subarches: selection.subarches,
  labels: selection.labels,
  resource_uri: `${root(call)}/boot-sources/${source_id}/selections/${selection.id}/`,
});

/** A file as it is; text is what the reference says it is, base64. */
function keyring(given: Upload | undefined): Upload | undefined {
  if (given?.bytes === undefined || given.filename !== "") return given;
  const text = Buffer.from(given.bytes).toString("latin1").replace(/\s+/g, "");
  if (text === "" || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) return given;
  const bytes = Buffer.from(text, "base64");
  return { ...given, bytes, sizeBytes: bytes.length };
}

/** Sources are the same for all clusters; the one that is named has to be there. */
const known = (call: Pathed) => clusterOf(call.ctx, uuidOf(call));
const sourceId = (call: Pathed) => idOf(call, "boot source");
const parentId = (call: Pathed) => idOf(call, "boot source", "boot_source_id");
const which = (call: Pathed) => ({ sourceId: parentId(call), id: idOf(call, "selection") });

export function imagesRoutes(routes: Routes): void {
  routes.on(bootImages.actions.read, async (call) =>
    (await reports.clusterImages(call.ctx, uuidOf(call))).map((image) => wireImage(call, image)),
  );
  routes.on(bootImages.actions.report_boot_images, async (call) => {
    await reports.reportImages(call.ctx, uuidOf(call), call.params.images);
    return plainText("OK");
  });
  routes.on(bootImage.actions.read, async (call) =>
    wireImage(call, await reports.clusterImage(call.ctx, uuidOf(call), idOf(call, "image"))),
  );
  sourceRoutes(routes);
  selectionRoutes(routes);
}

function sourceRoutes(routes: Routes): void {
  routes.on(bootSources.actions.read, async (call) => {
    await known(call);
    return (await sources.bootSources(call.ctx)).map((source) => wireSource(call, source));
  });
  routes.on(bootSources.actions.create, async (call) => {
    await known(call);
    const { keyring_data, ...rest } = call.params;
    return wireSource(call, await sources.createSource(call.ctx, { ...rest, keyring_data: keyring(keyring_data) }));
  });
  routes.on(bootSource.actions.read, async (call) => {
    await known(call);
    return wireSource(call, await sources.bootSource(call.ctx, sourceId(call)));
  });
  routes.on(bootSource.actions.update, async (call) => {
    await known(call);
    const { keyring_data, ...rest } = call.params;
    const change = { ...rest, keyring_data: keyring(keyring_data) };
    return wireSource(call, await sources.updateSource(call.ctx, sourceId(call), change));
  });
  routes.on(bootSource.actions.delete, async (call) => {
    await known(call);
    await sources.deleteSource(call.ctx, sourceId(call));
  });
}

function selectionRoutes(routes: Routes): void {
  const { actions: all } = bootSourceSelections;
  const { actions: one } = bootSourceSelection;
  routes.on(all.read, async (call) => {
    await known(call);
    return (await selected.selections(call.ctx, parentId(call))).map((selection) => wireSelection(call, selection));
  });
  routes.on(all.create, async (call) => {
    await known(call);
    const { release, ...rest } = call.params;
    const chosen = { ...rest, release: await chosenRelease(call.ctx, release ?? "") };
    return wireSelection(call, await selected.createSelection(call.ctx, parentId(call), chosen));
  });
  routes.on(one.read, async (call) => {
    await known(call);
    return wireSelection(call, await selected.selection(call.ctx, which(call)));
  });
  routes.on(one.update, async (call) => {
    await known(call);
    const { url: _url, keyring_filename: _keyring, release, ...lists } = call.params;
    const chosen = release === undefined ? lists : { ...lists, release: await chosenRelease(call.ctx, release) };
    return wireSelection(call, await selected.updateSelection(call.ctx, which(call), chosen));
  });
  routes.on(one.delete, async (call) => {
    await known(call);
    await selected.deleteSelection(call.ctx, which(call));
  });
}
