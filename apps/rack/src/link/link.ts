/** The rack's end of the link to its region: connected as long as both are there, and calls both ways. */
import { setTimeout as sleep } from "node:timers/promises";
import { type CallOptions, createPeer, type Handlers, type Peer, RemoteError } from "@rackwright/contract/rack-peer";
import type { RackMethods, RegionMethods } from "@rackwright/contract/rack-protocol";
import { rackMethodSchemas, regionMethodSchemas } from "@rackwright/contract/rack-schemas";
import { DomainError } from "@rackwright/domain/errors";
import { PowerError } from "@rackwright/power/driver";
import { type RawData, WebSocket } from "ws";
import type { BootLog } from "../boot-files.ts";
import type { RackIdentity } from "./identity.ts";

export interface LinkOptions {
  /** Origin of the region. */
  regionUrl: string;
  identity: RackIdentity;
  enrol(signal: AbortSignal): Promise<void>;
  hello(): RegionMethods["hello"]["params"];
  handlers: Handlers<RackMethods>;
  /** The hello has been answered. */
  onConnected(): void;
  log: BootLog;
  timing?: Partial<LinkTiming>;
}

export interface LinkTiming {
  /** First pause after a connection that failed; doubles up to the most, with jitter: all racks lose a region at once. */
  firstPauseMs: number;
  mostPauseMs: number;
  /** The region pings every 10 s. */
  silenceMs: number;
}

const usualTiming: LinkTiming = { firstPauseMs: 200, mostPauseMs: 10_000, silenceMs: 35_000 };

const timeoutsMs: Record<keyof RegionMethods, number> = {
  hello: 30_000,
  bootScript: 10_000,
  evidence: 30_000,
  powerStep: 15_000,
  dhcpServers: 15_000,
  neighbours: 15_000,
};

export interface Link {
  /** Resolves when the region has answered the first hello. */
  ready: Promise<void>;
  readonly connected: boolean;
  /** @throws DomainError rack_unavailable while there is no connection */
  call<M extends keyof RegionMethods>(
    method: M,
    params: RegionMethods[M]["params"],
    options?: CallOptions,
  ): Promise<RegionMethods[M]["result"]>;
  stop(): Promise<void>;
}

/** The region does not accept our credentials. */
class CredentialsRefused extends Error {}

export function startLink(options: LinkOptions): Link {
  const timing = { ...usualTiming, ...options.timing };
  const stopping = new AbortController();
  const ready = Promise.withResolvers<void>();
  ready.promise.catch(() => {}); // not everybody waits for it
  let peer: Peer<RegionMethods> | undefined;

  const connectOnce = async (): Promise<void> => {
    const { identity, log } = options;
    if (!identity.credentials) await options.enrol(stopping.signal);
    const socket = new WebSocket(`${options.regionUrl.replace(/^http/, "ws")}/MAAS/rack/ws`, {
      headers: { authorization: `Rack ${identity.header}` },
      handshakeTimeout: 10_000,
      maxPayload: 8 << 20,
      followRedirects: false,
    });
    const stop = () => socket.close(1001, "the rack is stopping");
    const silent = setTimeout(() => socket.terminate(), timing.silenceMs);
    const closed = Promise.withResolvers<string>();
    let failure: Error | undefined;
    socket.on("unexpected-response", (_request, response) => {
      failure =
        response.statusCode === 401
          ? new CredentialsRefused("the region does not know this rack's credentials")
          : new Error(`the region answered ${response.statusCode}`);
      socket.terminate();
    });
    socket.on("error", (error) => (failure ??= error));
    socket.on("close", (code, reason) => closed.resolve(`${code} ${String(reason)}`.trim()));
    socket.on("ping", () => silent.refresh());
    const mine = createPeer<RackMethods, RegionMethods>({
      serves: rackMethodSchemas,
      calls: regionMethodSchemas,
      timeoutsMs,
      handlers: options.handlers,
      send: (text) => socket.send(text),
      broken: (reason) => {
        log.error({ reason }, "the region broke the protocol of the link");
        socket.close(
          1008,
          Buffer.from(reason)
            .subarray(0, 123)
            .toString("utf8")
            .replace(/\uFFFD+$/, ""),
        );
      },
      // What the region itself refused meanwhile comes back to it as it was.
      errorOf: (error) =>
        error instanceof PowerError || error instanceof RemoteError
          ? { kind: error.kind, message: error.message }
          : undefined,
      onBug: (method, error) => log.error({ err: error, method }, "a call of the region failed"),
    });
    socket.on("message", (data) => {
      silent.refresh();
      mine.receive(textOf(data));
    });
    socket.once("open", () => {
      mine.call("hello", options.hello()).then(
        () => {
          peer = mine;
          log.info({ region: options.regionUrl }, "connected to the region");
          ready.resolve();
          options.onConnected();
        },
        (error: unknown) => {
          failure ??= error instanceof Error ? error : new Error(String(error));
          socket.close(1000);
        },
      );
    });
    stopping.signal.addEventListener("abort", stop, { once: true });
    try {
      const how = await closed.promise;
      throw failure ?? new Error(`the region closed the connection (${how})`);
    } finally {
      clearTimeout(silent);
      stopping.signal.removeEventListener("abort", stop);
      if (peer === mine) peer = undefined;
      mine.end(away());
    }
  };

  const keepConnected = async () => {
    let failures = 0;
    while (!stopping.signal.aborted) {
      const began = performance.now();
      try {
        await connectOnce();
      } catch (error) {
        if (stopping.signal.aborted) break;
        if (error instanceof CredentialsRefused) await options.identity.forget();
        failures = performance.now() - began > timing.mostPauseMs ? 1 : failures + 1;
        // Once per minute at most, when it lasts.
        if (failures < 6 || failures % 6 === 0)
          options.log.warn({ err: error, region: options.regionUrl }, "no connection to the region: trying again");
      }
      const pauseMs = Math.min(timing.firstPauseMs * 2 ** Math.max(failures - 1, 0), timing.mostPauseMs);
      await sleep(pauseMs * (0.5 + Math.random() / 2), undefined, { signal: stopping.signal }).catch(() => {});
    }
  };
  const running = keepConnected();

  return {
    ready: ready.promise,
    get connected() {
      return peer !== undefined;
    },
    async call(method, params, callOptions) {
      if (!peer) throw away();
      return peer.call(method, params, callOptions);
    },
    async stop() {
      stopping.abort(new Error("the rack is stopping"));
      ready.reject(new Error("the rack was stopped before it reached its region"));
      await running;
    },
  };
}

const away = () => new DomainError("rack_unavailable", "the rack has no connection to its region");

const textOf = (data: RawData): string =>
  (Array.isArray(data) ? Buffer.concat(data) : Buffer.isBuffer(data) ? data : Buffer.from(data)).toString("utf8");
