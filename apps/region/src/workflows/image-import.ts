/**
 * Bringing the selected images of all boot sources into the store. Steps: ask the mirrors; see that there is room; fetch file by file;
 * forget what nothing selects. Each can run twice, and what has arrived is not fetched again: the rows say how much of each file is here.
 */
import { appendChange } from "@rackwright/db/change";
import type { Tx } from "@rackwright/db/connect";
import {
  endImport,
  filesOfSet,
  importedImages,
  markImported,
  type SourceToImport,
  sourcesToImport,
  stillImporting,
} from "@rackwright/db/image-import";
import {
  deleteImage,
  deleteImageSets,
  putImageSet,
  readImages,
  storeUploadProgress,
  SYNCED,
  upsertImage,
} from "@rackwright/db/images";
import { storeComplete } from "@rackwright/db/image-sync";
import { insertEvents } from "@rackwright/db/history";
import { DomainError } from "@rackwright/domain/errors";
import type { EventType } from "@rackwright/domain/machine/event";
import { IMPORT_QUEUE, importUnasked, type ImportJob } from "../app/image-import.ts";
import { inTransaction, type Region, systemCtx } from "../context.ts";
import { fetchFile } from "../imports/fetch-file.ts";
import { type ImportPlan, imageArchitecture, imageName, type PlannedImage, planImport } from "../imports/plan.ts";
import { Turns } from "../turns.ts";

/** Runs that ended with their process are tries too. */
const QUEUE = { concurrency: 1, retryLimit: 100, longestPauseSeconds: 30, expireSeconds: 12 * 3600 };
const UNASKED_EVERY_MS = 3600_000;

export interface ImportOptions {
  retryDelaysMs?: readonly number[];
}

export async function startImageImport(region: Region, options: ImportOptions = {}): Promise<void> {
  // One that was stopped ends before the next begins: both would write the same files.
  const turns = new Turns<string>();
  await region.jobs.handle<ImportJob>(IMPORT_QUEUE, QUEUE, ({ data, signal }) =>
    turns.take(IMPORT_QUEUE, () => new Import(region, data.run, signal, options).all()),
  );
}

/** At once and every hour. @returns a function that ends it */
export function importRegularly(region: Region): () => void {
  const begin = () =>
    importUnasked(region).catch((error: unknown) => {
      region.log.warn({ err: error }, "the regular import of images could not begin: trying again in an hour");
    });
  void begin();
  const timer = setInterval(() => void begin(), UNASKED_EVERY_MS);
  return () => clearInterval(timer);
}

/** Somebody stopped it, or another run has begun. */
class Stopped extends Error {}

class Import {
  readonly #region: Region;
  readonly #run: number;
  readonly #signal: AbortSignal;
  readonly #options: ImportOptions;
  readonly #problems: string[] = [];

  constructor(region: Region, run: number, signal: AbortSignal, options: ImportOptions) {
    this.#region = region;
    this.#run = run;
    this.#signal = signal;
    this.#options = options;
  }

  async all(): Promise<void> {
    try {
      await this.#work();
    } catch (error) {
      if (error instanceof Stopped) return;
      // Stopped from outside, or this process ends: then it goes on elsewhere, or after the next start.
      this.#signal.throwIfAborted();
      this.#region.log.error({ err: error }, "the import of images failed");
      this.#problems.push(
        error instanceof DomainError ? error.message : "Something failed that should not: the region's log says what.",
      );
    }
    await this.#finish();
  }

  async #work(): Promise<void> {
    const { db } = this.#region;
    const sources = await sourcesToImport(db.kysely);
    const plan = await planImport(sources, this.#signal);
    this.#problems.push(...plan.problems);
    if (!sources.some((source) => source.selections.length > 0))
      this.#problems.push("Nothing is selected of any boot source: create a boot source, and a selection of it.");
    await this.#tell("REGION_IMPORT_WARNING", plan.missing);
    if (await this.#hasRoom(plan))
      for (const image of plan.images)
        try {
          await this.#bring(image);
        } catch (error) {
          if (!(error instanceof DomainError) || this.#signal.aborted) throw error;
          this.#problems.push(
            `Image ${imageName(image)} ${imageArchitecture(image)} ${image.version}: ${error.message}`,
          );
        }
    await this.#forget(sources);
  }

  async #hasRoom({ images }: ImportPlan): Promise<boolean> {
    const { images: store } = this.#region;
    let needed = 0;
    const seen = new Set<string>();
    for (const { sha256, sizeBytes } of images.flatMap((image) => image.files)) {
      if (!seen.has(sha256) && (await store.path(sha256)) === undefined) needed += sizeBytes;
      seen.add(sha256);
    }
    const room = await store.room();
    if (needed <= room) return true;
    this.#problems.push(
      `The selected images need ${mib(needed)} MiB, and ${mib(room)} MiB are free for images: select less, or make room. Nothing was fetched.`,
    );
    return false;
  }

  /** One image, complete or not at all from this run's sight: machines are given complete versions alone. */
  async #bring(image: PlannedImage): Promise<void> {
    const { images: store } = this.#region;
    const id = await this.#declare(image);
    const rows = await filesOfSet(this.#region.db.kysely, id, image.version);
    for (const file of image.files) {
      const row = rows.get(file.filename);
      if (!row || row.complete) continue;
      const note = (receivedBytes: number, complete: boolean) =>
        this.#write(async (tx) => {
          await storeUploadProgress(tx, row.id, { receivedBytes, complete });
          await appendChange(tx, { kind: "update", entity: "image", entityId: id });
        });
      await fetchFile({
        images: store,
        mirror: image.mirror,
        file,
        receivedBytes: row.receivedBytes,
        signal: this.#signal,
        progress: (receivedBytes) => note(receivedBytes, false),
        ...(this.#options.retryDelaysMs ? { retryDelaysMs: this.#options.retryDelaysMs } : {}),
      });
      await note(file.sizeBytes, true);
    }
    await this.#write(async (tx) => {
      const [now] = await readImages(tx, { id });
      const older = now?.sets.filter((set) => set.version !== image.version).map((set) => set.id) ?? [];
      await deleteImageSets(tx, older);
      const { nodeId } = this.#region.ownNode();
      if (nodeId > 0)
        await storeComplete(
          tx,
          nodeId,
          image.files.map(({ sha256 }) => sha256),
        );
      await appendChange(tx, { kind: "update", entity: "image", entityId: id });
    });
  }

  /** Its rows, so that progress is seen; one that is here with these files stays as it is. */
  async #declare(image: PlannedImage): Promise<number> {
    const [name, architecture] = [imageName(image), imageArchitecture(image)];
    return this.#write(async (tx) => {
      const ours = new Set((await importedImages(tx)).map((one) => one.id));
      const same = (await readImages(tx, { rtype: SYNCED, name })).find(
        (one) => one.architecture === architecture && one.kflavor === image.kflavor,
      );
      if (same && !ours.has(same.id))
        throw new DomainError(
          "conflict",
          "an image of that name was built here: delete it before this one is imported",
        );
      const subarches = image.subarches.length > 0 ? image.subarches : [image.subarch];
      const id = await upsertImage(tx, {
        rtype: SYNCED,
        name,
        architecture,
        title: image.title,
        baseImage: "",
        kflavor: image.kflavor,
        extra: { subarches: subarches.join(","), ...(image.kflavor === null ? {} : { kflavor: image.kflavor }) },
      });
      await markImported(tx, id);
      const known = await filesOfSet(tx, id, image.version);
      const files = image.files.map(({ filename, filetype, sha256, sizeBytes }) => ({
        filename,
        filetype,
        sha256,
        sizeBytes,
        complete: false,
      }));
      if (known.size !== files.length || !files.every(({ filename, sha256 }) => known.get(filename)?.sha256 === sha256))
        await putImageSet(tx, id, { version: image.version, label: image.label, files });
      await appendChange(tx, { kind: "update", entity: "image", entityId: id });
      return id;
    });
  }

  /** Imported images that no selection covers. With no selection at all nothing goes: that is rather a source made anew. */
  async #forget(sources: readonly SourceToImport[]): Promise<void> {
    const selections = sources.flatMap((source) => source.selections);
    if (selections.length === 0) return;
    const covered = ({ name, architecture }: { name: string; architecture: string }) =>
      selections.some(
        (s) =>
          name === `${s.os}/${s.release}` &&
          (s.arches.includes("*") || s.arches.includes(architecture.split("/", 1)[0] ?? "")),
      );
    await this.#write(async (tx) => {
      for (const image of (await importedImages(tx)).filter((one) => !covered(one))) {
        await deleteImage(tx, image.id);
        await appendChange(tx, { kind: "delete", entity: "image", entityId: image.id });
      }
    });
  }

  async #finish(): Promise<void> {
    await inTransaction(systemCtx(this.#region), async (tx) => {
      const state = this.#problems.length > 0 ? "failed" : "done";
      if (!(await endImport(tx, { state, problems: this.#problems, run: this.#run }))) return;
      await appendChange(tx, { kind: "update", entity: "image_import", entityId: this.#run });
      await say(tx, "REGION_IMPORT_ERROR", this.#problems);
      if (state === "done") await say(tx, "REGION_IMPORT_INFO", ["All that is selected of the boot sources is here."]);
    });
  }

  async #tell(type: EventType, descriptions: readonly string[]): Promise<void> {
    if (descriptions.length > 0) await this.#write((tx) => say(tx, type, descriptions));
  }

  /** @throws Stopped when this run is over */
  #write<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
    return inTransaction(systemCtx(this.#region), async (tx) => {
      if (!(await stillImporting(tx, this.#run))) throw new Stopped();
      return work(tx);
    });
  }
}

const say = (tx: Tx, type: EventType, descriptions: readonly string[]): Promise<void> =>
  insertEvents(
    tx,
    { nodeId: null, hostname: "", username: null },
    descriptions.map((description) => ({ type, description: description.slice(0, 2000) })),
  );

const mib = (bytes: number) => Math.ceil(bytes / 2 ** 20);
