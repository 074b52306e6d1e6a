/** A list as a reply that is written while it is read: the same bytes as `jsonText` of the whole. */
import { Readable } from "node:stream";
import { setImmediate as breathe } from "node:timers/promises";
import { jsonText, JSON_TYPE, Raw } from "./reply.ts";

/** Texts are made at a stretch for so long, and others wait; one of a machine takes up to 0.4 ms. */
const SLICE_MS = 4;
const SLICE_CHARS = 256 << 10;
/** A client that takes nothing of what is ready for it for this long is cut off: it holds a snapshot of the database. */
const STALL_MS = 30_000;
/** However slowly it takes. */
const LIMIT_MS = 600_000;

/** Gives the text of one thing in a list, when its turn comes. */
export type ItemText = () => string;

/** Of a thing that is encoded as it stands. */
export const itemText =
  <T>(item: T, encode: (item: T) => unknown): ItemText =>
  () =>
    jsonText(encode(item)).replaceAll("\n", "\n    ");

/**
 * What fails before the first ones are encoded is an error as any other; later it can only be told by breaking off.
 * @throws whatever `batches` or an item throws before that
 */
export async function jsonList(batches: AsyncGenerator<readonly ItemText[]>): Promise<Raw> {
  const texts = listTexts(batches);
  const head = await texts.next();
  return new Raw(flow(head.value ?? "", texts), JSON_TYPE);
}

async function* listTexts(batches: AsyncGenerator<readonly ItemText[]>): AsyncGenerator<string> {
  let begun = false;
  for await (const batch of batches) {
    let text = "";
    let since = performance.now();
    for (const item of batch) {
      text += `${begun ? "," : "["}\n    ${item()}`;
      begun = true;
      if (text.length < SLICE_CHARS && performance.now() - since < SLICE_MS) continue;
      yield text;
      text = "";
      await breathe();
      since = performance.now();
    }
    if (text !== "") yield text;
  }
  yield begun ? "\n]" : "[]";
}

function flow(head: string, rest: AsyncGenerator<string>): Readable {
  let stalled: NodeJS.Timeout | undefined;
  const stop = (why: string) => stream.destroy(new Error(`a list was broken off: ${why}`));
  const limit = setTimeout(() => stop(`it took longer than ${LIMIT_MS / 1000} s`), LIMIT_MS);
  const paced = async function* () {
    yield head;
    for await (const text of rest) {
      // Goes on when the client has room for more.
      stalled = setTimeout(() => stop(`the client took nothing for ${STALL_MS / 1000} s`), STALL_MS);
      yield text;
      clearTimeout(stalled);
    }
  };
  const stream = Readable.from(paced(), { objectMode: false, highWaterMark: 64 << 10 });
  stream.once("close", () => {
    clearTimeout(stalled);
    clearTimeout(limit);
    // One that was never begun to be read has to be ended too.
    void rest.return(undefined);
  });
  return stream;
}
