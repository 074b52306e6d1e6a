/** `/MAAS/...` of machines, carried to the region: metadata, script results, the API. Nothing is buffered, in either direction. */
import { Agent as HttpAgent, type IncomingMessage, request as httpRequest, type ServerResponse } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";

export interface RegionTarget {
  /** Origin of the region: http://host:port */
  url: string;
  /** Added to each request, and taken from none: how the region knows that it is this rack that speaks. */
  headers?: Record<string, string>;
}

export interface ProxyOptions {
  region: RegionTarget;
  connectTimeoutMs: number;
  /** Longest silence of the region, before and within an answer. */
  silenceMs: number;
  maxConnections: number;
  /** A region that is away is asked again for so long, for what has no body. Below the 10 s that cloud-init waits for an answer. */
  bridgeMs: number;
}

export interface ProxyResult {
  status: number;
  bytes: number;
  complete: boolean;
  reason?: string;
}

interface Attempt {
  answer: Promise<IncomingMessage>;
  /** Why we gave it up ourselves. */
  reason: () => string | undefined;
}

const BRIDGE_PAUSE_MS = 200;

const isRepeatable = (req: IncomingMessage): boolean =>
  (req.method === "GET" || req.method === "HEAD") &&
  req.headers["transfer-encoding"] === undefined &&
  Number(req.headers["content-length"] ?? 0) === 0;

/** RFC 9110 section 7.6.1: these speak of one connection. */
const hopByHop = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** A machine may not say who it is nor pretend to be a rack; some servers read `_` as `-`. */
const forgeable = /^(x[-_]forwarded.*|x[-_]rackwright.*|x[-_]real[-_]ip|forwarded|via)$/;

export class RegionProxy {
  readonly #options: ProxyOptions;
  readonly #origin: URL;
  readonly #agent: HttpAgent;

  constructor(options: ProxyOptions) {
    this.#options = options;
    this.#origin = new URL(options.region.url);
    const settings = {
      keepAlive: true,
      maxSockets: options.maxConnections,
      maxFreeSockets: 16,
      timeout: options.silenceMs,
    };
    this.#agent = this.#origin.protocol === "https:" ? new HttpsAgent(settings) : new HttpAgent(settings);
  }

  close(): void {
    this.#agent.destroy();
  }

  async carry(req: IncomingMessage, res: ServerResponse, target: string, clientAddress: string): Promise<ProxyResult> {
    const began = performance.now();
    for (let repeated = false; ; repeated = true) {
      const attempt = this.#ask(req, res, target, clientAddress);
      // A region that is restarted is back in seconds, and cloud-init takes its first 502 for an answer. Only what has no body is repeated.
      const incoming = await attempt.answer.catch(() => undefined);
      const again = isRepeatable(req) && performance.now() - began < this.#options.bridgeMs;
      if (again && !res.destroyed && (incoming === undefined || incoming.statusCode === 503)) {
        incoming?.resume();
        await sleep(BRIDGE_PAUSE_MS);
        continue;
      }
      // The region may have seen this signature just before it went away, and takes none twice: a new one is needed, not another machine.
      if (repeated && (incoming?.statusCode === 401 || incoming?.statusCode === 403)) {
        incoming.resume();
        return this.#fail(res, 503, "the region was away in the middle of this request, and is back: ask again");
      }
      return this.#passOn(attempt, res);
    }
  }

  #ask(req: IncomingMessage, res: ServerResponse, target: string, clientAddress: string): Attempt {
    const send = this.#origin.protocol === "https:" ? httpsRequest : httpRequest;
    const outgoing = send({
      host: this.#origin.hostname.replace(/^\[(.*)\]$/, "$1"),
      port: this.#origin.port,
      method: req.method,
      path: target,
      agent: this.#agent,
      headers: this.#requestHeaders(req, clientAddress),
    });
    let reason: string | undefined;
    const giveUp = (why: string) => {
      reason ??= why;
      outgoing.destroy(new Error(why));
    };
    let connecting: NodeJS.Timeout | undefined;
    outgoing.once("socket", (socket) => {
      if (!socket.connecting) return; // kept alive from an earlier request
      connecting = setTimeout(() => giveUp("the region cannot be reached"), this.#options.connectTimeoutMs);
      socket.once("connect", () => clearTimeout(connecting));
    });
    outgoing.setTimeout(this.#options.silenceMs, () => giveUp("the region does not answer"));
    const machineGone = () => {
      if (!res.writableFinished) giveUp("the machine closed the connection");
    };
    res.once("close", machineGone);
    const answer = new Promise<IncomingMessage>((resolve, reject) =>
      outgoing.once("response", resolve).on("error", reject),
    );
    answer.catch(() => undefined); // whoever waits for it hears of it
    if (isRepeatable(req)) {
      req.resume();
      outgoing.end();
    } else req.pipe(outgoing);
    // A region may be away, or answer (401, 413) before the body is through. The rest is then read and thrown away: a connection
    // closed on a machine that still sends would lose the answer. (One that the region closes on us is lost: EPIPE comes first.)
    outgoing.once("close", () => {
      clearTimeout(connecting);
      res.off("close", machineGone);
      req.unpipe(outgoing);
      req.resume();
    });
    return { answer, reason: () => reason };
  }

  async #passOn({ answer, reason: whyGivenUp }: Attempt, res: ServerResponse): Promise<ProxyResult> {
    let bytes = 0;
    try {
      const incoming = await answer;
      incoming.on("data", (chunk: Buffer) => (bytes += chunk.length));
      const status = incoming.statusCode ?? 502;
      res.writeHead(
        status,
        incoming.statusMessage,
        passing(incoming.rawHeaders, incoming.headers.connection, () => false).flat(),
      );
      res.flushHeaders();
      await pipeline(incoming, res);
      return { status, bytes, complete: true };
    } catch (error) {
      const reason =
        whyGivenUp() ?? `the region's answer failed: ${error instanceof Error ? error.message : String(error)}`;
      if (!res.headersSent && !res.destroyed)
        return this.#fail(
          res,
          502,
          `${reason}. Tried ${this.#origin.origin}; look at the region's log and at the network between rack and region`,
          reason,
        );
      res.destroy(); // its length was promised: only a broken connection says that it is not whole
      return { status: res.statusCode, bytes, complete: false, reason };
    }
  }

  #fail(res: ServerResponse, status: number, text: string, reason = text): ProxyResult {
    res.writeHead(status, { "content-type": "text/plain; charset=utf-8" });
    res.end(`${status}: ${text}.\n`);
    return { status, bytes: 0, complete: false, reason };
  }

  #requestHeaders(req: IncomingMessage, clientAddress: string): string[] {
    const own: Record<string, string> = {
      host: this.#origin.host,
      "x-forwarded-for": clientAddress,
      "x-forwarded-proto": "http",
      ...(req.headers.host === undefined ? {} : { "x-forwarded-host": req.headers.host }),
      ...this.#options.region.headers,
    };
    const ours = new Set(["expect", ...Object.keys(own).map((name) => name.toLowerCase())]);
    const taken = passing(req.rawHeaders, req.headers.connection, (name) => ours.has(name) || forgeable.test(name));
    const chunked = req.headers["transfer-encoding"] === undefined ? [] : ["transfer-encoding", "chunked"];
    return [...taken.flat(), ...chunked, ...Object.entries(own).flat()];
  }
}

/** Raw headers that go on: not those of the connection, not those it names, not those that `drop` names. */
function passing(
  raw: readonly string[],
  connection: string | undefined,
  drop: (name: string) => boolean,
): [string, string][] {
  const named = new Set((connection ?? "").toLowerCase().split(/\s*,\s*/));
  const kept: [string, string][] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = (raw[i] ?? "").toLowerCase();
    if (!hopByHop.has(name) && !named.has(name) && !drop(name)) kept.push([raw[i] ?? "", raw[i + 1] ?? ""]);
  }
  return kept;
}
