/** The region's end of the link to its racks: enrolment, images, and one WebSocket per rack. */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import type { RegionMethods } from "@rackwright/contract/rack-protocol";
import { appendChange } from "@rackwright/db/change";
import { type Database, transaction } from "@rackwright/db/connect";
import { storeRackReport } from "@rackwright/db/racks";
import { DomainError } from "@rackwright/domain/errors";
import type { Logger } from "pino";
import { WebSocketServer } from "ws";
import type { ImageStore } from "../images/store.ts";
import { type LinkTiming, RackConnection, type RackHandlers, usualLinkTiming } from "./connection.ts";
import { type Incoming, RackCredentials, type TrustedClient } from "./credentials.ts";
import { Enrolment } from "./enrolment.ts";
import { RACK_ROOT, rackHttp } from "./http.ts";
import type { ConnectedRack, Racks } from "./racks.ts";
import { enrolmentSecret } from "./secret-file.ts";

export interface RackServerOptions {
  db: Database;
  images: Pick<ImageStore, "path">;
  log: Logger;
  now: () => Date;
  /** The shared secret; made when there is no such file. */
  enrolmentSecretFile: string;
  handlers: RackHandlers;
  timing?: Partial<LinkTiming>;
  /** The region's own node, which a rack in its process shares. */
  regionNodeId?: () => number | undefined;
}

export interface RackServer extends Racks {
  /** Serve racks on this server, whoever else serves on it. Before it listens, or after. */
  attach(server: Server): void;
  /** Who is at the other end of a request: the machine's address, when a rack of ours carries it. */
  trustedClient(request: Incoming): Promise<TrustedClient>;
  close(): Promise<void>;
  enrolmentSecret: string;
}

const WS_PATH = `${RACK_ROOT}ws`;
/** The list of ten thousand image files is some 1 MiB. */
const MAX_MESSAGE_BYTES = 8 << 20;

export function createRackServer(options: RackServerOptions): RackServer {
  const { db, log, now } = options;
  const secret = enrolmentSecret(options.enrolmentSecretFile);
  const credentials = new RackCredentials(db);
  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES });
  const open = new Set<RackConnection>();
  /** By node, the newest connection that has said hello. */
  const current = new Map<number, RackConnection>();
  const listeners = new Set<() => void>();
  const order = new WeakMap<RackConnection, number>();
  let opened = 0;

  const changed = () => {
    for (const listener of listeners) {
      try {
        listener();
      } catch (error) {
        log.error({ err: error }, "a listener for changes of racks failed");
      }
    }
  };

  const hello = async (
    connection: RackConnection,
    report: RegionMethods["hello"]["params"],
  ): Promise<ConnectedRack> => {
    const { nodeId, systemId } = connection.node;
    const hostname = await transaction(db, async (tx) => {
      const name = await storeRackReport(tx, nodeId, report);
      if (name !== undefined) await appendChange(tx, { kind: "update", entity: "rack", entityId: systemId });
      return name;
    });
    if (hostname === undefined) {
      credentials.forget(nodeId);
      connection.revoke();
      throw new DomainError("not_found", "this rack controller has been deleted: enrol again");
    }
    const before = current.get(nodeId);
    if (before && before !== connection && (order.get(before) ?? 0) > (order.get(connection) ?? 0)) {
      connection.replace();
      throw new DomainError("conflict", "a newer connection of this rack has taken over");
    }
    const { interfaces, httpPort, tftp } = report;
    const doors = { ...(httpPort === undefined ? {} : { httpPort }), ...(tftp === undefined ? {} : { tftp }) };
    const rack = { nodeId, systemId, hostname, interfaces, ...doors, connectedAt: now() };
    current.set(nodeId, connection);
    if (before && before !== connection) before.replace();
    log.info({ systemId, hostname }, "a rack controller is connected");
    // After the hello has been answered: whoever hears of it may call at once.
    setImmediate(changed);
    return rack;
  };

  const upgrade = async (request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> => {
    socket.on("error", () => socket.destroy());
    const viaRack = request.headers["x-rackwright-rack"] !== undefined;
    const node = viaRack ? undefined : await credentials.checkAuthorization(request.headers.authorization);
    if (!node) {
      socket.end("HTTP/1.1 401 Unauthorized\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
      return;
    }
    const number = ++opened;
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      const connection = new RackConnection({
        node,
        socket: webSocket,
        handlers: options.handlers,
        log,
        timing: { ...usualLinkTiming, ...options.timing },
        hello,
        closed: (gone) => {
          open.delete(gone);
          if (current.get(node.nodeId) !== gone) return;
          current.delete(node.nodeId);
          log.info({ systemId: node.systemId }, "a rack controller has gone");
          changed();
        },
      });
      order.set(connection, number);
      open.add(connection);
    });
  };

  const http = rackHttp({
    enrolment: new Enrolment({
      db,
      secret,
      now,
      ...(options.regionNodeId ? { regionNodeId: options.regionNodeId } : {}),
    }),
    credentials,
    images: options.images,
    log,
    onEnrolled: (nodeId) => {
      credentials.forget(nodeId);
      for (const connection of open) if (connection.node.nodeId === nodeId) connection.revoke();
    },
  });

  return {
    enrolmentSecret: secret,
    connected: () => [...current.values()].flatMap(({ rack }) => rack ?? []),

    async call(nodeId, method, params, callOptions) {
      const connection = current.get(nodeId);
      if (!connection)
        throw new DomainError(
          "rack_unavailable",
          `The rack controller (${nodeId}) for this is not connected: start it, or see why it cannot reach the region.`,
        );
      return connection.call(method, params, callOptions);
    },

    forget(nodeId) {
      credentials.forget(nodeId);
      for (const connection of open) if (connection.node.nodeId === nodeId) connection.revoke();
    },

    onChange: (listener) => void listeners.add(listener),
    trustedClient: (request) => credentials.trustedClient(request),

    attach(server) {
      // Ours come first; everything else goes to whoever listened before.
      const others = server.listeners("request") as ((req: IncomingMessage, res: ServerResponse) => void)[];
      server.removeAllListeners("request");
      server.on("request", (req: IncomingMessage, res: ServerResponse) => {
        if (req.url?.startsWith(RACK_ROOT)) void http(req, res);
        else for (const other of others) other.call(server, req, res);
      });
      server.on("upgrade", (req: IncomingMessage, socket: Duplex, head: Buffer) => {
        if (req.url?.split("?", 1)[0] === WS_PATH)
          upgrade(req, socket, head).catch((error: unknown) => {
            log.error({ err: error }, "a rack could not be connected");
            socket.destroy();
          });
        else if (server.listenerCount("upgrade") === 1) socket.destroy();
      });
    },

    async close() {
      const ending = [...open];
      for (const connection of ending) connection.goAway();
      await Promise.all(ending.map(({ closed }) => closed));
      sockets.close();
    },
  };
}
