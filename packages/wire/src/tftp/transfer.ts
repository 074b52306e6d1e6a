/**
 * A read transfer as a pure state machine: no socket, no file, no clock. It speaks of blocks by their index (1, 2, ... without
 * wrapping); `wireBlock` gives the 16-bit number that travels, which wraps to 0 after 65535.
 *
 * - Window: RFC 7440. An ACK inside the window means that what follows it was lost: sending resumes right behind it.
 * - Sorcerer's apprentice (RFC 1123 section 4.2.3.1): an ACK that acknowledges nothing new never sends by itself. With a window
 *   it may be the sign that the first block of the window was lost, so it brings the timer forward, once for each progress.
 */

export interface TransferPlan {
  sizeBytes: number;
  blockSizeBytes: number;
  windowSize: number;
  /** True: options were accepted, so the transfer starts with an OACK and waits for ACK 0 (RFC 2347). */
  oack: boolean;
  /** How often the same thing is sent again before giving up. */
  retryLimit: number;
}

export type TransferEvent =
  | { kind: "start" }
  | { kind: "ack"; block: number }
  | { kind: "timeout" }
  | { kind: "error"; code: number; message: string };

export type TransferAction =
  | { do: "send_oack" }
  /** Send blocks `first` to `last`, both included. */
  | { do: "send_blocks"; first: number; last: number }
  /** Deliver `timeout` after the usual time, or soon; replaces the timer that runs. */
  | { do: "wait"; how: "usual" | "soon" }
  | { do: "done" }
  /** The client asked for options (the size) only and said so with an ERROR, as PXE firmware does. */
  | { do: "size_only" }
  | { do: "give_up"; reason: string };

export interface Transfer {
  readonly plan: TransferPlan;
  readonly blockCount: number;
  readonly phase: "new" | "oack" | "data" | "ended";
  /** Index of the last block the client has for certain. */
  readonly acked: number;
  /** Index of the last block sent. */
  readonly sent: number;
  /** Times sent again without progress. */
  readonly tries: number;
  /** Times sent again in all. */
  readonly retries: number;
  /** A repeated ACK has already brought the timer forward since the last progress. */
  readonly hurried: boolean;
}

/** The last block is shorter than the others, empty when the size is a multiple of the block size (RFC 1350 section 6). */
export function newTransfer(plan: TransferPlan): Transfer {
  const blockCount = Math.floor(plan.sizeBytes / plan.blockSizeBytes) + 1;
  return { plan, blockCount, phase: "new", acked: 0, sent: 0, tries: 0, retries: 0, hurried: false };
}

export const wireBlock = (index: number): number => index & 0xffff;

/** Offset and length of block `index` in the file. */
export function blockRange(plan: TransferPlan, index: number): { offset: number; length: number } {
  const offset = (index - 1) * plan.blockSizeBytes;
  return { offset, length: Math.min(plan.blockSizeBytes, plan.sizeBytes - offset) };
}

/** Bytes the client has acknowledged. */
export const ackedBytes = (t: Transfer): number => Math.min(t.acked * t.plan.blockSizeBytes, t.plan.sizeBytes);

type Step = { transfer: Transfer; actions: TransferAction[] };

export function step(t: Transfer, event: TransferEvent): Step {
  if (t.phase === "ended") return { transfer: t, actions: [] };
  switch (event.kind) {
    case "start":
      if (t.phase !== "new") return { transfer: t, actions: [] };
      return t.plan.oack
        ? { transfer: { ...t, phase: "oack" }, actions: [{ do: "send_oack" }, { do: "wait", how: "usual" }] }
        : sendWindow({ ...t, phase: "data" });
    case "ack":
      return onAck(t, event.block);
    case "timeout":
      return onTimeout(t);
    case "error":
      break;
  }
  return onError(t, event.code, event.message);
}

function onAck(t: Transfer, block: number): Step {
  const ignored = { transfer: t, actions: [] };
  if (t.phase === "oack") return block === 0 ? sendWindow({ ...t, phase: "data", tries: 0 }) : ignored;
  if (t.phase !== "data") return ignored;
  // At most 65535 blocks are under way, so exactly one index fits, or none: then it is an ACK from long ago.
  const index = t.acked + ((block - t.acked) & 0xffff);
  if (index > t.sent) return ignored;
  if (index === t.acked) {
    if (t.plan.windowSize === 1 || t.hurried || t.tries > 0) return ignored;
    return { transfer: { ...t, hurried: true }, actions: [{ do: "wait", how: "soon" }] };
  }
  if (index === t.blockCount) {
    return { transfer: { ...t, phase: "ended", acked: index }, actions: [{ do: "done" }] };
  }
  const rolledBack = index < t.sent ? 1 : 0;
  return sendWindow({ ...t, acked: index, tries: 0, hurried: rolledBack === 1, retries: t.retries + rolledBack });
}

function onTimeout(t: Transfer): Step {
  if (t.phase === "new") return { transfer: t, actions: [] };
  if (t.tries >= t.plan.retryLimit) return end(t, silence(t));
  const again = { ...t, tries: t.tries + 1, retries: t.retries + 1 };
  if (t.phase === "oack") return { transfer: again, actions: [{ do: "send_oack" }, { do: "wait", how: "usual" }] };
  return sendWindow(again);
}

function onError(t: Transfer, code: number, message: string): Step {
  if (t.phase === "oack") return { transfer: { ...t, phase: "ended" }, actions: [{ do: "size_only" }] };
  return end(t, `the client stopped with error ${code}${message ? `: ${message}` : ""}`);
}

function sendWindow(t: Transfer): Step {
  const first = t.acked + 1;
  const last = Math.min(t.acked + t.plan.windowSize, t.blockCount);
  return {
    transfer: { ...t, sent: last },
    actions: [
      { do: "send_blocks", first, last },
      { do: "wait", how: "usual" },
    ],
  };
}

const end = (t: Transfer, reason: string): Step => ({
  transfer: { ...t, phase: "ended" },
  actions: [{ do: "give_up", reason }],
});

function silence(t: Transfer): string {
  const times = `sent ${t.tries + 1} times`;
  if (t.phase === "oack") return `no answer to the accepted options, ${times}`;
  if (t.sent === t.blockCount) return `no answer to the last blocks, ${times}; the file may have arrived whole`;
  return `no answer after block ${t.acked} of ${t.blockCount}, ${times}`;
}
