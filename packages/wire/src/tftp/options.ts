/** What client and server agree on before a read: RFC 2347 (options), 2348 (blksize), 2349 (timeout, tsize), 7440 (windowsize). */
import type { TftpOptions } from "./codec.ts";

export interface TftpLimits {
  /** Largest block we send. RFC 2348 allows 65464. */
  maxBlockSizeBytes: number;
  /** Largest window, in blocks. RFC 7440 allows 65535; larger ones overrun the small receive buffers of firmware. */
  maxWindowSize: number;
  /** What a window may hold in all: bounds the memory of a transfer and the burst on the wire. */
  maxWindowBytes: number;
}

export interface Agreement {
  blockSizeBytes: number;
  windowSize: number;
  /** Undefined: the client named none, ours counts. */
  timeoutMs: number | undefined;
  /** What the OACK says. Empty: no OACK is sent, the first DATA answers the request (RFC 2347). */
  accepted: TftpOptions;
}

export const defaultTftpLimits: TftpLimits = {
  maxBlockSizeBytes: 65464,
  maxWindowSize: 64,
  maxWindowBytes: 256 * 1024,
};

/** Accept what makes sense, lower what is too much, and leave out the rest: RFC 2347 wants unknown options ignored. */
export function agree(asked: TftpOptions, sizeBytes: number, limits: TftpLimits = defaultTftpLimits): Agreement {
  const accepted = new Map<string, string>();
  const agreement: Agreement = { blockSizeBytes: 512, windowSize: 1, timeoutMs: undefined, accepted };
  for (const [name, value] of asked) {
    const wanted = decimal(value);
    if (wanted === undefined) continue;
    if (name === "blksize" && wanted >= 8) {
      agreement.blockSizeBytes = Math.min(wanted, limits.maxBlockSizeBytes);
      accepted.set(name, String(agreement.blockSizeBytes));
    } else if (name === "windowsize" && wanted >= 1) {
      agreement.windowSize = Math.min(wanted, limits.maxWindowSize);
      accepted.set(name, String(agreement.windowSize));
    } else if (name === "timeout" && wanted >= 1 && wanted <= 255) {
      agreement.timeoutMs = wanted * 1000; // RFC 2349: seconds, and the answer must repeat the value
      accepted.set(name, value);
    } else if (name === "tsize") {
      accepted.set(name, String(sizeBytes));
    }
  }
  const fitting = Math.max(1, Math.floor(limits.maxWindowBytes / agreement.blockSizeBytes));
  if (agreement.windowSize > fitting) {
    agreement.windowSize = fitting;
    accepted.set("windowsize", String(fitting));
  }
  return agreement;
}

/** Digits only, so that "1e3", "0x10", "-1" and " 8" are no numbers here. */
const decimal = (text: string): number | undefined => (/^[0-9]{1,10}$/.test(text) ? Number(text) : undefined);
