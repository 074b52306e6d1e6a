/** Images that users upload: in one piece with the request, or announced and sent in pieces (reference: boot.md section 9). */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { Readable } from "node:stream";
import type { Upload } from "@rackwright/contract/params";
import { appendChange } from "@rackwright/db/change";
import type { Tx } from "@rackwright/db/connect";
import {
  deleteImageSets,
  type ImageRow,
  knownSize,
  mainArchitecture,
  putImageSet,
  readImages,
  readUpload,
  storeUploadProgress,
  SYNCED,
  upsertImage,
  UPLOADED,
} from "@rackwright/db/images";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { baseImage, nextVersion, uploadedFile, uploadName } from "@rackwright/domain/images/upload";
import { parseArchitecture } from "@rackwright/domain/machine/names";
import { type Ctx, inTransaction } from "../context.ts";
import { getConfig } from "./config.ts";
import { auditImage, imageId, noImage } from "./images.ts";

export interface UploadRequest {
  name: string;
  architecture: string;
  sha256: string | undefined;
  sizeBytes: number | undefined;
  title: string | undefined;
  packing: string | undefined;
  baseImage: string | undefined;
  content: Upload | undefined;
  keepOld: boolean;
}

interface Content {
  sha256: string;
  sizeBytes: number;
}

/** @throws DomainError invalid_fields */
export async function createUpload(ctx: Ctx, request: UploadRequest): Promise<ImageRow> {
  const announced = request.content ? await measure(request.content) : announcement(request);
  checkAnnouncement(request, announced);
  const file = uploadedFile(request.packing ?? "tgz");
  // All is checked before gigabytes are stored, and again when the row is made.
  await inTransaction(ctx, (tx) => describe(ctx, tx, request));
  if (request.content) await ctx.region.images.put(open(request.content), announced);
  const there = await isThere(ctx, announced);
  const id = await inTransaction(ctx, async (tx) => {
    const known = await knownSize(tx, announced.sha256);
    if (known && known.sizeBytes !== announced.sizeBytes)
      throw invalidField("size", `A file with this SHA-256 is known here, and has ${known.sizeBytes} bytes.`);
    const image = await describe(ctx, tx, request);
    const resourceId = await upsertImage(tx, { ...image, rtype: UPLOADED, kflavor: null });
    const before = (await readImages(tx, { id: resourceId }))[0]?.sets ?? [];
    const version = nextVersion(
      ctx.region.now(),
      before.map((set) => set.version),
    );
    const extra = { keepOld: request.keepOld };
    await putImageSet(tx, resourceId, {
      version,
      label: "uploaded",
      files: [{ ...file, ...announced, complete: there, extra }],
    });
    if (there) await dropOlder(tx, resourceId, request.keepOld);
    await appendChange(tx, { kind: "update", entity: "image", entityId: resourceId });
    await auditImage(ctx, tx, `Uploaded image '${image.name}' ${version} for ${image.architecture}.`);
    return resourceId;
  });
  const [image] = await readImages(ctx.region.db.kysely, { id });
  if (!image) throw noImage();
  return image;
}

/** Size and hash of what will come. */
function announcement({ sha256, sizeBytes }: UploadRequest): Content {
  if (sha256 === undefined || sha256 === "")
    throw invalidField("sha256", "Required without content: the SHA-256 of the image, then send it in pieces.");
  if (sizeBytes === undefined) throw invalidField("size", "Required without content: the size of the image in bytes.");
  return { sha256: sha256.toLowerCase(), sizeBytes };
}

function checkAnnouncement(request: UploadRequest, content: Content): void {
  if (content.sizeBytes === 0) throw invalidField("content", "The submitted file is empty.");
  if (request.sizeBytes !== undefined && request.sizeBytes !== content.sizeBytes)
    throw invalidField("size", `The content has ${content.sizeBytes} bytes, not ${request.sizeBytes}.`);
  if (request.sha256 && request.sha256.toLowerCase() !== content.sha256)
    throw invalidField("sha256", `The content's SHA-256 is ${content.sha256}.`);
}

/** Whether the store has the content already, by another image. */
async function isThere(ctx: Ctx, { sha256, sizeBytes }: Content): Promise<boolean> {
  const path = await ctx.region.images.path(sha256);
  if (path === undefined) return false;
  const { size } = await stat(path);
  if (size !== sizeBytes) throw invalidField("size", `A file with this SHA-256 is known here, and has ${size} bytes.`);
  return true;
}

async function describe(ctx: Ctx, tx: Tx, request: UploadRequest) {
  const synced = await readImages(tx, { rtype: SYNCED });
  const name = uploadName(
    request.name,
    synced.map((image) => image.name),
  );
  const parsed = parseArchitecture(request.architecture);
  if ("problem" in parsed) throw invalidField("architecture", parsed.problem);
  const { architecture } = parsed;
  const usable = new Set(synced.map((image) => mainArchitecture(image.architecture)));
  if (usable.size > 0 && !usable.has(mainArchitecture(architecture)))
    throw invalidField(
      "architecture",
      `No machine of ${architecture} can be booted here: there are images for ${[...usable].join(", ")}.`,
    );
  const { commissioning_osystem, commissioning_distro_series } = await getConfig(
    tx,
    "commissioning_osystem",
    "commissioning_distro_series",
  );
  const base = baseImage(request.baseImage || `${commissioning_osystem}/${commissioning_distro_series}`);
  const title = request.title ?? "";
  const extra = { subarches: architecture.split("/")[1] ?? "generic", ...(title ? { title } : {}) };
  return { name, architecture, title, baseImage: base, extra };
}

function open(upload: Upload): Readable {
  return upload.path === undefined
    ? Readable.from([Buffer.from(upload.bytes ?? [])])
    : createReadStream(upload.path, { highWaterMark: 1 << 20 });
}

async function measure(upload: Upload): Promise<Content> {
  const hash = createHash("sha256");
  let sizeBytes = 0;
  for await (const chunk of open(upload) as AsyncIterable<Buffer>) {
    hash.update(chunk);
    sizeBytes += chunk.length;
  }
  return { sha256: hash.digest("hex"), sizeBytes };
}

/** Older uploads go once the new one is whole: an upload that fails costs nothing. */
async function dropOlder(tx: Tx, resourceId: number, keepOld: boolean): Promise<void> {
  if (keepOld) return;
  const [image] = await readImages(tx, { id: resourceId });
  await deleteImageSets(tx, image?.sets.slice(1).map((set) => set.id) ?? []);
}

/**
 * Take the next piece.
 * @throws DomainError forbidden when the image was imported, bad_request when the piece is empty, too long or the whole is not what was announced
 */
export async function appendPiece(
  ctx: Ctx,
  image: string,
  file: string,
  piece: { body: Readable; contentLength: number | undefined },
): Promise<void> {
  const { db, images } = ctx.region;
  const resourceId = imageId(image);
  const row = await readUpload(db.kysely, resourceId, imageId(file));
  if (!row) throw noImage();
  if (row.rtype !== UPLOADED) throw new DomainError("forbidden", "This image was imported: only uploads take content.");
  if (row.complete) throw new DomainError("bad_request", "This file is complete: nothing can be added.");
  if (piece.contentLength === 0) throw new DomainError("bad_request", "The piece is empty.");
  const left = row.sizeBytes - row.receivedBytes;
  if ((piece.contentLength ?? 0) > left)
    throw new DomainError(
      "bad_request",
      `The piece has ${piece.contentLength} bytes, and ${left} are left of the file.`,
    );
  const store = (progress: { receivedBytes: number; complete: boolean }) =>
    inTransaction(ctx, async (tx) => {
      await storeUploadProgress(tx, row.id, progress);
      if (progress.complete) await dropOlder(tx, resourceId, row.extra["keepOld"] === true);
      await appendChange(tx, { kind: "update", entity: "image", entityId: resourceId });
    });
  const { sha256, sizeBytes, receivedBytes: offset } = row;
  let came = 0;
  const counted = async function* () {
    for await (const chunk of piece.body as AsyncIterable<Buffer>) {
      came += chunk.length;
      yield chunk;
    }
  };
  const body = Readable.from(counted(), { objectMode: false });
  try {
    const progress = await images.append({ key: String(row.id), sha256, sizeBytes, offset }, body);
    if (came === 0) throw new DomainError("bad_request", "The piece is empty.");
    await store(progress);
  } catch (error) {
    // All had come and was not what was announced: the store has thrown it away, and it begins anew.
    if (error instanceof DomainError && error.code === "bad_request" && came === left)
      await store({ receivedBytes: 0, complete: false });
    throw error;
  }
}
