/**
 * The image store in a directory: `<sha256>` is complete and verified, for a file gets that name only then; `incoming/` holds what is on
 * its way.
 */
import { createHash, randomUUID } from "node:crypto";
import { constants, createReadStream, mkdirSync } from "node:fs";
import { copyFile, link, open, readdir, rename, rm, stat, statfs, truncate, utimes } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { DomainError } from "@rackwright/domain/errors";
import type { ImageStore } from "./store.ts";

export interface FileStoreOptions {
  /** Files younger than this are not pruned: their row may not be committed yet. */
  pruneAfterMs?: number;
}

type Expected = { sha256: string; sizeBytes: number };

/** Left for everything else on that file system: a full one stops the database too. */
const RESERVE_BYTES = 1 << 30;
const UPLOAD_KEPT_MS = 7 * 24 * 3600 * 1000;

export function fileStore(dir: string, options: FileStoreOptions = {}): ImageStore {
  const { pruneAfterMs = 600_000 } = options;
  const incoming = join(dir, "incoming");
  mkdirSync(incoming, { recursive: true, mode: 0o755 });
  /** Uploads that are being written: two writers of one file would mix. */
  const busy = new Set<string>();

  const pathOf = (sha256: string): string => {
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw new DomainError("bad_request", `${sha256} is no SHA-256.`);
    return join(dir, sha256);
  };
  const path = async (sha256: string): Promise<string | undefined> => {
    const found = await stat(pathOf(sha256)).catch(absent);
    return found?.isFile() ? pathOf(sha256) : undefined;
  };
  /** Verified before, on disk after. */
  const finish = async (partial: string, expected: Expected): Promise<void> => {
    const handle = await open(partial, "r+");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(partial, pathOf(expected.sha256));
    await syncDirectory(dir);
  };

  return {
    path,

    async put(source, expected) {
      const partial = join(incoming, `put-${randomUUID()}`);
      try {
        const got = await write(partial, "wx", source, expected.sizeBytes);
        check(got, expected);
        await finish(partial, expected);
      } finally {
        await rm(partial, { force: true });
      }
    },

    async link(from, expected) {
      if ((await stat(pathOf(expected.sha256)).catch(absent))?.size === expected.sizeBytes) {
        await utimes(pathOf(expected.sha256), new Date(), new Date()); // young again: `prune` waits for whoever wants it now
        return;
      }
      const partial = join(incoming, `link-${randomUUID()}`);
      try {
        // A clone is a file of its own; a hard link shares the bytes with whoever made it, who replaces files and never rewrites them.
        await copyFile(from, partial, constants.COPYFILE_FICLONE_FORCE)
          .catch(() => link(from, partial))
          .catch(() => copyFile(from, partial));
        check({ sha256: await hashOf(partial), bytes: (await stat(partial)).size }, expected);
        await finish(partial, expected);
      } finally {
        await rm(partial, { force: true });
      }
    },

    async append({ key, sha256, sizeBytes, offset }, source) {
      if (!/^[\w-]{1,64}$/.test(key)) throw new Error(`${key} is no key of an upload`);
      if (busy.has(key))
        throw new DomainError("conflict", "Another piece of this upload is being received: send them one by one.");
      busy.add(key);
      const partial = join(incoming, `upload-${key}`);
      try {
        const held = (await stat(partial).catch(absent))?.size ?? 0;
        if (held < offset)
          throw new DomainError(
            "conflict",
            `Only ${held} of the first ${offset} bytes are here: upload the image anew.`,
          );
        // What is more than was acknowledged came from a piece that was not.
        if (held > offset) await truncate(partial, offset);
        try {
          await write(partial, "a", source, sizeBytes - offset);
        } catch (error) {
          await truncate(partial, offset).catch(() => {});
          throw error;
        }
        const receivedBytes = (await stat(partial).catch(absent))?.size ?? 0;
        if (receivedBytes < sizeBytes) return { receivedBytes, complete: false };
        try {
          check({ sha256: await hashOf(partial), bytes: receivedBytes }, { sha256, sizeBytes });
        } catch (error) {
          await rm(partial, { force: true });
          throw error;
        }
        await finish(partial, { sha256, sizeBytes });
        return { receivedBytes, complete: true };
      } finally {
        busy.delete(key);
      }
    },

    async room() {
      const { bavail, bsize } = await statfs(dir);
      return Math.max(0, bavail * bsize - RESERVE_BYTES);
    },

    async prune(keep) {
      await removeOld(dir, pruneAfterMs, (name) => /^[0-9a-f]{64}$/.test(name) && !keep.has(name));
      await removeOld(incoming, UPLOAD_KEPT_MS, (name) => !busy.has(name.replace(/^upload-/, "")));
    },
  };
}

interface Got {
  sha256: string;
  bytes: number;
}

/** @throws DomainError bad_request when more than `most` bytes come */
async function write(path: string, flags: "wx" | "a", source: Readable, most: number): Promise<Got> {
  const hash = createHash("sha256");
  const handle = await open(path, flags, 0o644);
  let bytes = 0;
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > most) throw new DomainError("bad_request", `More came than the ${most} bytes that are left of it.`);
      hash.update(chunk);
      for (let at = 0; at < chunk.length; ) at += (await handle.write(chunk, at)).bytesWritten;
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  return { sha256: hash.digest("hex"), bytes };
}

function check(got: Got, expected: Expected): void {
  if (got.bytes !== expected.sizeBytes)
    throw new DomainError("bad_request", `The image has ${got.bytes} bytes instead of ${expected.sizeBytes}.`);
  if (got.sha256 !== expected.sha256)
    throw new DomainError("bad_request", `The image's SHA-256 is ${got.sha256} instead of ${expected.sha256}.`);
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

/** By the time of the last change of the directory entry: a hard link keeps the age of its content. */
async function removeOld(dir: string, olderThanMs: number, wanted: (name: string) => boolean): Promise<void> {
  const before = Date.now() - olderThanMs;
  for (const name of await readdir(dir)) {
    if (!wanted(name)) continue;
    const found = await stat(join(dir, name)).catch(absent);
    if (found?.isFile() && found.ctimeMs <= before) await rm(join(dir, name), { force: true });
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

function absent(error: unknown): undefined {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
  throw error;
}
