/** One TFTP read on a socket of its own (RFC 1350 section 4: a new transfer identifier, here a port, for each transfer). */
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { isIPv6 } from "node:net";
import {
  dataHeaderBytes,
  decodeTftp,
  encodeTftp,
  tftpErrorCode,
  type TftpPacket,
  TftpRefusal,
  type TftpRequest,
  writeDataHeader,
} from "@rackwright/wire/tftp/codec";
import { type Agreement, agree, type TftpLimits } from "@rackwright/wire/tftp/options";
import {
  ackedBytes,
  blockRange,
  newTransfer,
  step,
  type Transfer,
  type TransferAction,
  type TransferEvent,
  wireBlock,
} from "@rackwright/wire/tftp/transfer";
import { bootPath, plainAddress } from "../boot-path.ts";
import { type BootFile, BootFileUnavailable, type BootFiles, bootFileSize, type BootLog } from "../boot-files.ts";
import { type ByteSource, openByteSource } from "./byte-source.ts";
import { requestedName, socketFailure, type TftpEvent } from "./event.ts";

export interface SessionOptions {
  host: string;
  remote: { address: string; port: number };
  request: TftpRequest;
  files: BootFiles;
  limits: TftpLimits;
  /** Unless the client names one (RFC 2349). */
  timeoutMs: number;
  /** After a repeated ACK in a window; longer than a round trip on the boot network, or doubled packets would resend. */
  soonMs: number;
  retryLimit: number;
  onEvent(event: TftpEvent): void;
  log: BootLog;
}

export class TftpSession {
  readonly #options: SessionOptions;
  readonly #socket: Socket;
  readonly #startedAt = performance.now();
  readonly #file: string;
  #localAddress: string | undefined;
  #source: ByteSource | undefined;
  #transfer: Transfer | undefined;
  #agreement: Agreement | undefined;
  #timer: NodeJS.Timeout | undefined;
  #wanted: { first: number; last: number } | undefined;
  #sending = false;
  #ended = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.#file = requestedName(options.request);
    this.#socket = createSocket(isIPv6(options.host) ? "udp6" : "udp4");
    this.#socket.on("error", (error) => this.#fail(socketFailure(error)));
    this.#socket.on("message", (bytes) => this.#onMessage(bytes));
  }

  get file(): string {
    return this.#file;
  }

  /** The client has answered, so another request from its port is a new one and no repetition of this. */
  get answered(): boolean {
    return this.#transfer !== undefined && (this.#transfer.acked > 0 || this.#transfer.phase === "ended");
  }

  /** Settles when the transfer is over, however it ended; never rejects. */
  async run(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#socket.once("close", resolve)); // `once` would reject on an error first
    const begun = this.#begin().catch((error: unknown) => this.#refuse(error));
    await Promise.race([begun, closed]); // a socket that closes while it connects emits no more events
    await closed;
    await this.#source
      ?.close()
      .catch((error: unknown) =>
        this.#options.log.warn({ err: error, file: this.#file }, "TFTP: cannot close a boot file"),
      );
  }

  /** End it from outside. */
  stop(reason: string): void {
    if (this.#ended) return;
    this.#reply({ kind: "error", code: tftpErrorCode.notDefined, message: reason });
    this.#fail(reason);
  }

  async #begin(): Promise<void> {
    const { host, remote, request, limits } = this.#options;
    this.#socket.bind({ address: host, port: 0, exclusive: true });
    await once(this.#socket, "listening");
    // Connected: the kernel drops what others send here, and reports a closed client port as ECONNREFUSED.
    this.#socket.connect(remote.port, remote.address);
    await once(this.#socket, "connect");
    this.#localAddress = plainAddress(this.#socket.address().address);
    const file = await this.#find();
    if (this.#ended) return;
    if (!file) {
      this.#reply({ kind: "error", code: tftpErrorCode.fileNotFound, message: "file not found" });
      this.#end("not_found", bootPath(request.file) === undefined ? "no name of a boot file" : undefined);
      return;
    }
    const agreement = agree(request.options, bootFileSize(file), limits);
    const { blockSizeBytes, windowSize } = agreement;
    this.#source = await openByteSource(file, blockSizeBytes * windowSize);
    if (this.#ended) return this.#source.close(); // stopped while it opened
    this.#agreement = agreement;
    const oack = agreement.accepted.size > 0;
    this.#transfer = newTransfer({
      sizeBytes: this.#source.sizeBytes,
      blockSizeBytes,
      windowSize,
      oack,
      retryLimit: this.#options.retryLimit,
    });
    this.#tell("started");
    this.#feed({ kind: "start" });
  }

  #find(): Promise<BootFile | undefined> {
    const path = bootPath(this.#options.request.file);
    if (path === undefined) return Promise.resolve(undefined);
    const localAddress = this.#localAddress;
    const remoteAddress = plainAddress(this.#options.remote.address);
    return this.#options.files.open({
      path,
      remoteAddress,
      via: "tftp",
      ...(localAddress === undefined ? {} : { localAddress }),
    });
  }

  #refuse(error: unknown): void {
    if (this.#ended) return;
    const known = error instanceof BootFileUnavailable;
    const reason = known ? error.message : "the server cannot read this file";
    if (!known)
      this.#options.log.error(
        { err: error, file: this.#file, remoteAddress: this.#options.remote.address },
        "TFTP: cannot serve a boot file",
      );
    this.stop(reason);
  }

  #onMessage(bytes: Uint8Array): void {
    try {
      const packet = decodeTftp(bytes);
      if (packet.kind === "ack") this.#feed({ kind: "ack", block: packet.block });
      else if (packet.kind === "error") this.#feed(packet);
    } catch (error) {
      if (!(error instanceof TftpRefusal)) throw error;
    }
  }

  #feed(event: TransferEvent): void {
    if (!this.#transfer || this.#ended) return;
    const next = step(this.#transfer, event);
    this.#transfer = next.transfer;
    for (const action of next.actions) this.#act(action);
  }

  #act(action: TransferAction): void {
    switch (action.do) {
      case "send_oack":
        this.#reply({ kind: "oack", options: this.#agreement?.accepted ?? new Map() });
        return;
      case "send_blocks":
        this.#wanted = action;
        void this.#sendWanted();
        return;
      case "wait":
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => this.#feed({ kind: "timeout" }), this.#waitMs(action.how));
        return;
      case "done":
        this.#end("finished");
        return;
      case "size_only":
        this.#end("finished", "the machine asked for the size only");
        return;
      case "give_up":
        this.#fail(action.reason);
        return;
    }
  }

  #waitMs(how: "usual" | "soon"): number {
    return how === "soon" ? this.#options.soonMs : (this.#agreement?.timeoutMs ?? this.#options.timeoutMs);
  }

  /** Reading waits for the disk; what is wanted meanwhile replaces what was wanted before. */
  async #sendWanted(): Promise<void> {
    if (this.#sending) return;
    this.#sending = true;
    try {
      while (this.#wanted && !this.#ended && this.#source && this.#transfer) {
        const { first, last } = this.#wanted;
        const { plan } = this.#transfer;
        const { offset } = blockRange(plan, first);
        const end = blockRange(plan, last);
        const bytes = await this.#source.read(offset, end.offset + end.length - offset);
        if (this.#ended || this.#wanted.first !== first || this.#wanted.last !== last) continue;
        this.#wanted = undefined;
        this.#sendBlocks(bytes, first, last, plan.blockSizeBytes);
      }
    } catch (error) {
      this.#refuse(error);
    } finally {
      this.#sending = false;
    }
  }

  #sendBlocks(bytes: Uint8Array, first: number, last: number, blockSizeBytes: number): void {
    const stride = dataHeaderBytes + blockSizeBytes;
    // A fresh buffer for each window: the socket may still hold the last one.
    const packets = Buffer.allocUnsafe(bytes.length + (last - first + 1) * dataHeaderBytes);
    for (let index = first, at = 0; index <= last; index++, at += stride) {
      const from = (index - first) * blockSizeBytes;
      const block = bytes.subarray(from, from + blockSizeBytes);
      writeDataHeader(packets, at, wireBlock(index));
      packets.set(block, at + dataHeaderBytes);
      this.#socket.send(packets, at, dataHeaderBytes + block.length);
    }
  }

  #reply(packet: TftpPacket): void {
    try {
      this.#socket.send(encodeTftp(packet));
    } catch (error) {
      if (!(error instanceof Error && "code" in error && String(error.code).startsWith("ERR_SOCKET_"))) throw error;
    }
  }

  #fail(reason: string): void {
    this.#end("failed", reason);
  }

  #end(outcome: TftpEvent["outcome"], reason?: string): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#tell(outcome, reason);
    this.#socket.close();
  }

  #tell(outcome: TftpEvent["outcome"], reason?: string): void {
    this.#options.onEvent({
      file: this.#file,
      remoteAddress: plainAddress(this.#options.remote.address),
      ...(this.#localAddress === undefined ? {} : { localAddress: this.#localAddress }),
      outcome,
      bytes: this.#transfer ? ackedBytes(this.#transfer) : 0,
      retries: this.#transfer?.retries ?? 0,
      durationMs: Math.round(performance.now() - this.#startedAt),
      ...(reason === undefined ? {} : { reason }),
    });
  }
}
