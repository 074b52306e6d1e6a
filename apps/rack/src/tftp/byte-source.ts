/** Bytes of a boot file by offset. Files are read in chunks and never loaded whole. */
import { type FileHandle, open } from "node:fs/promises";
import { type BootFile, bootFileSize } from "../boot-files.ts";

export interface ByteSource {
  sizeBytes: number;
  /** Valid until the next read: the chunk behind it is used again. @throws Error when the file is shorter than it was */
  read(offset: number, length: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** 45 windows of 4 blocks of 1468 bytes: small enough for a thousand transfers at once (256 MiB). */
const chunkBytes = 256 * 1024;

export async function openByteSource(file: BootFile, largestReadBytes: number): Promise<ByteSource> {
  const sizeBytes = bootFileSize(file);
  if (file.kind === "buffer") {
    const { bytes } = file;
    return {
      sizeBytes,
      read: async (offset, length) => bytes.subarray(offset, offset + length),
      close: async () => {},
    };
  }
  const handle = await open(file.path, "r");
  const chunk = Buffer.allocUnsafeSlow(Math.min(sizeBytes, Math.max(chunkBytes, largestReadBytes)));
  let start = 0;
  let filled = 0;
  return {
    sizeBytes,
    async read(offset, length) {
      if (offset < start || offset + length > start + filled) {
        start = offset;
        filled = await fill(handle, chunk, offset);
      }
      if (offset + length > start + filled)
        throw new Error(`${file.path} ended before byte ${offset + length} of ${sizeBytes}`);
      return chunk.subarray(offset - start, offset - start + length);
    },
    close: () => handle.close(),
  };
}

async function fill(handle: FileHandle, chunk: Buffer, position: number): Promise<number> {
  let filled = 0;
  while (filled < chunk.length) {
    const { bytesRead } = await handle.read(chunk, filled, chunk.length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled;
}
