/** `/images/<sha256>/...`: what machines fetch of an image. Only the checksum counts; what follows it is for people who read logs. */
import { type BootFile, BootFileUnavailable, type BootFiles, type FileRequest } from "../boot-files.ts";
import type { ImageCache, ImageFile } from "./cache.ts";

/** A machine waits for a file that the rack has to fetch first. Evidence, so that the timeline says what it waits for. */
export interface ImageWaitEvent {
  file: string;
  remoteAddress: string;
  sha256: string;
  outcome: "waiting" | "arrived" | "failed";
  haveBytes: number;
  sizeBytes: number;
  durationMs: number;
  reason?: string;
}

export interface ImageBootFilesOptions {
  /** Longest wait of one request. Afterwards the machine is told to come back; the download goes on. */
  waitLimitMs?: number;
  onWait?: (event: ImageWaitEvent) => void;
}

/** `index`: the files of all images that machines may boot now. */
export const imageBootFiles = (
  cache: ImageCache,
  index: () => Iterable<ImageFile>,
  options: ImageBootFilesOptions = {},
): BootFiles => ({
  async open(request) {
    const [folder, name = ""] = request.path.split("/", 2);
    const file = folder === "images" ? findImage(index(), name) : undefined;
    if (!file) return undefined;
    const path = (await cache.complete(file)) ?? (await arrival(cache, file, request, options));
    return { kind: "file", path, sizeBytes: file.sizeBytes } satisfies BootFile;
  },
});

/** The one file whose sha256 is or begins with `name`, of at least 7 digits; undefined when there is none, or more than one. */
export function findImage(index: Iterable<ImageFile>, name: string): ImageFile | undefined {
  if (!/^[0-9a-f]{7,64}$/.test(name)) return undefined;
  let found: ImageFile | undefined;
  for (const file of index) {
    if (!file.sha256.startsWith(name) || file.sha256 === found?.sha256) continue;
    if (found) return undefined;
    found = file;
  }
  return found;
}

async function arrival(
  cache: ImageCache,
  file: ImageFile,
  request: FileRequest,
  options: ImageBootFilesOptions,
): Promise<string> {
  const { waitLimitMs = 120_000, onWait } = options;
  const startedAt = performance.now();
  const tell = (outcome: ImageWaitEvent["outcome"], reason?: string) =>
    onWait?.({
      file: request.path,
      remoteAddress: request.remoteAddress,
      sha256: file.sha256,
      outcome,
      haveBytes: outcome === "arrived" ? file.sizeBytes : (cache.downloaded(file.sha256) ?? 0),
      sizeBytes: file.sizeBytes,
      durationMs: Math.round(performance.now() - startedAt),
      ...(reason === undefined ? {} : { reason }),
    });
  tell("waiting");
  const coming = cache.ensure(file);
  coming.catch(() => {}); // seen below, unless the limit comes first: then by the next request
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, waitLimitMs, undefined);
  });
  try {
    const path = await Promise.race([coming, limit]);
    if (path === undefined) {
      const have = cache.downloaded(file.sha256) ?? 0;
      throw new Error(
        `image ${file.sha256.slice(0, 12)} is still on its way to this rack, ${have} of ${file.sizeBytes} bytes are here`,
      );
    }
    tell("arrived");
    return path;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    tell("failed", reason);
    throw new BootFileUnavailable(reason, { retryAfterSeconds: 10, cause: error });
  } finally {
    clearTimeout(timer);
  }
}
