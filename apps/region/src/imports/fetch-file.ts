/** One file of a mirror into the image store, piece by piece: what has arrived is never fetched again, also after kill -9. */
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import type { StreamFile } from "@rackwright/domain/images/streams";
import { DomainError } from "@rackwright/domain/errors";
import { type Mirror, MirrorError } from "../images/mirror.ts";
import type { ImageStore } from "../images/store.ts";

/** So much is fetched again at most, and kept in no memory. */
const PIECE_BYTES = 16 << 20;
/** Waits between attempts that brought nothing; when all are used up, the file is given up until the next import. */
const RETRY_DELAYS_MS = [500, 2_000, 5_000, 15_000];

export interface FetchOptions {
  images: Pick<ImageStore, "append" | "path">;
  mirror: Mirror;
  file: StreamFile;
  receivedBytes: number;
  signal: AbortSignal;
  /** What the store has now. @throws whatever ends the download */
  progress(receivedBytes: number): Promise<void>;
  retryDelaysMs?: readonly number[];
}

/** Returns when the store has it, verified. @throws DomainError that names address and file */
export async function fetchFile(options: FetchOptions): Promise<void> {
  const { images, file, signal, retryDelaysMs = RETRY_DELAYS_MS } = options;
  if ((await images.path(file.sha256)) !== undefined) return;
  let received = options.receivedBytes < file.sizeBytes ? options.receivedBytes : 0;
  for (let failures = 0; ; ) {
    const before = received;
    try {
      for await (const now of fetchOnce(options, received)) received = now;
      if (received < file.sizeBytes) throw ended(options, received);
      return;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof DomainError && error.code === "conflict") {
        // The store has lost the beginning: all of it comes again.
        received = 0;
        await options.progress(0);
      } else if (!(error instanceof MirrorError)) {
        if (error instanceof DomainError) await options.progress(0); // what came was not what was announced
        throw named(options, error);
      } else if (!error.mayPass) throw error;
      failures = received > before ? 1 : failures + 1;
      const delay = retryDelaysMs[failures - 1];
      if (delay === undefined) throw error;
      await sleep(delay, undefined, { signal });
    }
  }
}

async function* fetchOnce(options: FetchOptions, from: number): AsyncGenerator<number> {
  const { images, mirror, file, signal } = options;
  const { sha256, sizeBytes } = file;
  const source = await mirror.file(file.path, from, signal);
  let offset = from;
  try {
    for await (const piece of pieces(source)) {
      const { receivedBytes } = await images.append({ key: sha256, sha256, sizeBytes, offset }, piece);
      offset = receivedBytes;
      await options.progress(offset);
      yield offset;
      if (offset === sizeBytes) return;
    }
  } finally {
    source.destroy();
  }
}

/** Streams of some bytes each, one after the other; each is read to its end before the next is asked for. */
async function* pieces(source: Readable): AsyncGenerator<Readable> {
  const chunks = source[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  let next = await chunks.next();
  async function* piece(): AsyncGenerator<Buffer> {
    for (let sent = 0; next.done !== true && sent < PIECE_BYTES; next = await chunks.next()) {
      sent += next.value.length;
      yield next.value;
    }
  }
  while (next.done !== true) yield Readable.from(piece(), { objectMode: false });
}

const at = ({ mirror, file }: FetchOptions) => `${mirror.url}${file.path}`;

const ended = (options: FetchOptions, received: number) =>
  new MirrorError(at(options), `ended after ${received} of ${options.file.sizeBytes} bytes`, { mayPass: true });

/** The store says what is wrong with the content; here it is said whose. */
function named(options: FetchOptions, error: unknown): unknown {
  // ENOSPC, EIO ... of the store or of the mirror's directory.
  if (error instanceof Error && "syscall" in error)
    return new MirrorError(at(options), `could not be stored: ${error.message}`, { cause: error });
  if (!(error instanceof DomainError)) return error;
  return new MirrorError(at(options), `is not what the mirror announces: ${error.message}`, { cause: error });
}
