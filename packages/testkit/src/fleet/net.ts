/** HTTP as one emulated machine does it: from its own address, with its own clock, over a network that may be gone. */
import { Agent, type IncomingHttpHeaders, request as httpRequest } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Credentials } from "./cloud-config.ts";
import type { Gate } from "./gate.ts";
import { authorization } from "./signing.ts";

export interface Reply {
  status: number;
  headers: IncomingHttpHeaders;
  body: Buffer;
  /** There and back, without the wait for a place in the line of all machines. */
  tookMs: number;
}

export interface Request {
  method?: "GET" | "HEAD" | "POST";
  headers?: Record<string, string>;
  body?: Uint8Array;
  /** Whose key signs. */
  as?: Credentials | undefined;
}

/** Nobody answered, or said no. */
export class RequestFailed extends Error {
  /** Undefined: there was no answer. */
  readonly status: number | undefined;
  constructor(message: string, status?: number, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

export function ignoreRefusal(error: unknown): void {
  if (!(error instanceof RequestFailed)) throw error;
}

/** The longest that a machine waits for one answer. */
const ANSWER_MS = 60_000;
/** A region that is restarted is waited for, as the runner does; what it refuses for good is not asked again. */
const PATIENCE_MS = 180_000;
const FINAL = [400, 404, 405, 409, 410, 413];

export interface NetOptions {
  /** Source address on loopback. */
  address: string | undefined;
  /** Bounds what all machines ask at once. */
  gate: Gate;
  signal: AbortSignal;
  /** Seconds that its clock is wrong by. */
  clockOff?: number;
  /** Refusals teach it nothing. */
  clockStuck?: boolean;
}

export class Net {
  /** The cable is out. */
  cut = false;
  readonly #options: NetOptions;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 8, keepAliveMsecs: 5000 });
  #clockOff: number;

  constructor(options: NetOptions) {
    this.#options = options;
    this.#clockOff = options.clockOff ?? 0;
  }

  close(): void {
    this.#agent.destroy();
  }

  /** One try. @throws RequestFailed when nobody answered */
  async once(url: string, request: Request = {}): Promise<Reply> {
    const { signal } = this.#options;
    signal.throwIfAborted();
    if (this.cut) {
      await sleep(20, undefined, { signal });
      throw new RequestFailed(`${url}: network is unreachable`);
    }
    return this.#options.gate.pass(() => this.#send(url, request), signal);
  }

  /**
   * Until it works: while nobody answers or the answer is that the server is broken, with pauses that grow.
   * @returns an answer below 400 @throws RequestFailed otherwise
   */
  async ask(url: string, request: Request = {}): Promise<Reply> {
    const giveUp = performance.now() + PATIENCE_MS;
    let refusals = 0;
    for (let pauseMs = 100; ; pauseMs = Math.min(pauseMs * 2, 2000)) {
      try {
        const reply = await this.once(url, request);
        if (reply.status < 400) return reply;
        const said = reply.body.toString("utf8", 0, 300).trim();
        throw new RequestFailed(`${request.method ?? "GET"} ${shown(url)}: ${reply.status} ${said}`, reply.status);
      } catch (error) {
        if (!(error instanceof RequestFailed)) throw error;
        const { status } = error;
        if (status !== undefined && FINAL.includes(status)) throw error;
        if (status === 401 || status === 403) refusals++;
        if (refusals > 2 || performance.now() > giveUp) throw error;
      }
      await sleep(pauseMs, undefined, { signal: this.#options.signal });
    }
  }

  /** Take some of it, and then no more: the connection stays, until the machine's power is cut. */
  async stall(url: string): Promise<never> {
    const { address, signal } = this.#options;
    const { promise, reject } = Promise.withResolvers<never>();
    const target = new URL(url);
    const local = address !== undefined && target.hostname.startsWith("127.") ? { localAddress: address } : {};
    const outgoing = httpRequest(target, { agent: this.#agent, signal, ...local }, (incoming) => {
      incoming.once("data", () => incoming.pause());
      incoming.on("error", () => undefined);
    });
    outgoing.on("error", (error) => reject(signal.aborted ? (signal.reason as Error) : error));
    outgoing.end();
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
    return promise;
  }

  #send(url: string, { method = "GET", headers = {}, body, as }: Request): Promise<Reply> {
    const { address, signal } = this.#options;
    const target = new URL(url);
    const began = performance.now();
    const { promise, resolve, reject } = Promise.withResolvers<Reply>();
    const fail = (cause: Error) =>
      reject(
        signal.aborted
          ? (signal.reason as Error)
          : new RequestFailed(`${method} ${shown(url)}: ${cause.message}`, undefined, { cause }),
      );
    const outgoing = httpRequest(
      target,
      {
        method,
        agent: this.#agent,
        signal,
        timeout: ANSWER_MS,
        ...(address !== undefined && target.hostname.startsWith("127.") ? { localAddress: address } : {}),
        headers: {
          ...headers,
          ...(as && as.tokenSecret !== ""
            ? { authorization: authorization(as, Date.now() / 1000 + this.#clockOff) }
            : {}),
          ...(body ? { "content-length": body.length } : {}),
        },
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        incoming.on("error", fail);
        incoming.on("end", () => {
          const status = incoming.statusCode ?? 0;
          if ((status === 401 || status === 403) && this.#options.clockStuck !== true)
            this.#learnClock(incoming.headers.date);
          resolve({
            status,
            headers: incoming.headers,
            body: Buffer.concat(chunks),
            tookMs: performance.now() - began,
          });
        });
      },
    );
    outgoing.on("timeout", () => outgoing.destroy(new Error(`no answer within ${ANSWER_MS / 1000} s`)));
    outgoing.on("error", fail);
    outgoing.end(body);
    return promise;
  }

  /** A refusal carries the server's time: a timestamp too far off is refused. */
  #learnClock(date: string | undefined): void {
    const theirs = Date.parse(date ?? "");
    if (!Number.isNaN(theirs)) this.#clockOff = Math.round((theirs - Date.now()) / 1000);
  }
}

/** Without what must stay out of logs. */
const shown = (url: string): string => url.replace(/(secret=)[^&]+/, "$1...");
