/** The images that the region wants here: known at once, fetched one after the other, and again until they are there. */
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { BootLog } from "../boot-files.ts";
import type { ImageCache, ImageFile } from "./cache.ts";

const listSchema = z.array(z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/), sizeBytes: z.int().min(0) }));

export interface ImageSyncOptions {
  cache: ImageCache;
  /** Where the list is kept, so that a rack which starts without its region serves what it has. */
  dir: string;
  log: BootLog;
  /** Pause after a download that failed. */
  retryMs?: number;
}

export class ImageSync {
  readonly #options: ImageSyncOptions;
  #wanted: readonly ImageFile[] = [];
  #round = new AbortController();
  #running: Promise<void> = Promise.resolve();

  private constructor(options: ImageSyncOptions) {
    this.#options = options;
  }

  static async open(options: ImageSyncOptions): Promise<ImageSync> {
    const sync = new ImageSync(options);
    const text = await readFile(sync.#file, "utf8").catch(() => "[]");
    const stored = listSchema.safeParse(parseJson(text));
    if (stored.success) sync.#wanted = stored.data;
    return sync;
  }

  /** What machines may be sent. */
  get wanted(): readonly ImageFile[] {
    return this.#wanted;
  }

  /** From now on these; returns when that is known, not when all is here. A machine that asks earlier waits for its file. */
  async want(files: readonly ImageFile[]): Promise<void> {
    this.#wanted = files;
    const partial = `${this.#file}.new`;
    await writeFile(partial, JSON.stringify(files));
    await rename(partial, this.#file);
    await this.#options.cache.prune(new Set(files.map(({ sha256 }) => sha256)));
    this.#round.abort(new Error("another list of images came"));
    this.#round = new AbortController();
    this.#running = this.#fetchAll(files, this.#round.signal);
  }

  /** SHA-256 of those that are here, whole. */
  async held(): Promise<string[]> {
    const paths = await Promise.all(this.#wanted.map((file) => this.#options.cache.complete(file)));
    return this.#wanted.filter((_, at) => paths[at] !== undefined).map(({ sha256 }) => sha256);
  }

  async close(): Promise<void> {
    this.#round.abort(new Error("the rack is stopping"));
    await this.#running;
  }

  get #file(): string {
    return join(this.#options.dir, "wanted-images.json");
  }

  async #fetchAll(files: readonly ImageFile[], signal: AbortSignal): Promise<void> {
    const { cache, log, retryMs = 10_000 } = this.#options;
    let missing = [...files];
    while (missing.length > 0 && !signal.aborted) {
      const failed: ImageFile[] = [];
      for (const file of missing) {
        try {
          await cache.ensure(file, signal);
        } catch (error) {
          if (signal.aborted) return;
          log.warn({ err: error, sha256: file.sha256 }, "an image could not be fetched: trying again later");
          failed.push(file);
        }
      }
      missing = failed;
      if (missing.length > 0) await sleep(retryMs, undefined, { signal }).catch(() => {});
    }
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
