/** A small image store for tests: files of a temporary directory, named by their SHA-256. */
import { createHash } from "node:crypto";
import { copyFile, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { DomainError } from "@rackwright/domain/errors";
import type { ImageStore } from "../images/store.ts";

async function bytesOf(source: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of source as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function verify(bytes: Buffer, expected: { sha256: string; sizeBytes: number }): void {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  if (bytes.length !== expected.sizeBytes || sha256 !== expected.sha256)
    throw new DomainError(
      "bad_request",
      `The file is ${bytes.length} bytes with SHA-256 ${sha256}, not ${expected.sizeBytes} bytes with ${expected.sha256}.`,
    );
}

export function memoryImages(directory: string): ImageStore {
  const root = join(directory, "images");
  const at = (sha256: string) => join(root, sha256);
  const uploads = new Map<string, Buffer>();
  const keep = async (bytes: Buffer, sha256: string) => {
    await mkdir(root, { recursive: true });
    await writeFile(at(sha256), bytes);
  };
  return {
    async path(sha256) {
      const found = await stat(at(sha256)).catch(() => undefined);
      return found ? at(sha256) : undefined;
    },
    async put(source, expected) {
      const bytes = await bytesOf(source);
      verify(bytes, expected);
      await keep(bytes, expected.sha256);
    },
    async link(path, expected) {
      verify(await readFile(path), expected);
      await mkdir(root, { recursive: true });
      await copyFile(path, at(expected.sha256));
    },
    async append({ key, sha256, sizeBytes, offset }, source) {
      const held = uploads.get(key) ?? Buffer.alloc(0);
      if (offset !== held.length)
        throw new DomainError("bad_request", `The piece begins at ${offset}, and ${held.length} bytes are here.`);
      const bytes = Buffer.concat([held, await bytesOf(source)]);
      uploads.set(key, bytes);
      if (bytes.length < sizeBytes) return { receivedBytes: bytes.length, complete: false };
      uploads.delete(key);
      verify(bytes, { sha256, sizeBytes });
      await keep(bytes, sha256);
      return { receivedBytes: bytes.length, complete: true };
    },
    room: () => Promise.resolve(Number.MAX_SAFE_INTEGER),
    async prune(wanted) {
      const names = await readdir(root).catch(() => []);
      await Promise.all(names.filter((name) => !wanted.has(name)).map((name) => rm(at(name))));
    },
  };
}
