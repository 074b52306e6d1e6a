/** multipart/form-data: fields, base64 parts, and files that spool to disk when they grow. */
import { randomUUID } from "node:crypto";
import { type FileHandle, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { Busboy, type BusboyHeaders } from "@fastify/busboy";
import type { RawParams, RawValue, Upload } from "@rackwright/contract/params";
import { DomainError } from "@rackwright/domain/errors";
import { Cut, type CutLimits } from "./cut.ts";
import { addParam, type BodyLimits, notUtf8, type ParsedBody, tooLarge } from "./body-parts.ts";

/** Longer bodies are not empty multipart ones: two boundaries of at most 70 characters (RFC 2046), and line ends. */
const EMPTY_BODY_BYTES = 512;

function boundaryOf(contentType: string): string {
  const match = /boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType);
  const boundary = match?.[1] ?? match?.[2];
  if (boundary === undefined)
    throw new DomainError("bad_request", "The multipart body has no boundary in its Content-Type.");
  return boundary;
}

/** Whether a part with these properties is a file: octet-stream without a file name is a field, as python-libmaas sends it. */
const isFile = (_name: string | undefined, _type: string | undefined, filename: string | undefined) =>
  filename !== undefined;

export async function parseMultipart(stream: Readable, contentType: string, limits: BodyLimits): Promise<ParsedBody> {
  const boundary = boundaryOf(contentType);
  const params: RawParams = Object.create(null) as RawParams;
  const files: Promise<void>[] = [];
  const incoming: Readable[] = [];
  let directory: Promise<string> | undefined;
  /** Made when the first part outgrows memory: most never do. */
  const spool = () => (directory ??= mkdtemp(join(tmpdir(), "rackwright-upload-")));
  const dispose = async () => {
    if (directory) await rm(await directory, { recursive: true, force: true });
  };
  const headers: BusboyHeaders = { "content-type": contentType };
  const busboy = new Busboy({
    headers,
    isPartAFile: isFile,
    limits: { fieldSize: limits.inMemory, parts: 2_000, fieldNameSize: 1_000 },
  });
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => {});
  busboy.on("field", (name, value, _nameTruncated, truncated, encoding) => {
    parts += 1;
    fieldBytes += value.length;
    if (truncated || (limits.cut && fieldBytes > limits.inMemory)) return failure.reject(tooLarge(limits.inMemory));
    // Busboy decodes on its own, and leaves this mark where it could not.
    if (value.includes("\uFFFD")) return failure.reject(notUtf8());
    if (name !== undefined)
      addParam(params, name, isBase64(encoding) ? textOrBytes(Buffer.from(value, "base64")) : value);
  });
  busboy.on("file", (name, file, filename, encoding, mimeType) => {
    parts += 1;
    const slot: Upload = { filename, contentType: mimeType, sizeBytes: 0 };
    if (name !== undefined) addParam(params, name, slot);
    incoming.push(file);
    const received = limits.cut
      ? receiveCut(file, isBase64(encoding), room(limits.cut), slot).then((held) => void (kept += held))
      : receive(file, isBase64(encoding), limits.inMemory, slot, spool);
    received.catch((error: unknown) => failure.reject(error));
    files.push(received);
  });
  let size = 0;
  let parts = 0;
  let kept = 0;
  let fieldBytes = 0;
  /** Parts come one after the other. */
  const room = ({ head, tail, together }: CutLimits & { together: number }): CutLimits =>
    kept + head + tail <= together ? { head, tail } : { head: Math.max(0, together - kept - tail), tail: 0 };
  const head: Buffer[] = [];
  /** `--B--` alone, also after `--B`: a multipart body without parts is no error. */
  const isEmpty = () => {
    if (parts > 0 || size > EMPTY_BODY_BYTES) return false;
    const text = Buffer.concat(head).toString("latin1").trim();
    const [begin, end] = [`--${boundary}`, `--${boundary}--`];
    return text === "" || text === end || (text.startsWith(begin) && text.slice(begin.length).trim() === end);
  };
  try {
    stream.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= EMPTY_BODY_BYTES) head.push(chunk);
      if (size > limits.total) failure.reject(tooLarge(limits.total));
    });
    await Promise.race([feed(stream, busboy), failure.promise]);
    await Promise.all(files);
    if (parts === 0 && !isEmpty()) throw new Error("there is no part in it");
    return { params, dispose };
  } catch (error) {
    // The connection stays: what still comes is read and dropped, while the sender is told why.
    stream.unpipe(busboy);
    stream.resume();
    for (const file of incoming) file.destroy();
    await Promise.allSettled(files);
    await dispose();
    if (error instanceof DomainError) throw error;
    if (isEmpty()) return { params, dispose: async () => {} };
    throw new DomainError("bad_request", "The multipart body is malformed.", { cause: error });
  }
}

/** Until busboy has read all; a sender that goes away is an error. */
function feed(stream: Readable, busboy: NodeJS.WritableStream): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  busboy.once("finish", resolve);
  busboy.on("error", reject);
  stream.once("error", reject);
  stream.once("close", () => {
    if (!stream.readableEnded) reject(new Error("the connection ended within the body"));
  });
  stream.pipe(busboy);
  return promise;
}

/** Text where it is such; python-libmaas sends bytes as fields too. */
function textOrBytes(bytes: Buffer): RawValue {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return { filename: "", contentType: "application/octet-stream", sizeBytes: bytes.length, bytes };
  }
}

const isBase64 = (encoding: string | undefined) => encoding?.toLowerCase() === "base64";

/** Take a file part: in memory while it is small, to a file when it grows. */
async function receive(
  file: Readable,
  base64: boolean,
  inMemory: number,
  slot: Upload,
  spool: () => Promise<string>,
): Promise<void> {
  const source = base64 ? decodeBase64(file) : (file as AsyncIterable<Buffer>);
  const chunks: Buffer[] = [];
  let target: FileHandle | undefined;
  try {
    for await (const chunk of source) {
      slot.sizeBytes += chunk.length;
      chunks.push(chunk);
      if (slot.sizeBytes <= inMemory) continue;
      if (!target) {
        slot.path = join(await spool(), `${randomUUID()}.part`);
        target = await open(slot.path, "wx", 0o600);
      }
      await target.appendFile(Buffer.concat(chunks.splice(0)));
    }
    if (!target) slot.bytes = Buffer.concat(chunks);
  } finally {
    await target?.close();
  }
}

/** Take beginning and end of a file part. @returns how many bytes are kept */
async function receiveCut(file: Readable, base64: boolean, limits: CutLimits, slot: Upload): Promise<number> {
  const cut = new Cut(limits);
  for await (const chunk of base64 ? decodeBase64(file) : (file as AsyncIterable<Buffer>)) {
    slot.sizeBytes += chunk.length;
    cut.add(chunk);
  }
  slot.bytes = cut.finish();
  return slot.bytes.length;
}

/** Base64 with line breaks, in pieces of any size. */
async function* decodeBase64(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest = "";
  for await (const chunk of source) {
    const text = rest + chunk.toString("latin1").replace(/[\r\n\s]/g, "");
    const whole = text.length - (text.length % 4);
    rest = text.slice(whole);
    if (whole > 0) yield Buffer.from(text.slice(0, whole), "base64");
  }
  if (rest !== "") yield Buffer.from(rest, "base64");
}
