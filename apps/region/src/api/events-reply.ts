/** A reply of server-sent events: what a generator of the application yields, until the reader goes or the region stops. */
import type { Ctx } from "../context.ts";
import { Raw } from "../http/reply.ts";
import { eventStream } from "../live/event-stream.ts";

const STALL_MS = 30_000;

export function eventsReply<T>(
  { region }: Ctx,
  items: (signal: AbortSignal) => AsyncGenerator<T>,
  encode: (item: T) => string,
): Raw {
  const ended = new AbortController();
  const isToEnd = region.changes.enter(ended.signal);
  const body = eventStream({
    ended,
    stallMs: STALL_MS,
    produce: async function* () {
      for await (const item of items(isToEnd)) yield encode(item);
    },
  });
  return new Raw(body, "text/event-stream", { "cache-control": "no-store", "x-accel-buffering": "no" });
}
