/** HTTP for BMCs. Not `fetch`: that cannot switch certificate checks off for one request, and most BMCs sign their own. */
import * as http from "node:http";
import * as https from "node:https";

export interface HttpRequest {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  url: URL;
  headers?: Readonly<Record<string, string>>;
  body?: string;
  verifyTls: boolean;
}

export interface HttpReply {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: string;
}

/** Larger than any sensible reply; longer ones are an error, not memory. */
const BODY_LIMIT_BYTES = 1024 * 1024;

export function httpRequest(request: HttpRequest, signal: AbortSignal): Promise<HttpReply> {
  const { url, method, headers = {}, body = "", verifyTls } = request;
  return new Promise((resolve, reject) => {
    const options = {
      method,
      signal,
      agent: false as const, // BMCs close idle connections without saying so
      headers: { ...headers, "content-length": Buffer.byteLength(body) },
    };
    const sent =
      url.protocol === "https:"
        ? https.request(url, { ...options, rejectUnauthorized: verifyTls })
        : http.request(url, options);
    const fail = (error: Error) => reject(signal.aborted ? (signal.reason as Error) : error);
    sent.on("error", fail);
    sent.on("response", (reply) => {
      const chunks: Buffer[] = [];
      let size = 0;
      reply.on("data", (chunk: Buffer) => {
        size += chunk.length;
        if (size > BODY_LIMIT_BYTES) reply.destroy(new Error(`the reply is longer than ${BODY_LIMIT_BYTES} bytes`));
        else chunks.push(chunk);
      });
      reply.on("error", fail);
      reply.on("end", () =>
        resolve({
          status: reply.statusCode ?? 0,
          headers: reply.headers,
          body: Buffer.concat(chunks).toString("utf8"),
        }),
      );
    });
    sent.end(body);
  });
}
