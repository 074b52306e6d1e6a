/**
 * A mirror of images: a directory of this host (file://) or a web server. What it says is read within limits and verified by its keyring;
 * a file is a stream from some byte on, so that a download goes on where it broke off.
 */
import { open as openFile, realpath, stat } from "node:fs/promises";
import { sep } from "node:path";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { DomainError } from "@rackwright/domain/errors";
import { verifySigned } from "./verify.ts";

/** Product lists of the largest public mirror have some 4 MiB. */
const MOST_TEXT_BYTES = 64 << 20;
/** Silence that counts as a broken connection. */
const STALL_MS = 60_000;

export interface Mirror {
  /** As people know it: without anything secret. */
  readonly url: string;
  /** A text below `streams/`, verified where there is a keyring. @throws DomainError that names address and reason */
  text(path: string, signal: AbortSignal): Promise<unknown>;
  /** @throws DomainError that names address and reason; the stream fails with one too */
  file(path: string, from: number, signal: AbortSignal): Promise<Readable>;
}

export interface MirrorOptions {
  url: string;
  /** undefined: nothing is signed there, by the choice of whoever made the source. */
  keyring: Uint8Array | undefined;
  stallMs?: number;
}

/** Something of a mirror that cannot be had, or is not what it should be. */
export class MirrorError extends DomainError {
  /** Asking again may bring it. */
  readonly mayPass: boolean;

  constructor(url: string, why: string, options: { cause?: unknown; mayPass?: boolean } = {}) {
    super("bad_request", `${url} ${why}`, options.cause === undefined ? {} : { cause: options.cause });
    this.name = "MirrorError";
    this.mayPass = options.mayPass ?? false;
  }
}

/** Asking again would bring the same answer. */
class FinalAnswer extends Error {}

export function openMirror({ url, keyring, stallMs = STALL_MS }: MirrorOptions): Mirror {
  const base = new URL(url.endsWith("/") ? url : `${url}/`);
  const at = (path: string) => new URL(path.split("/").map(encodeURIComponent).join("/"), base);
  const read = base.protocol === "file:" ? readFile : readWeb;
  const file = (path: string, from: number, signal: AbortSignal) =>
    read({ base, target: at(path), from, signal, stallMs });
  return {
    url: base.href,
    file,
    async text(path, signal) {
      const signed = keyring && path.replace(/\.s?json$/, ".sjson");
      const target = at(signed ?? path);
      const bytes = await wholeOf(await file(signed ?? path, 0, signal), target.href);
      const text = keyring ? await verifySigned(bytes, keyring, target.href) : bytes;
      try {
        return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(text)) as unknown;
      } catch (cause) {
        throw new MirrorError(target.href, "is no JSON in UTF-8: is this the address of a simplestreams mirror?", {
          cause,
        });
      }
    },
  };
}

async function wholeOf(source: Readable, url: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of source as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MOST_TEXT_BYTES)
      throw new MirrorError(url, `is longer than the ${MOST_TEXT_BYTES} bytes that a list may have`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

interface Wanted {
  base: URL;
  target: URL;
  from: number;
  signal: AbortSignal;
  stallMs: number;
}

/** A symbolic link in the directory leads nowhere outside of it. */
async function readFile({ base, target, from, signal }: Wanted): Promise<Readable> {
  try {
    const [root, path] = await Promise.all([realpath(fileURLToPath(base)), realpath(fileURLToPath(target))]);
    if (!path.startsWith(root.endsWith(sep) ? root : root + sep))
      throw new Error("it leads out of the mirror's directory");
    if (!(await stat(path)).isFile()) throw new Error("it is no file");
    const handle = await openFile(path, "r");
    return handle.createReadStream({ start: from, highWaterMark: 1 << 20, signal });
  } catch (error) {
    signal.throwIfAborted();
    throw new MirrorError(target.href, `cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

async function readWeb({ target, from, signal, stallMs }: Wanted): Promise<Readable> {
  const stalled = new AbortController();
  const timer = setTimeout(() => stalled.abort(new Error(`nothing came for ${stallMs / 1000} s`)), stallMs);
  const both = AbortSignal.any([signal, stalled.signal]);
  const fail = (error: unknown) => {
    clearTimeout(timer);
    signal.throwIfAborted();
    const mayPass = !(error instanceof FinalAnswer);
    return new MirrorError(target.href, `cannot be fetched: ${messageOf(error)}`, { cause: error, mayPass });
  };
  let response: Response;
  try {
    response = await fetch(target, {
      headers: { "accept-encoding": "identity", ...(from > 0 ? { range: `bytes=${from}-` } : {}) },
      signal: both,
    });
    await expectRest(response, from);
  } catch (error) {
    throw fail(error);
  }
  async function* chunks(): AsyncGenerator<Buffer> {
    // A server without ranges sends all of it again.
    let skip = response.status === 200 ? from : 0;
    try {
      for await (const chunk of response.body ?? []) {
        timer.refresh();
        const rest = skip >= chunk.length ? chunk.subarray(chunk.length) : chunk.subarray(skip);
        skip -= chunk.length - rest.length;
        if (rest.length > 0) yield Buffer.from(rest.buffer, rest.byteOffset, rest.length);
      }
    } catch (error) {
      throw fail(error);
    } finally {
      clearTimeout(timer);
    }
  }
  return Readable.from(chunks(), { objectMode: false });
}

async function expectRest(response: Response, from: number): Promise<void> {
  const { status } = response;
  if (status === 200) return;
  if (status === 206 && response.headers.get("content-range")?.startsWith(`bytes ${from}-`)) return;
  await response.body?.cancel();
  const what = `the server answered ${status} ${response.statusText}`.trim();
  throw status >= 500 || status === 408 || status === 429 ? new Error(what) : new FinalAnswer(what);
}

/** With causes: `fetch failed` alone says nothing. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AggregateError && error.message === "") return error.errors.map(messageOf).join(", ");
  return error.cause instanceof Error ? `${error.message}: ${messageOf(error.cause)}` : error.message;
}
