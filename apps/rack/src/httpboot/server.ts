/** The rack's HTTP door for machines (port 5248): boot files by GET and HEAD, and `/MAAS/` carried to the region. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { bootPathOfTarget, plainAddress } from "../boot-path.ts";
import { BootFileUnavailable, type BootFiles, type BootLog } from "../boot-files.ts";
import { ConnectionCounter } from "./connection-counter.ts";
import { type ProxyResult, RegionProxy, type RegionTarget } from "./region-proxy.ts";
import { type StreamResult, streamFile } from "./stream-file.ts";

/** What happened to a request, for the flight recorder. */
export interface HttpBootEvent {
  /** Path without query: queries of `/MAAS/` may carry secrets. */
  file: string;
  method: string;
  remoteAddress: string;
  localAddress?: string;
  outcome: "started" | "finished" | "failed" | "not_found";
  /** Of the answer; undefined with "started". */
  status?: number;
  /** Body bytes sent. */
  bytes: number;
  complete: boolean;
  durationMs: number;
  reason?: string;
}

export interface HttpBootOptions {
  host: string;
  /** 5248 for machines; 0 picks one. */
  port: number;
  files: BootFiles;
  region?: RegionTarget;
  onRequest?: (event: HttpBootEvent) => void;
  log: BootLog;
  maxConnections?: number;
  maxConnectionsPerAddress?: number;
  /** A machine that takes nothing for so long is cut off. */
  stallMs?: number;
  regionConnectTimeoutMs?: number;
  regionSilenceMs?: number;
  regionBridgeMs?: number;
}

export interface HttpBootServer {
  port: number;
  close(): Promise<void>;
}

type Result = StreamResult | ProxyResult;
type Tell = (outcome: HttpBootEvent["outcome"], result?: Partial<Result>) => void;

export async function startHttpBoot(options: HttpBootOptions): Promise<HttpBootServer> {
  const { files, log, maxConnections = 4096, maxConnectionsPerAddress = 64, stallMs = 60_000 } = options;
  const proxy = options.region
    ? new RegionProxy({
        region: options.region,
        connectTimeoutMs: options.regionConnectTimeoutMs ?? 5000,
        silenceMs: options.regionSilenceMs ?? 120_000,
        bridgeMs: options.regionBridgeMs ?? 8000,
        maxConnections: 512,
      })
    : undefined;

  const answer = async (req: IncomingMessage, res: ServerResponse) => {
    const target = (req.url ?? "/").replace(/^\/+/, "/");
    const tell = teller(options, req, target);
    try {
      const path = bootPathOfTarget(target);
      // `/MAAS/%2e%2e/x` is no path at all, so the region never has to be the one that notices.
      if (proxy && path && /^\/MAAS(\/|\?|$)/.test(target)) {
        const result = await proxy.carry(req, res, target, plainAddress(req.socket.remoteAddress));
        if (!result.complete) tell("failed", result); // the region records what it has answered itself
        return;
      }
      if (path === undefined || (req.method !== "GET" && req.method !== "HEAD")) {
        const reason = path === undefined ? "no name of a boot file" : `${req.method} is for /MAAS/ only`;
        tell("not_found", { ...plain(res, 404, "there is no such boot file"), reason });
        return;
      }
      await serveFile(req, res, path, tell);
    } catch (error) {
      if (!(error instanceof BootFileUnavailable))
        log.error({ err: error, target: withoutQuery(target) }, "HTTP boot: cannot answer a machine");
      tell("failed", refuse(res, error));
    }
  };

  const serveFile = async (req: IncomingMessage, res: ServerResponse, path: string, tell: Tell) => {
    const localAddress = req.socket.localAddress;
    const file = await files.open({
      path,
      remoteAddress: plainAddress(req.socket.remoteAddress),
      ...(localAddress === undefined ? {} : { localAddress: plainAddress(localAddress) }),
      via: "http",
      query: req.url?.split("?").slice(1).join("?") ?? "",
    });
    if (!file) {
      tell("not_found", plain(res, 404, "there is no such boot file"));
      return;
    }
    tell("started");
    const result = await streamFile(req, res, file, { stallMs });
    tell(result.complete ? "finished" : "failed", result);
  };

  const server = createServer((req, res) => void answer(req, res));
  // Uploads of logs from slow machines take minutes; what is slow to say its headers is not a machine of ours.
  Object.assign(server, { requestTimeout: 900_000, headersTimeout: 30_000, keepAliveTimeout: 15_000, maxConnections });
  const counter = new ConnectionCounter(maxConnectionsPerAddress);
  server.on("connection", (socket) => counter.admit(socket));
  server.on("upgrade", (_req, socket) => socket.destroy());
  server.listen({ host: options.host, port: options.port });
  await once(server, "listening");

  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      proxy?.close();
      await closed;
    },
  };
}

function plain(res: ServerResponse, status: number, text: string, headers: Record<string, string> = {}): StreamResult {
  const body = `${status}: ${text}\n`;
  const length = String(Buffer.byteLength(body));
  res
    .writeHead(status, { "content-type": "text/plain; charset=utf-8", "content-length": length, ...headers })
    .end(body);
  return { status, bytes: 0, complete: true };
}

/** Ends a request that went wrong: with words while no header is out, by breaking the connection afterwards. */
function refuse(res: ServerResponse, error: unknown): StreamResult {
  const known = error instanceof BootFileUnavailable;
  const reason = known ? error.message : "the rack cannot read this file; its log says why";
  if (res.headersSent) {
    res.destroy();
    return { status: res.statusCode, bytes: 0, complete: false, reason };
  }
  const retry: Record<string, string> = known ? { "retry-after": String(error.retryAfterSeconds) } : {};
  return { ...plain(res, known ? 503 : 500, reason, retry), complete: false, reason };
}

function teller(options: HttpBootOptions, req: IncomingMessage, target: string): Tell {
  const startedAt = performance.now();
  const { remoteAddress, localAddress } = req.socket;
  return (outcome, result) => {
    const event: HttpBootEvent = {
      file: (bootPathOfTarget(target) ?? withoutQuery(target)).slice(0, 512),
      method: req.method ?? "GET",
      remoteAddress: plainAddress(remoteAddress),
      ...(localAddress === undefined ? {} : { localAddress: plainAddress(localAddress) }),
      outcome,
      ...(result?.status === undefined ? {} : { status: result.status }),
      bytes: result?.bytes ?? 0,
      complete: outcome === "finished",
      durationMs: Math.round(performance.now() - startedAt),
      ...(result?.reason === undefined ? {} : { reason: result.reason }),
    };
    try {
      options.onRequest?.(event);
    } catch (error) {
      options.log.error({ err: error, event }, "HTTP boot: evidence of a request was not recorded");
    }
  };
}

const withoutQuery = (target: string): string => target.split("?", 1)[0] ?? "";
