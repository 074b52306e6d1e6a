/** What an import has to bring: the mirrors asked, the selections applied. */
import { readFile } from "node:fs/promises";
import type { SourceToImport } from "@rackwright/db/image-import";
import { compareVersions } from "@rackwright/db/images";
import { DomainError } from "@rackwright/domain/errors";
import { productPaths, type Selection, type StreamImage, wantedImages } from "@rackwright/domain/images/streams";
import { type Mirror, openMirror } from "../images/mirror.ts";

export interface PlannedImage extends StreamImage {
  mirror: Mirror;
}

export interface ImportPlan {
  images: PlannedImage[];
  /** What kept something from being found, by source, address and file. */
  problems: string[];
  /** Selected, and nowhere announced. */
  missing: string[];
}

/** Index and product lists have up to these; a mirror with more is none of ours. */
const MOST_LISTS = 32;
const MOST_KEYRING_BYTES = 1 << 20;

/** One source that fails keeps no other from being read. */
export async function planImport(sources: readonly SourceToImport[], signal: AbortSignal): Promise<ImportPlan> {
  const plan: ImportPlan = { images: [], problems: [], missing: [] };
  for (const source of sources) {
    try {
      const images = await imagesOf(source, signal);
      for (const image of images) add(plan.images, image);
      for (const selection of source.selections)
        if (!images.some((image) => fits(selection, image)))
          plan.missing.push(
            `Boot source ${source.url} announces nothing of the selected ${selection.os}/${selection.release}.`,
          );
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof DomainError)) throw error;
      plan.problems.push(`Boot source ${source.url}: ${error.message}`);
    }
  }
  return plan;
}

const fits = (selection: Selection, image: StreamImage) =>
  selection.os === image.os && selection.release === image.release;

/** By this an image is the same one: see `upsertImage`. */
export const imageName = (image: StreamImage): string => `${image.os}/${image.release}`;
export const imageArchitecture = (image: StreamImage): string => `${image.arch}/${image.subarch}`;

/** Of two sources that announce the same image, the newer version; the earlier source where they are equal. */
function add(images: PlannedImage[], image: PlannedImage): void {
  const key = (one: StreamImage) => `${imageName(one)} ${imageArchitecture(one)} ${one.kflavor}`;
  const at = images.findIndex((other) => key(other) === key(image));
  const other = images[at];
  if (!other) images.push(image);
  else if (compareVersions(image.version, other.version) > 0) images[at] = image;
}

async function imagesOf(source: SourceToImport, signal: AbortSignal): Promise<PlannedImage[]> {
  if (source.selections.length === 0) return [];
  const mirror = openMirror({ url: source.url, keyring: await keyringOf(source) });
  const read = async <T>(path: string, parse: (json: unknown) => T): Promise<T> => {
    const json = await mirror.text(path, signal);
    try {
      return parse(json);
    } catch (error) {
      if (error instanceof DomainError) throw new DomainError("bad_request", `${mirror.url}${path} ${error.message}`);
      throw error;
    }
  };
  const paths = await read("streams/v1/index.json", productPaths);
  if (paths.length > MOST_LISTS)
    throw new DomainError(
      "bad_request",
      `${mirror.url}streams/v1/index.json names ${paths.length} lists, more than ${MOST_LISTS}`,
    );
  const images: PlannedImage[] = [];
  for (const path of new Set(paths)) {
    const found = await read(path, (json) => wantedImages(json, source.selections));
    for (const image of found) add(images, { ...image, mirror });
  }
  return images;
}

async function keyringOf({ keyringFilename, keyringData }: SourceToImport): Promise<Uint8Array | undefined> {
  if (keyringFilename === "") return keyringData.length > 0 ? keyringData : undefined;
  try {
    const bytes = await readFile(keyringFilename);
    if (bytes.length === 0 || bytes.length > MOST_KEYRING_BYTES) throw new Error(`it has ${bytes.length} bytes`);
    return bytes;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new DomainError("bad_request", `its keyring ${keyringFilename} cannot be read: ${why}`, { cause });
  }
}
