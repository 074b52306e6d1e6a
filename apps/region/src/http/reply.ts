/** Replies as clients expect them (reference: describe.md section 12, client-wire.md "Responses"). */
import { errorStatus } from "@rackwright/contract/errors";
import { isDatabaseAway } from "@rackwright/db/connect";
import { DomainError } from "@rackwright/domain/errors";
import type { FastifyReply } from "fastify";

/** What a handler may give back besides a JSON value. */
export class Raw {
  readonly body: string | Uint8Array | NodeJS.ReadableStream;
  readonly contentType: string;
  readonly headers: Record<string, string>;
  /** Instead of the action's own, where a refusal has headers of its own. */
  readonly status: number | undefined;
  constructor(
    body: string | Uint8Array | NodeJS.ReadableStream,
    contentType: string,
    headers: Record<string, string> = {},
    status?: number,
  ) {
    this.body = body;
    this.contentType = contentType;
    this.headers = headers;
    this.status = status;
  }
}

export const TEXT = "text/plain; charset=utf-8";
export const JSON_TYPE = "application/json; charset=utf-8";

export function plainText(text: string): Raw {
  return new Raw(text, TEXT);
}

/** JSON with 4 blanks, as the original writes it. */
export function jsonText(value: unknown): string {
  return JSON.stringify(value, null, 4);
}

export function sendResult(reply: FastifyReply, status: number, result: unknown): FastifyReply {
  void reply.code(status);
  if (status === 204) return sendNoContent(reply);
  if (result instanceof Raw && result.status !== undefined) void reply.code(result.status);
  if (result instanceof Raw)
    return reply.headers(result.headers).header("content-type", result.contentType).send(result.body);
  return reply.header("content-type", JSON_TYPE).send(jsonText(result ?? null));
}

/** Every reply needs a Content-Type, 204 too: the official command line dies without one. Fastify takes it off, so it is not asked. */
function sendNoContent(reply: FastifyReply): FastifyReply {
  reply.hijack();
  for (const [name, value] of Object.entries(reply.getHeaders()))
    if (value !== undefined) reply.raw.setHeader(name, value);
  reply.raw.writeHead(204, { "content-type": TEXT }).end();
  return reply;
}

/**
 * An error as the caller sees it: nothing of ours, only what can be acted on.
 * @returns whether it is known what is the matter; anything else is a bug to be logged
 */
export function sendError(reply: FastifyReply, error: unknown, requestId: string): boolean {
  if (isDatabaseAway(error)) {
    void reply
      .code(503)
      .header("content-type", TEXT)
      .header("retry-after", "5")
      .send("The database does not answer just now: try again.");
    return true;
  }
  if (!(error instanceof DomainError)) {
    void reply
      .code(500)
      .header("content-type", TEXT)
      .send(`Internal error. The server's log says more under request ${requestId}.`);
    return false;
  }
  const { status } = errorStatus[error.code];
  void reply.code(status);
  if (status === 401) void reply.header("www-authenticate", 'OAuth realm="OAuth"');
  if (error.code === "rack_unavailable" || error.code === "rack_timeout") void reply.header("retry-after", "10");
  if (error.fields) void reply.header("content-type", JSON_TYPE).send(JSON.stringify(error.fields));
  else void reply.header("content-type", TEXT).send(error.message);
  return true;
}
