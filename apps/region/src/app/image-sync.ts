/** What regions tell each other of the image files that they hold. */
import { RACK_IMAGES } from "@rackwright/contract/rack-protocol";
import { appendChange } from "@rackwright/db/change";
import { type SyncedFile, storeSynced, syncedBytes, syncedFiles } from "@rackwright/db/image-sync";
import { regionProcesses } from "@rackwright/db/region-process";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { asId } from "@rackwright/domain/network/specifier";
import { type Ctx, inTransaction } from "../context.ts";
import { regionView, regionViews } from "./controllers.ts";

export interface FileSources extends Omit<SyncedFile, "regions"> {
  sources: string[];
}

/** @param withSources whether to say where each can be had */
export async function fileSources(ctx: Ctx, withSources: boolean): Promise<FileSources[]> {
  const files = await syncedFiles(ctx.region.db.kysely);
  const roots = withSources ? await regionRoots(ctx) : new Map<number, string[]>();
  return files.map(({ regions, ...file }) => ({
    ...file,
    sources: regions.flatMap((id) => (roots.get(id) ?? []).map((root) => `${root}${RACK_IMAGES}${file.sha256}`)),
  }));
}

/** Origins of each region, by node. */
async function regionRoots(ctx: Ctx): Promise<Map<number, string[]>> {
  const processes = await regionProcesses(ctx.region.db.kysely);
  const views = await regionViews(ctx, {});
  return new Map(
    views.map((view) => {
      const port = processes.get(view.row.id)?.port;
      const ips = view.interfaces.flatMap((nic) => (view.links.get(nic.id) ?? []).flatMap(({ ip }) => ip ?? []));
      const hosts = ips.map((ip) => (ip.includes(":") ? `[${ip}]` : ip));
      return [view.row.id, port === undefined ? [] : hosts.map((host) => `http://${host}:${port}`)];
    }),
  );
}

const noFile = (id: string | number) => new DomainError("not_found", `There is no image file ${id}.`);

/** @throws DomainError not_found */
export async function bytesHeld(ctx: Ctx, fileId: string, systemId: string): Promise<number> {
  const { row } = await regionView(ctx, systemId);
  const id = asId(fileId);
  const size = id === undefined ? undefined : await syncedBytes(ctx.region.db.kysely, id, row.id);
  if (size === undefined) throw noFile(fileId);
  return size;
}

/** @throws DomainError not_found, invalid_fields */
export async function tellHeld(ctx: Ctx, systemId: string, ids: readonly string[], sizeBytes: number): Promise<void> {
  const { row } = await regionView(ctx, systemId);
  const numbers = ids.map((id) => {
    const number = asId(id);
    if (number === undefined) throw invalidField("ids", `'${id}' is no id of a file: ids are numbers.`);
    return number;
  });
  await inTransaction(ctx, async (tx) => {
    const [missing] = await storeSynced(tx, row.id, numbers, sizeBytes);
    if (missing !== undefined) throw noFile(missing);
    await appendChange(tx, { kind: "update", entity: "image", entityId: "sync" });
  });
}
