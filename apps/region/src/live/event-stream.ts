/** Server-sent events (WHATWG HTML, section 9.2) as a stream that whoever reads too slowly loses. */
import { Readable } from "node:stream";

export interface EventStreamOptions {
  /** What is to be sent; ends soon after the signal. */
  produce: (signal: AbortSignal) => AsyncGenerator<string>;
  /** Told when the stream is over, however it ended. */
  ended: AbortController;
  /** A reader that takes nothing of what is ready for it for this long is ended. */
  stallMs: number;
}

/** Beyond it nothing is read ahead for a reader. */
const BUFFER_BYTES = 64 << 10;

export function eventStream({ produce, ended, stallMs }: EventStreamOptions): Readable {
  const events = produce(ended.signal);
  let stalled: NodeJS.Timeout | undefined;
  const next = async (): Promise<void> => {
    try {
      const { done, value } = await events.next();
      if (stream.destroyed) return;
      if (done) stream.push(null);
      else if (!stream.push(value, "utf8")) stalled = setTimeout(() => stream.destroy(), stallMs);
    } catch (error) {
      stream.destroy(error as Error);
    }
  };
  const stream: Readable = new Readable({
    highWaterMark: BUFFER_BYTES,
    read() {
      clearTimeout(stalled);
      void next();
    },
    destroy(error, done) {
      clearTimeout(stalled);
      ended.abort();
      done(error);
    },
  });
  // Ended by itself: destroyed too, by default, once all was read.
  return stream;
}

/** One event. Data is one line: JSON has no line break. */
export const sseEvent = (id: string, name: string, data: unknown): string =>
  `id: ${id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`;

/** No event for the reader, but its place moves on: what it may not see is not looked through again. */
export const sseBeat = (id: string): string => `: alive\nid: ${id}\n\n`;
