/** Fetch one file of known size and checksum over HTTP into a partial file, going on where an earlier attempt broke off. */
import { createHash, type Hash } from "node:crypto";
import { type FileHandle, open } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

export interface ImageFile {
  /** 64 lower-case hex digits. */
  sha256: string;
  sizeBytes: number;
}

export interface ImageSource {
  url: string;
  headers?: Record<string, string>;
}

export interface DownloadOptions {
  file: ImageFile;
  partialPath: string;
  source: ImageSource;
  signal: AbortSignal;
  /** Silence of the region that counts as a broken connection. */
  stallMs: number;
  /** Waits between attempts that brought nothing; when all are used up, the download fails. */
  retryDelaysMs: readonly number[];
  onProgress?(haveBytes: number): void;
}

/** What arrived is not what was asked for. The partial file is of no use. */
export class ImageMismatch extends Error {
  constructor(message: string) {
    super(message);
    this.name = "ImageMismatch";
  }
}

/** Asking again would bring the same answer. */
class FinalAnswer extends Error {}

/**
 * Complete and verify `partialPath`, and sync it to disk.
 * @throws ImageMismatch when size or checksum are wrong
 * @throws Error when the region cannot be had, with the last cause
 */
export async function download(options: DownloadOptions): Promise<void> {
  const handle = await open(options.partialPath, "a+");
  try {
    const progress = await resume(handle, options.file);
    await fetchAll(handle, progress, options);
    const actual = progress.hash.digest("hex");
    if (actual !== options.file.sha256) throw new ImageMismatch(`its sha256 is ${actual}`);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

interface Progress {
  hash: Hash;
  bytes: number;
}

/** Hash what an earlier attempt left; more than the file has is of no use. */
async function resume(handle: FileHandle, file: ImageFile): Promise<Progress> {
  const progress = { hash: createHash("sha256"), bytes: 0 };
  const { size } = await handle.stat();
  if (size > file.sizeBytes) await handle.truncate(0);
  else {
    const buffer = Buffer.allocUnsafe(1024 * 1024);
    while (progress.bytes < size) {
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, progress.bytes);
      if (bytesRead === 0) break;
      progress.hash.update(buffer.subarray(0, bytesRead));
      progress.bytes += bytesRead;
    }
  }
  return progress;
}

async function fetchAll(handle: FileHandle, progress: Progress, options: DownloadOptions): Promise<void> {
  const { file, signal, retryDelaysMs } = options;
  let failures = 0;
  while (progress.bytes < file.sizeBytes) {
    const before = progress.bytes;
    try {
      await fetchOnce(handle, progress, options);
      if (progress.bytes < file.sizeBytes)
        throw new Error(`the answer ended after ${progress.bytes} of ${file.sizeBytes} bytes`);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof ImageMismatch || error instanceof FinalAnswer || isDiskError(error)) throw error;
      failures = progress.bytes > before ? 1 : failures + 1;
      const delayMs = retryDelaysMs[failures - 1];
      if (delayMs === undefined) throw error;
      await sleep(delayMs, undefined, { signal });
    }
  }
}

async function fetchOnce(handle: FileHandle, progress: Progress, options: DownloadOptions): Promise<void> {
  const { file, source, stallMs } = options;
  const stalled = new AbortController();
  const timer = setTimeout(() => stalled.abort(new Error(`the region sent nothing for ${stallMs} ms`)), stallMs);
  try {
    const response = await fetch(source.url, {
      headers: {
        ...source.headers,
        "accept-encoding": "identity",
        ...(progress.bytes > 0 ? { range: `bytes=${progress.bytes}-` } : {}),
      },
      redirect: "error", // the region serves its images itself; elsewhere our headers would be a gift
      signal: AbortSignal.any([options.signal, stalled.signal]),
    });
    await expectRest(response, handle, progress);
    for await (const chunk of response.body ?? []) {
      timer.refresh();
      if (progress.bytes + chunk.length > file.sizeBytes)
        throw new ImageMismatch(`it is longer than ${file.sizeBytes} bytes`);
      await writeAll(handle, chunk);
      progress.hash.update(chunk);
      progress.bytes += chunk.length;
      options.onProgress?.(progress.bytes);
    }
  } finally {
    clearTimeout(timer);
  }
}

/** 206 goes on where we are; 200 is the whole file, from a server that knows no ranges. */
async function expectRest(response: Response, handle: FileHandle, progress: Progress): Promise<void> {
  const { status } = response;
  if (status === 206 && response.headers.get("content-range")?.startsWith(`bytes ${progress.bytes}-`)) return;
  if (status === 200) {
    if (progress.bytes === 0) return;
    await handle.truncate(0);
    Object.assign(progress, { hash: createHash("sha256"), bytes: 0 });
    return;
  }
  await response.body?.cancel();
  const what = `the region answered ${status}${status === 206 ? ` for ${response.headers.get("content-range")}` : ""}`;
  const mayChange = status >= 500 || status === 408 || status === 429 || status === 206;
  throw mayChange ? new Error(what) : new FinalAnswer(what);
}

/** Append mode, so the position is the end, also after a truncation. */
async function writeAll(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.length; ) at += (await handle.write(chunk, at)).bytesWritten;
}

const isDiskError = (error: unknown): boolean =>
  error instanceof Error && "syscall" in error && error.syscall === "write";
