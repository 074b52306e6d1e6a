/** The rack's TFTP server: read only, octet mode, RFC 1350, 2347, 2348, 2349 and 7440. */
import { createSocket, type RemoteInfo } from "node:dgram";
import { once } from "node:events";
import { isIPv6 } from "node:net";
import { decodeTftp, encodeTftp, tftpErrorCode, TftpRefusal, type TftpRequest } from "@rackwright/wire/tftp/codec";
import { defaultTftpLimits, type TftpLimits } from "@rackwright/wire/tftp/options";
import type { BootFiles, BootLog } from "../boot-files.ts";
import { plainAddress } from "../boot-path.ts";
import { requestedName, type TftpEvent } from "./event.ts";
import { TftpSession } from "./session.ts";

export type { TftpEvent } from "./event.ts";

export interface TftpServerOptions {
  host: string;
  /** 69 for machines; 0 picks one. */
  port: number;
  files: BootFiles;
  onRequest?: (event: TftpEvent) => void;
  log: BootLog;
  limits?: Partial<TftpLimits>;
  maxTransfers?: number;
  maxTransfersPerAddress?: number;
  timeoutMs?: number;
  soonMs?: number;
  retryLimit?: number;
}

export interface TftpServer {
  port: number;
  /** Transfers that run now. */
  readonly active: number;
  close(): Promise<void>;
}

export async function startTftp(options: TftpServerOptions): Promise<TftpServer> {
  const { host, files, log, maxTransfers = 1024, maxTransfersPerAddress = 16 } = options;
  const { timeoutMs = 1000, soonMs = 50, retryLimit = 7 } = options;
  const limits = { ...defaultTftpLimits, ...options.limits };
  const sessions = new Map<string, TftpSession>();
  const perAddress = new Map<string, number>();
  const running = new Set<Promise<void>>();
  const socket = createSocket({ type: isIPv6(host) ? "udp6" : "udp4", recvBufferSize: 1 << 20 });

  const onEvent = (event: TftpEvent) => {
    try {
      options.onRequest?.(event);
    } catch (error) {
      log.error({ err: error, event }, "TFTP: evidence of a request was not recorded");
    }
  };

  const answerError = (remote: RemoteInfo, code: number, message: string) =>
    socket.send(encodeTftp({ kind: "error", code, message }), remote.port, remote.address, () => {});

  const refuse = (remote: RemoteInfo, request: TftpRequest, code: number, reason: string) => {
    answerError(remote, code, reason);
    const file = requestedName(request);
    onEvent({
      file,
      remoteAddress: plainAddress(remote.address),
      outcome: "failed",
      bytes: 0,
      retries: 0,
      durationMs: 0,
      reason,
    });
  };

  const read = (request: TftpRequest, remote: RemoteInfo) => {
    const key = `${remote.address} ${remote.port}`;
    const before = sessions.get(key);
    if (before && before.file === requestedName(request) && !before.answered) return; // the client repeats itself
    before?.stop("the machine asked for another file from the same port");
    const count = perAddress.get(remote.address) ?? 0;
    if (sessions.size >= maxTransfers || count >= maxTransfersPerAddress) {
      refuse(remote, request, tftpErrorCode.notDefined, "too many transfers at once, try again");
      return;
    }
    const session = new TftpSession({
      host,
      remote,
      request,
      files,
      limits,
      timeoutMs,
      soonMs,
      retryLimit,
      onEvent,
      log,
    });
    sessions.set(key, session);
    perAddress.set(remote.address, count + 1);
    const run = session.run().finally(() => {
      running.delete(run);
      if (sessions.get(key) === session) sessions.delete(key);
      const left = (perAddress.get(remote.address) ?? 1) - 1;
      if (left > 0) perAddress.set(remote.address, left);
      else perAddress.delete(remote.address);
    });
    running.add(run);
  };

  socket.on("message", (bytes, remote) => {
    if (remote.port === 0) return; // nobody can be answered there
    try {
      const packet = decodeTftp(bytes);
      if (packet.kind === "wrq") refuse(remote, packet, tftpErrorCode.accessViolation, "this server is read only");
      else if (packet.kind === "rrq" && packet.mode !== "octet")
        refuse(remote, packet, tftpErrorCode.notDefined, "only octet (binary) mode is served");
      else if (packet.kind === "rrq") read(packet, remote);
      // Anything else belongs to a transfer and has no business on this port: no answer, so none can be bounced off us.
    } catch (error) {
      if (!(error instanceof TftpRefusal)) throw error;
      if (bytes[0] === 0 && (bytes[1] === 1 || bytes[1] === 2)) answerError(remote, error.code, error.message);
    }
  });
  socket.bind({ address: host, port: options.port, exclusive: true });
  await once(socket, "listening");
  socket.on("error", (error) => log.error({ err: error }, "TFTP: the listening socket failed"));

  return {
    port: socket.address().port,
    get active() {
      return sessions.size;
    },
    async close() {
      await new Promise<void>((resolve) => socket.close(resolve));
      for (const session of sessions.values()) session.stop("the server is stopping");
      await Promise.all(running);
    },
  };
}
