/**
 * The rack's images, fetched from the region when a machine wants them and kept: `dir/<sha256>` is complete and verified, for it got that
 * name only then; `dir/<sha256>.partial` is on its way and goes on where it broke off. One process uses a directory.
 */
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { BootLog } from "../boot-files.ts";
import { download, type ImageFile, ImageMismatch, type ImageSource } from "./download.ts";

export type { ImageFile, ImageSource } from "./download.ts";

export interface ImageCacheOptions {
  dir: string;
  fetchUrl: (sha256: string) => ImageSource | Promise<ImageSource>;
  log: BootLog;
  stallMs?: number;
  retryDelaysMs?: readonly number[];
}

interface Running {
  path: Promise<string>;
  haveBytes: number;
  waiting: number;
  controller: AbortController;
}

const defaultRetryDelaysMs = [200, 500, 1000, 2000, 5000, 10_000];

export class ImageCache {
  readonly #options: ImageCacheOptions;
  readonly #running = new Map<string, Running>();

  constructor(options: ImageCacheOptions) {
    this.#options = options;
  }

  /**
   * Path of the complete file, downloaded first where it is missing. Callers of one file share a download; it stops when the last of
   * them has gone (`signal`).
   * @throws Error that says what failed on which file; `AbortError` of the signal
   */
  async ensure(file: ImageFile, signal?: AbortSignal): Promise<string> {
    signal?.throwIfAborted();
    const running = await this.#join(file);
    let forget = () => {};
    try {
      const gone = new Promise<never>((_, reject) => {
        const abort = () => reject(signal?.reason as Error);
        signal?.addEventListener("abort", abort, { once: true });
        forget = () => signal?.removeEventListener("abort", abort);
      });
      return await Promise.race([running.path, gone]);
    } finally {
      forget();
      running.waiting -= 1;
      if (running.waiting === 0) running.controller.abort(new Error("nobody waits for it any more")); // without effect when it is done
    }
  }

  /** Path of the file when it is complete; undefined otherwise. Downloads nothing. */
  async complete(file: ImageFile): Promise<string | undefined> {
    const path = this.#path(file.sha256);
    const found = await stat(path).catch(absent);
    if (!found) return undefined;
    if (found.isFile() && found.size === file.sizeBytes) return path;
    this.#options.log.warn(
      { sha256: file.sha256, sizeBytes: found.size },
      "image cache: a file has the wrong size and is fetched again",
    );
    await rm(path, { force: true, recursive: true });
    return undefined;
  }

  /** Bytes on disk of a file that is being downloaded; undefined when it is not. */
  downloaded(sha256: string): number | undefined {
    return this.#running.get(sha256)?.haveBytes;
  }

  /** Delete what is not in `keep` and not on its way. Machines that read a deleted file read on. Returns the names deleted. */
  async prune(keep: ReadonlySet<string>): Promise<string[]> {
    const names = await readdir(this.#options.dir).catch(absent);
    const deleted: string[] = [];
    for (const name of names ?? []) {
      const sha256 = /^([0-9a-f]{64})(\.partial)?$/.exec(name)?.[1];
      if (sha256 === undefined || keep.has(sha256) || this.#running.has(sha256)) continue;
      await rm(join(this.#options.dir, name), { force: true });
      deleted.push(name);
    }
    return deleted;
  }

  /** Stop all downloads; what they have stays for the next start. */
  async close(): Promise<void> {
    const all = [...this.#running.values()];
    for (const { controller } of all) controller.abort(new Error("the rack is stopping"));
    await Promise.allSettled(all.map(({ path }) => path));
  }

  #path(sha256: string): string {
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw new Error(`image cache: ${JSON.stringify(sha256)} is no sha256`);
    return join(this.#options.dir, sha256);
  }

  /** The download of this file. One that is being stopped is left to end first: two must not write one partial file. */
  async #join(file: ImageFile): Promise<Running> {
    for (;;) {
      const running = this.#running.get(file.sha256) ?? this.#start(file);
      if (!running.controller.signal.aborted) {
        running.waiting += 1; // before anything else runs, so that it cannot be stopped in between
        return running;
      }
      await running.path.catch(() => {});
    }
  }

  #start(file: ImageFile): Running {
    const controller = new AbortController();
    const running: Running = { path: Promise.resolve(""), haveBytes: 0, waiting: 0, controller };
    running.path = this.#fetch(file, running).finally(() => {
      if (this.#running.get(file.sha256) === running) this.#running.delete(file.sha256);
    });
    running.path.catch(() => {}); // every caller that still waits gets it
    this.#running.set(file.sha256, running);
    return running;
  }

  async #fetch(file: ImageFile, running: Running): Promise<string> {
    const present = await this.complete(file);
    if (present) return present;
    const { dir, log } = this.#options;
    const path = this.#path(file.sha256);
    const partialPath = `${path}.partial`;
    await mkdir(dir, { recursive: true, mode: 0o755 });
    for (let attempt = 1; ; attempt++) {
      const source = await this.#options.fetchUrl(file.sha256);
      try {
        await this.#download(file, partialPath, source, running);
        await rename(partialPath, path);
        await syncDirectory(dir);
        log.info({ sha256: file.sha256, sizeBytes: file.sizeBytes }, "image cache: a file is complete");
        return path;
      } catch (error) {
        const why = describe(error);
        const failed = `cannot fetch image ${file.sha256} from ${source.url}: ${why}`;
        if (!(error instanceof ImageMismatch)) throw new Error(failed, { cause: error });
        await rm(partialPath, { force: true });
        if (attempt === 2)
          throw new Error(`${failed}, twice. Import it again on the region, or check what stands in between.`, {
            cause: error,
          });
        log.warn(
          { sha256: file.sha256, url: source.url, why },
          "image cache: a file failed verification and is fetched once more",
        );
      }
    }
  }

  #download(file: ImageFile, partialPath: string, source: ImageSource, running: Running): Promise<void> {
    const { stallMs = 60_000, retryDelaysMs = defaultRetryDelaysMs } = this.#options;
    const { signal } = running.controller;
    const onProgress = (haveBytes: number) => void (running.haveBytes = haveBytes);
    return download({ file, partialPath, source, signal, stallMs, retryDelaysMs, onProgress });
  }
}

/** A rename survives a power cut only once its directory is on disk. */
async function syncDirectory(dir: string): Promise<void> {
  const handle = await open(dir, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** With causes: `fetch failed` alone says nothing. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${describe(error.cause)}` : error.message;
}

function absent(error: unknown): undefined {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
  throw error;
}
