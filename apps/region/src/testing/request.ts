/** Signed requests as clients send them, over real HTTP. */
import { randomUUID } from "node:crypto";
import { request as httpRequest } from "node:http";
import type { Token } from "../auth/tokens.ts";

export type Values = Record<string, string | number | boolean | readonly string[] | undefined>;

export interface FilePart {
  filename: string;
  content: string | Uint8Array;
  contentType?: string;
}

export interface RequestOptions {
  query?: Values;
  /** One of form, json, multipart and body. */
  form?: Values;
  json?: unknown;
  multipart?: Record<string, string | FilePart>;
  /** As it is; say its content-type among the headers. */
  body?: string | Uint8Array;
  headers?: Record<string, string>;
}

export interface Response {
  status: number;
  headers: Record<string, string | undefined>;
  text: string;
  bytes: Buffer;
  /** The body as JSON. @throws Error with the body when it is none */
  json: unknown;
}

/** OAuth 1.0 PLAINTEXT, as every client of today signs. */
export function plaintextHeader(
  token: Token,
  more: { nonce?: string; timestamp?: number; signature?: string } = {},
): string {
  const parts: Record<string, string> = {
    oauth_nonce: more.nonce ?? randomUUID(),
    oauth_timestamp: String(more.timestamp ?? Math.floor(Date.now() / 1000)),
    oauth_version: "1.0",
    oauth_signature_method: "PLAINTEXT",
    oauth_consumer_key: token.consumerKey,
    oauth_token: token.tokenKey,
    oauth_signature: more.signature ?? `&${token.tokenSecret}`,
  };
  return `OAuth ${Object.entries(parts)
    .map(([name, value]) => `${name}="${encodeURIComponent(value)}"`)
    .join(", ")}`;
}

export function encodeForm(values: Values): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(values))
    for (const item of Array.isArray(value) ? (value as string[]) : [value])
      if (item !== undefined) search.append(name, String(item));
  return search.toString();
}

function encodeMultipart(parts: Record<string, string | FilePart>): { type: string; body: Buffer } {
  const boundary = `test${randomUUID()}`;
  const pieces: Buffer[] = [];
  for (const [name, part] of Object.entries(parts)) {
    const file = typeof part === "string" ? undefined : part;
    const disposition = `form-data; name="${name}"${file ? `; filename="${file.filename}"` : ""}`;
    const type = file ? `Content-Type: ${file.contentType ?? "application/octet-stream"}\r\n` : "";
    pieces.push(
      Buffer.from(`--${boundary}\r\nContent-Disposition: ${disposition}\r\n${type}\r\n`),
      Buffer.from(file ? file.content : (part as string)),
      Buffer.from("\r\n"),
    );
  }
  pieces.push(Buffer.from(`--${boundary}--\r\n`));
  return { type: `multipart/form-data; boundary="${boundary}"`, body: Buffer.concat(pieces) };
}

function encodeBody(options: RequestOptions): { type: string | undefined; body: Buffer | undefined } {
  if (options.form) return { type: "application/x-www-form-urlencoded", body: Buffer.from(encodeForm(options.form)) };
  if (options.json !== undefined) return { type: "application/json", body: Buffer.from(JSON.stringify(options.json)) };
  if (options.multipart) return encodeMultipart(options.multipart);
  return { type: undefined, body: options.body === undefined ? undefined : Buffer.from(options.body) };
}

/** @param url with or without a query; `options.query` is added to it */
export async function send(url: string, method: string, options: RequestOptions = {}): Promise<Response> {
  const { type, body } = encodeBody(options);
  const query = encodeForm(options.query ?? {});
  const headers: Record<string, string | number> = {
    ...(type === undefined ? {} : { "content-type": type }),
    ...(body || method === "POST" || method === "PUT" ? { "content-length": body?.length ?? 0 } : {}),
    ...options.headers,
  };
  const { promise, resolve, reject } = Promise.withResolvers<Response>();
  const target = query === "" ? url : `${url}${url.includes("?") ? "&" : "?"}${query}`;
  const sent = httpRequest(target, { method, headers, agent: false }, (reply) => {
    const chunks: Buffer[] = [];
    reply.on("data", (chunk: Buffer) => chunks.push(chunk));
    reply.on("error", reject);
    reply.on("end", () => {
      const bytes = Buffer.concat(chunks);
      const text = bytes.toString("utf8");
      resolve({
        status: reply.statusCode ?? 0,
        headers: reply.headers as Record<string, string | undefined>,
        bytes,
        text,
        get json(): unknown {
          try {
            return JSON.parse(text);
          } catch (cause) {
            throw new Error(`${method} ${target} answered ${reply.statusCode} without JSON: ${text.slice(0, 500)}`, {
              cause,
            });
          }
        },
      });
    });
  });
  sent.on("error", reject);
  sent.end(body);
  return promise;
}
