/** Request bodies to raw parameters: the six shapes that clients send (reference: client-wire.md, "Request bodies"). */
import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Busboy, type BusboyHeaders } from "@fastify/busboy";
import type { RawParams, RawValue, Upload } from "@rackwright/contract/params";
import { DomainError } from "@rackwright/domain/errors";

export interface BodyLimits {
  /** All of the body, in bytes. */
  total: number;
  /** File parts beyond this many bytes go to a temporary file. */
  inMemory: number;
}

export interface ParsedBody {
  params: RawParams;
  /** Removes temporary files. */
  dispose(): Promise<void>;
}

const nothing = async () => {};

export function addParam(params: RawParams, name: string, value: RawValue): void {
  (params[name] ??= []).push(value);
}

/** @returns the query string's parameters */
export function queryParams(search: URLSearchParams): RawParams {
  const params: RawParams = Object.create(null) as RawParams;
  for (const [name, value] of search) addParam(params, name, value);
  return params;
}

function tooLarge(limit: number): DomainError {
  return new DomainError(
    "payload_too_large",
    `The body is larger than ${limit} bytes, which is the most that is taken here.`,
  );
}

/** All of a stream in memory. @throws DomainError payload_too_large */
export async function readAll(stream: Readable, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw tooLarge(limit);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/**
 * @throws DomainError bad_request when the body is not what its type says, unsupported_media_type for a type that we do not read
 */
export async function parseBody(
  stream: Readable,
  contentType: string | undefined,
  limits: BodyLimits,
): Promise<ParsedBody> {
  const type = (contentType ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  switch (type) {
    case "multipart/form-data":
      return parseMultipart(stream, contentType ?? "", limits);
    case "application/x-www-form-urlencoded": {
      const text = utf8(await readAll(stream, limits.total));
      return { params: queryParams(new URLSearchParams(text)), dispose: nothing };
    }
    case "application/json":
      return { params: jsonParams(utf8(await readAll(stream, limits.total))), dispose: nothing };
    default: {
      const bytes = await readAll(stream, limits.total);
      if (bytes.length > 0)
        throw new DomainError(
          "unsupported_media_type",
          `A body of type ${type || "(none stated)"} is not understood: send multipart/form-data, application/x-www-form-urlencoded or application/json.`,
        );
      return { params: Object.create(null) as RawParams, dispose: nothing };
    }
  }
}

function utf8(bytes: Buffer): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new DomainError("bad_request", "The body is not valid UTF-8.");
  }
}

function jsonParams(text: string): RawParams {
  const params: RawParams = Object.create(null) as RawParams;
  if (text.trim() === "") return params;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new DomainError("bad_request", "The body is not valid JSON.");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new DomainError("bad_request", "The JSON body must be an object: parameter names and their values.");
  for (const [name, given] of Object.entries(value)) {
    for (const item of Array.isArray(given) ? given : [given]) {
      if (item === null || item === undefined) continue;
      addParam(params, name, typeof item === "object" ? JSON.stringify(item) : String(item));
    }
  }
  return params;
}

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

async function parseMultipart(stream: Readable, contentType: string, limits: BodyLimits): Promise<ParsedBody> {
  boundaryOf(contentType);
  const params: RawParams = Object.create(null) as RawParams;
  const files: Promise<void>[] = [];
  let directory: Promise<string> | undefined;
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
    if (truncated) return failure.reject(tooLarge(limits.inMemory));
    if (name !== undefined)
      addParam(params, name, isBase64(encoding) ? Buffer.from(value, "base64").toString("utf8") : value);
  });
  busboy.on("file", (name, file, filename, encoding, mimeType) => {
    const slot: Upload = { filename, contentType: mimeType, sizeBytes: 0 };
    if (name !== undefined) addParam(params, name, slot);
    directory ??= mkdtemp(join(tmpdir(), "rackwright-upload-"));
    const received = receive(file, isBase64(encoding), limits.inMemory, slot, directory);
    received.catch((error: unknown) => failure.reject(error));
    files.push(received);
  });
  try {
    let size = 0;
    stream.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > limits.total) stream.destroy(tooLarge(limits.total));
    });
    await Promise.race([pipeline(stream, busboy), failure.promise]);
    await Promise.all(files);
    return { params, dispose };
  } catch (error) {
    await dispose();
    if (error instanceof DomainError) throw error;
    // An empty multipart body (`--B--` alone) is no error: it has no parts.
    if (Object.keys(params).length === 0 && files.length === 0 && /Unexpected end/.test(String(error)))
      return { params, dispose: nothing };
    throw new DomainError("bad_request", "The multipart body is malformed.", { cause: error });
  }
}

const isBase64 = (encoding: string | undefined) => encoding?.toLowerCase() === "base64";

/** Take a file part: in memory while it is small, to a file when it grows. */
async function receive(
  file: Readable,
  base64: boolean,
  inMemory: number,
  slot: Upload,
  directory: Promise<string>,
): Promise<void> {
  const source = base64 ? decodeBase64(file) : (file as AsyncIterable<Buffer>);
  const chunks: Buffer[] = [];
  let target: ReturnType<typeof createWriteStream> | undefined;
  for await (const chunk of source) {
    slot.sizeBytes += chunk.length;
    if (!target) {
      chunks.push(chunk);
      if (slot.sizeBytes <= inMemory) continue;
      slot.path = join(await directory, `${Math.random().toString(36).slice(2)}.part`);
      target = createWriteStream(slot.path, { mode: 0o600 });
    }
    const pending = chunks.length > 0 ? Buffer.concat(chunks.splice(0)) : chunk;
    if (!target.write(pending)) await new Promise((resolve) => target?.once("drain", () => resolve(undefined)));
  }
  if (!target) {
    slot.bytes = Buffer.concat(chunks);
    return;
  }
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  target.end((error?: Error | null) => (error ? reject(error) : resolve()));
  await promise;
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
