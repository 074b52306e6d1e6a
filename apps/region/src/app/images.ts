/** Images as users and the builder handle them: listed, registered, deleted. Uploads: image-uploads.ts. */
import { appendChange } from "@rackwright/db/change";
import { storeConfig, storedConfig } from "@rackwright/db/config";
import {
  compareVersions,
  deleteImage as deleteImageRow,
  deleteImageSets,
  type ImageRow,
  type ImageSetRow,
  type NewImageFile,
  putImageSet,
  readImages,
  SYNCED,
  upsertImage,
  UPLOADED,
} from "@rackwright/db/images";
import { insertEvents } from "@rackwright/db/history";
import { DomainError } from "@rackwright/domain/errors";
import type { Tx } from "@rackwright/db/connect";
import { actorName, type Ctx, inTransaction, type Region, systemCtx } from "../context.ts";

/** What the builder made (images/src/manifest.ts), with absolute paths. */
export interface BuiltImage {
  osystem: string;
  release: string;
  title: string;
  architecture: string;
  subarchitecture: string;
  kflavor: string;
  version: string;
  files: readonly { path: string; sizeBytes: number; sha256: string; filetype: string; filename: string }[];
}

export type {
  ImageFileRow as ImageFile,
  ImageRow as ImageResource,
  ImageSetRow as ImageSet,
} from "@rackwright/db/images";

const rtypes: Record<string, number> = { synced: SYNCED, uploaded: UPLOADED };

export function listImages(ctx: Ctx, type: string | undefined): Promise<ImageRow[]> {
  const rtype = rtypes[type ?? "all"];
  return readImages(ctx.region.db.kysely, rtype === undefined ? {} : { rtype });
}

/** @throws DomainError not_found */
export async function readImage(ctx: Ctx, id: string): Promise<ImageRow> {
  const [image] = await readImages(ctx.region.db.kysely, { id: imageId(id) });
  if (image) return image;
  throw noImage();
}

/** Its content goes with the next clean-up, unless another image has the same. */
export async function deleteImage(ctx: Ctx, id: string): Promise<void> {
  await inTransaction(ctx, async (tx) => {
    const name = await deleteImageRow(tx, imageId(id));
    if (name === undefined) throw noImage();
    await auditImage(ctx, tx, `Deleted image '${name}'.`);
    await appendChange(tx, { kind: "delete", entity: "image", entityId: imageId(id) });
  });
}

export function auditImage(ctx: Ctx, tx: Tx, description: string): Promise<void> {
  const subject = { nodeId: null, hostname: "", username: actorName(ctx.actor) };
  return insertEvents(tx, subject, [{ type: "IMAGES", description }]);
}

/** The number in a path. @throws DomainError not_found for words */
export function imageId(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw noImage();
}

export const noImage = () => new DomainError("not_found", "No BootResource matches the given query.");

/**
 * Register what the builder made; again and again without harm. The set before it stays for machines that are booting from it, older ones go.
 * @returns the image's id
 */
export async function importBuiltImage(region: Region, manifest: BuiltImage): Promise<number> {
  for (const { path, sha256, sizeBytes } of manifest.files) await region.images.link(path, { sha256, sizeBytes });
  const name = `${manifest.osystem}/${manifest.release}`;
  const architecture = `${manifest.architecture}/${manifest.subarchitecture}`;
  const files: NewImageFile[] = manifest.files.map((file) => ({
    filename: file.filename,
    filetype: file.filetype,
    sha256: file.sha256,
    sizeBytes: file.sizeBytes,
    complete: true,
  }));
  return inTransaction(systemCtx(region), async (tx) => {
    await chooseDefaults(tx, manifest);
    const id = await upsertImage(tx, {
      rtype: SYNCED,
      name,
      architecture,
      title: manifest.title,
      baseImage: "",
      kflavor: manifest.kflavor,
      extra: { subarches: manifest.subarchitecture, kflavor: manifest.kflavor },
    });
    const [image] = await readImages(tx, { id });
    const sets = image?.sets ?? [];
    if (sets.some((set) => set.version === manifest.version && sameFiles(set, files))) return id;
    await putImageSet(tx, id, { version: manifest.version, label: "built", files });
    const others = sets.filter((set) => set.version !== manifest.version);
    others.sort((a, b) => compareVersions(b.version, a.version));
    await deleteImageSets(
      tx,
      others.slice(1).map((set) => set.id),
    );
    await appendChange(tx, { kind: "update", entity: "image", entityId: id });
    return id;
  });
}

function sameFiles(set: ImageSetRow, files: readonly NewImageFile[]): boolean {
  const described = (all: readonly Pick<NewImageFile, "filename" | "filetype" | "sha256" | "complete">[]) =>
    all
      .map((file) => [file.filename, file.filetype, file.sha256, file.complete].join(" "))
      .sort()
      .join("\n");
  return described(set.files) === described(files);
}

/** Where no Ubuntu is there and nobody chose: what the builder made is what machines are booted with and given. */
async function chooseDefaults(tx: Tx, { osystem, release }: BuiltImage): Promise<void> {
  const images = await readImages(tx, { rtype: SYNCED });
  if (images.some(({ name }) => name.startsWith("ubuntu/"))) return;
  for (const [system, series] of [
    ["default_osystem", "default_distro_series"],
    ["commissioning_osystem", "commissioning_distro_series"],
  ] as const) {
    const stored = await storedConfig(tx, [system, series]);
    if (stored.size > 0) continue;
    await storeConfig(tx, system, osystem);
    await storeConfig(tx, series, release);
    for (const name of [system, series]) await appendChange(tx, { kind: "update", entity: "config", entityId: name });
  }
}
