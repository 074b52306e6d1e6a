/** One WebSocket of one rack: its hello, its calls, and ours to it. */
import { type CallOptions, CallTimeout, createPeer, type Peer, RemoteError } from "@rackwright/contract/rack-peer";
import type {
  BootRequest,
  EvidenceItem,
  PowerStep,
  RackMethods,
  RegionMethods,
} from "@rackwright/contract/rack-protocol";
import { rackMethodSchemas, regionMethodSchemas } from "@rackwright/contract/rack-schemas";
import type { RackNode } from "@rackwright/db/racks";
import { DomainError, type ErrorCode } from "@rackwright/domain/errors";
import type { Logger } from "pino";
import type { RawData, WebSocket } from "ws";
import type { ConnectedRack } from "./racks.ts";

/** What the region does with the calls of a rack. */
export interface RackHandlers {
  bootScript(rack: ConnectedRack, request: BootRequest): Promise<{ script: string | null }>;
  evidence(rack: ConnectedRack, seen: { items: EvidenceItem[] }): Promise<unknown>;
  powerStep(rack: ConnectedRack, step: { systemId: string; bootEpoch: number; step: PowerStep }): Promise<unknown>;
  dhcpServers(rack: ConnectedRack, found: { interface: string; servers: string[] }): Promise<unknown>;
  neighbours(rack: ConnectedRack, found: RegionMethods["neighbours"]["params"]): Promise<unknown>;
}

export interface ConnectionOptions {
  node: RackNode;
  socket: WebSocket;
  handlers: RackHandlers;
  log: Logger;
  timing: LinkTiming;
  /** Store what the rack says of itself, and make it one of the connected. */
  hello(connection: RackConnection, report: RegionMethods["hello"]["params"]): Promise<ConnectedRack>;
  closed(connection: RackConnection): void;
}

export interface LinkTiming {
  /** Between two pings; a rack that answers none of three is gone. */
  pingMs: number;
  /** From the connection to the hello. */
  helloMs: number;
}

export const usualLinkTiming: LinkTiming = { pingMs: 10_000, helloMs: 10_000 };

/** A cycle waits for a machine that shuts down: two minutes each way, and the attempts at an unreachable BMC. */
const timeoutsMs: Record<keyof RackMethods, number> = {
  power: 600_000,
  configureDhcp: 60_000,
  pullDhcp: 30_000,
  releaseLeases: 30_000,
  watchConsoles: 30_000,
  vmHostDiscover: 90_000,
  chassisServers: 90_000,
  vmHostCompose: 180_000,
  vmHostDecompose: 180_000,
  syncImages: 30_000,
  listImages: 30_000,
  scanNetworks: 15_000,
};

/** Codes of RFC 6455 section 7.4 that we close with; 4000 and up are ours to define. */
const POLICY_VIOLATION = 1008;
const GOING_AWAY = 1001;
const REPLACED = 4000;

export class RackConnection {
  readonly node: RackNode;
  /** Resolves when the socket is gone. */
  readonly closed: Promise<void>;
  readonly #options: ConnectionOptions;
  readonly #peer: Peer<RackMethods>;
  #rack: ConnectedRack | undefined;
  #silentPings = 0;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.node = options.node;
    this.#peer = this.#makePeer();
    this.closed = new Promise((resolve) => options.socket.once("close", () => resolve()));
    this.#watch();
  }

  get rack(): ConnectedRack | undefined {
    return this.#rack;
  }

  /** @throws DomainError as `Racks.call` says */
  async call<M extends keyof RackMethods>(
    method: M,
    params: RackMethods[M]["params"],
    options?: CallOptions,
  ): Promise<RackMethods[M]["result"]> {
    const name = this.#rack?.hostname ?? this.node.systemId;
    try {
      return await this.#peer.call(method, params, options);
    } catch (error) {
      options?.signal?.throwIfAborted();
      if (error instanceof CallTimeout)
        throw new DomainError("rack_timeout", `Rack controller ${name}: ${error.message}.`, { cause: error });
      if (error instanceof RemoteError) throw remoteFailure(method, name, error);
      throw error;
    }
  }

  /** A newer connection of the same rack has taken over. */
  replace(): void {
    this.#close(REPLACED, "a newer connection of this rack has taken over");
  }

  /** Its credentials are no longer good. */
  revoke(): void {
    this.#close(POLICY_VIOLATION, "the rack has enrolled again");
  }

  goAway(): void {
    this.#close(GOING_AWAY, "the region is stopping");
  }

  #makePeer(): Peer<RackMethods> {
    const { handlers, log, node } = this.#options;
    const greeted = (): ConnectedRack => {
      if (this.#rack) return this.#rack;
      this.#close(POLICY_VIOLATION, "the first call must be hello");
      throw new DomainError("bad_request", "the first call must be hello");
    };
    return createPeer<RegionMethods, RackMethods>({
      serves: regionMethodSchemas,
      calls: rackMethodSchemas,
      timeoutsMs,
      send: (text) => this.#options.socket.send(text),
      broken: (reason) => {
        log.warn({ systemId: node.systemId, reason }, "a rack broke the protocol and was disconnected");
        this.#close(POLICY_VIOLATION, reason);
      },
      onBug: (method, error) => log.error({ err: error, systemId: node.systemId, method }, "a rack's call failed"),
      handlers: {
        hello: async (report) => {
          this.#rack = await this.#options.hello(this, report);
          return { systemId: node.systemId };
        },
        bootScript: async (request) => handlers.bootScript(greeted(), request),
        evidence: async (seen) => {
          await handlers.evidence(greeted(), seen);
          return null;
        },
        dhcpServers: async (found) => {
          await handlers.dhcpServers(greeted(), found);
          return null;
        },
        neighbours: async (found) => {
          await handlers.neighbours(greeted(), found);
          return null;
        },
        powerStep: async (step) => {
          await handlers.powerStep(greeted(), step);
          return null;
        },
      },
    });
  }

  #watch(): void {
    const { socket, timing, log, node } = this.#options;
    const late = setTimeout(() => {
      if (!this.#rack) this.#close(POLICY_VIOLATION, "no hello came");
    }, timing.helloMs);
    const pings = setInterval(() => {
      if (++this.#silentPings > 3) socket.terminate();
      else socket.ping();
    }, timing.pingMs);
    socket.on("message", (data, isBinary) => {
      this.#silentPings = 0;
      if (isBinary) this.#close(POLICY_VIOLATION, "messages are text");
      else this.#peer.receive(textOf(data));
    });
    socket.on("pong", () => (this.#silentPings = 0));
    socket.on("error", (error) => log.warn({ err: error, systemId: node.systemId }, "the connection of a rack failed"));
    socket.once("close", () => {
      clearTimeout(late);
      clearInterval(pings);
      const name = this.#rack?.hostname ?? node.systemId;
      this.#peer.end(
        new DomainError("rack_unavailable", `Rack controller ${name} has gone: try again when it is back.`),
      );
      this.#options.closed(this);
    });
  }

  #close(code: number, reason: string): void {
    const { socket } = this.#options;
    socket.close(
      code,
      Buffer.from(reason)
        .subarray(0, 123)
        .toString("utf8")
        .replace(/\uFFFD+$/, ""),
    ); // RFC 6455 section 5.5
    // One that does not answer the close is gone.
    setTimeout(() => socket.terminate(), 2000).unref();
  }
}

/** Kinds of `PowerError`, which a rack passes on as they are. */
const powerKinds = new Set(["auth", "unreachable", "refused", "unsupported", "timeout"]);
/** Calls that end at a BMC or a hypervisor. */
const powerMethods = new Set(["power", "vmHostDiscover", "vmHostCompose", "vmHostDecompose", "chassisServers"]);
const domainKinds: ReadonlySet<string> = new Set<ErrorCode>([
  "bad_request",
  "conflict",
  "rack_unavailable",
  "rack_timeout",
]);

function remoteFailure(method: string, name: string, error: RemoteError): Error {
  if (powerMethods.has(method) && powerKinds.has(error.kind))
    return new DomainError("power_failed", error.message, { cause: error });
  if (domainKinds.has(error.kind))
    return new DomainError(error.kind as ErrorCode, `Rack controller ${name}: ${error.message}`, { cause: error });
  return new Error(`rack controller ${name} failed at ${method}: ${error.message}`, { cause: error });
}

const textOf = (data: RawData): string =>
  (Array.isArray(data) ? Buffer.concat(data) : Buffer.isBuffer(data) ? data : Buffer.from(data)).toString("utf8");
