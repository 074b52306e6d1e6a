/** Rack controllers: what they last said of themselves, whether they are connected now, what is asked of them. */
import type { MachineCriteria } from "@rackwright/db/machine-search";
import type { MachineView } from "@rackwright/db/machine-views";
import { type ImageRow, isComplete, readImages, servedFiles } from "@rackwright/db/images";
import { regionProcesses } from "@rackwright/db/region-process";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import type { Ctx } from "../context.ts";
import type { ConnectedRack } from "../racks/racks.ts";
import { controllerTypes, noController } from "./controllers.ts";
import { searchMachines } from "./machine-view.ts";

export interface RackView {
  view: MachineView;
  connected: boolean;
  /** Whether it serves TFTP; absent while it is not connected, or does not say. */
  tftp?: boolean;
  /** It is a region controller too: whether that runs. */
  regionRuns?: boolean;
}

export async function rackViews(ctx: Ctx, criteria: MachineCriteria): Promise<RackView[]> {
  const connected = new Map(ctx.region.racks.connected().map((r) => [r.nodeId, r]));
  const regions = await regionProcesses(ctx.region.db.kysely);
  const views = await searchMachines(ctx, criteria, { nodeTypes: controllerTypes("rack") });
  return views.map((view) => {
    const region = regions.get(view.row.id);
    return {
      view,
      ...linkOf(connected.get(view.row.id)),
      ...(region ? { regionRuns: region.running } : {}),
    };
  });
}

/** What is known of it by its link. */
export const linkOf = (rack: ConnectedRack | undefined): Pick<RackView, "connected" | "tftp"> => ({
  connected: rack !== undefined,
  ...(rack?.tftp === undefined ? {} : { tftp: rack.tftp }),
});

/** @throws DomainError not_found */
export async function rackView(ctx: Ctx, systemId: string): Promise<RackView> {
  const [rack] = await rackViews(ctx, { id: [systemId] });
  if (!rack) throw noController("rack");
  return rack;
}

export interface RackImages {
  images: ImageRow[];
  connected: boolean;
  status: "synced" | "out-of-sync" | "unknown";
}

/** Images of which the rack holds all files of a complete version. @throws DomainError not_found, rack_unavailable, rack_timeout */
export async function rackImages(ctx: Ctx, systemId: string): Promise<RackImages> {
  const { view, connected } = await rackView(ctx, systemId);
  if (!connected) return { images: [], connected, status: "unknown" };
  const { racks, db } = ctx.region;
  const held = new Set((await racks.call(view.row.id, "listImages", {})).sha256);
  const all = await readImages(db.kysely);
  const images = all.filter((image) =>
    image.sets.some((set) => isComplete(set) && set.files.every((file) => held.has(file.sha256))),
  );
  const wanted = await servedFiles(db.kysely);
  const status = wanted.every(({ sha256 }) => held.has(sha256)) ? "synced" : "out-of-sync";
  return { images, connected, status };
}

/**
 * They look at once for what they lack, and fetch it in their own time.
 * @param systemId absent: all that are connected
 * @returns host names of those that were told
 * @throws DomainError not_found, rack_unavailable, rack_timeout
 */
export async function fetchImages(ctx: Ctx, systemId?: string): Promise<string[]> {
  const { racks, db } = ctx.region;
  const only = systemId === undefined ? undefined : (await rackView(ctx, systemId)).view.row;
  const told = racks.connected().filter((rack) => only === undefined || rack.nodeId === only.id);
  if (told.length === 0)
    throw new DomainError(
      "rack_unavailable",
      only ? `Rack controller ${only.hostname} is not connected: it fetches images when it is back.` : NONE_CONNECTED,
    );
  const files = await servedFiles(db.kysely);
  await Promise.all(told.map((rack) => racks.call(rack.nodeId, "syncImages", { files })));
  return told.map((rack) => rack.hostname);
}

const NONE_CONNECTED = "No rack controller is connected: they fetch images when they are.";

/** @throws DomainError not_found; invalid_fields always: there is no way to do it */
export async function refuseRackTest(ctx: Ctx, systemId: string): Promise<never> {
  const { view } = await rackView(ctx, systemId);
  throw invalidField(
    "testing_scripts",
    `Tests boot a machine into another system, and ${view.row.hostname} would serve no machines meanwhile: test the host as a machine before it becomes a rack controller.`,
  );
}
