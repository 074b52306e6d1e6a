/** One HTTP request to an API server, with its own certificate authority or none. */
import type { IncomingHttpHeaders } from "node:http";
import type { RequestOptions } from "node:https";
import type { PeerCertificate, TLSSocket } from "node:tls";
import { CliError } from "../errors.ts";
import { http, nodeHttps } from "./node-modules.ts";

export interface Trust {
  /** PEM of the authority that the profile was stored with. */
  cacerts?: string | null | undefined;
  insecure?: boolean | undefined;
}

export interface ApiRequest {
  method: string;
  origin: string;
  /** Path and query, sent as it stands. */
  path: string;
  headers?: Record<string, string>;
  body?: Buffer;
  /** What a success says is handed on as it comes, and is not kept: for replies that have no end. */
  onData?: (chunk: Buffer) => void;
}

export interface ApiReply {
  status: number;
  reason: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
  certificate?: PeerCertificate;
}

const REDIRECTS = 5;

/** Send it; a GET follows redirects, without its credentials when they lead to another server. */
export async function send(request: ApiRequest, trust: Trust): Promise<ApiReply> {
  const { onData } = request;
  let current = request;
  for (let hop = 0; ; hop++) {
    const reply = await sendOnce(current, trust);
    const { location } = reply.headers;
    const isMoved = reply.status >= 301 && reply.status <= 308 && reply.status !== 304 && location !== undefined;
    if (!isMoved || request.method !== "GET" || hop === REDIRECTS) return reply;
    const next = new URL(location, `${current.origin}${current.path}`);
    const { authorization: _left, ...others } = current.headers ?? {};
    const headers = next.origin === current.origin ? current.headers : others;
    current = {
      method: "GET",
      origin: next.origin,
      path: next.pathname + next.search,
      ...(headers && { headers }),
      ...(onData && { onData }),
    };
  }
}

function sendOnce({ method, origin, path, headers = {}, body, onData }: ApiRequest, trust: Trust): Promise<ApiReply> {
  const isTls = origin.startsWith("https:");
  const needsLength = method === "POST" || method === "PUT";
  const options: RequestOptions = {
    method,
    path,
    agent: false,
    headers: { accept: "*/*", ...headers, ...((body || needsLength) && { "content-length": body?.length ?? 0 }) },
    ...(isTls && { rejectUnauthorized: !trust.insecure, ...(trust.cacerts && { ca: trust.cacerts }) }),
  };
  return new Promise((resolve, reject) => {
    const sent = isTls ? nodeHttps().request(origin, options) : http.request(origin, options);
    const fail = (error: NodeJS.ErrnoException) => reject(explained(error, method, `${origin}${path}`));
    sent.on("error", fail);
    sent.on("response", (reply) => {
      const certificate = isTls ? (reply.socket as TLSSocket).getPeerCertificate() : undefined;
      const chunks: Buffer[] = [];
      const isHandedOn = onData !== undefined && reply.statusCode === 200;
      reply.on("data", isHandedOn ? onData : (chunk: Buffer) => chunks.push(chunk));
      reply.on("error", fail);
      reply.on("end", () =>
        resolve({
          status: reply.statusCode ?? 0,
          reason: reply.statusMessage ?? "",
          headers: reply.headers,
          body: Buffer.concat(chunks),
          ...(certificate && { certificate }),
        }),
      );
    });
    sent.end(body);
  });
}

function explained(error: NodeJS.ErrnoException, method: string, url: string): Error {
  const { code = "", message } = error;
  if (/CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER/.test(code))
    return new CliError(
      `${method} ${url}: the server's certificate is not trusted (${message}): log in with --cacerts FILE, or skip the check with --insecure/-k`,
      { cause: error, exitCode: 1 },
    );
  const why = message || code || "no connection";
  return new CliError(`${method} ${url} failed: ${why}: check the address of the server and that it runs`, {
    cause: error,
  });
}
