/** Request bodies to raw parameters: the six shapes that clients send (reference: client-wire.md, "Request bodies"). */
import type { Readable } from "node:stream";
import { isTooDeep, MOST_DEEP } from "@rackwright/contract/json-limits";
import type { RawParams } from "@rackwright/contract/params";
import { DomainError } from "@rackwright/domain/errors";
import { addParam, type BodyLimits, notUtf8, type ParsedBody, tooLarge } from "./body-parts.ts";
import { parseMultipart } from "./multipart.ts";

const nothing = async () => {};

/**
 * Parameters of a query string or an urlencoded form.
 * @throws DomainError bad_request when what is percent-encoded is no UTF-8: URLSearchParams would silently put other text in its place
 */
export function queryParams(text: string): RawParams {
  const params: RawParams = Object.create(null) as RawParams;
  for (const [run] of text.matchAll(/(?:%[0-9a-f]{2})+/gi)) {
    try {
      decodeURIComponent(run);
    } catch {
      throw notUtf8();
    }
  }
  for (const [name, value] of new URLSearchParams(text)) addParam(params, name, value);
  return params;
}

/**
 * All of a stream in memory.
 * @throws DomainError payload_too_large; the stream is left open then, so that whoever sends it can still be told
 */
export async function readAll(stream: Readable, limit: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
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
      return { params: queryParams(text), dispose: nothing };
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
  if (isTooDeep(text)) throw new DomainError("bad_request", `The JSON body is nested more than ${MOST_DEEP} deep.`);
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
      const text = typeof item === "object" ? JSON.stringify(item) : String(item);
      if (!text.isWellFormed() || !name.isWellFormed())
        throw new DomainError("bad_request", "There is half of a surrogate pair in the JSON body.");
      addParam(params, name, text);
    }
  }
  return params;
}
