import assert from "node:assert/strict";
import { test } from "node:test";
import { text } from "node:stream/consumers";
import type { Readable } from "node:stream";
import { until } from "@rackwright/testkit/until";
import { itemText, jsonList } from "./json-list.ts";
import { jsonText } from "./reply.ts";

const item = (n: number) => ({ n, text: `"\n${n}`, nested: [{ empty: [], deep: { n } }], nothing: null });

/** Batches of these sizes, and what became of whoever gives them. */
function source(sizes: readonly number[]) {
  const seen = { given: 0, ended: false };
  async function* batches() {
    try {
      for (const size of sizes) yield Array.from({ length: size }, () => itemText(seen.given++, item));
    } finally {
      seen.ended = true;
    }
  }
  return { seen, batches: batches() };
}

test("the same bytes as the list in one piece, however it is divided", async () => {
  for (const sizes of [[], [0], [1], [10], [10, 1], [10, 0, 25], [3, 3]]) {
    const { batches, seen } = source(sizes);
    const reply = await jsonList(batches);
    const got = await text(reply.body as Readable);
    assert.equal(got, jsonText(Array.from({ length: seen.given }, (_, n) => item(n))));
    assert.ok(seen.ended);
  }
});

test("what fails before the first batch is an error of the call", async () => {
  // oxlint-disable-next-line require-yield -- it fails before
  const failing = (async function* (): AsyncGenerator<[]> {
    throw new Error("no such filter");
  })();
  await assert.rejects(jsonList(failing), /no such filter/);
});

test("no more is read than the client takes, and the source is ended when it goes away", async () => {
  const { batches, seen } = source(Array.from({ length: 1000 }, () => 100));
  const body = (await jsonList(batches)).body as Readable;
  body.once("error", () => {});
  body.read();
  await until(() => body.readableLength >= 64 << 10, { what: "the buffer to be full" });
  assert.ok(seen.given < 2000, `${seen.given} were read ahead`);
  body.destroy();
  await until(() => seen.ended, { what: "the source to be ended" });
});

test("the source is ended when nothing was ever read of the reply", async () => {
  const { batches, seen } = source([100, 100]);
  const body = (await jsonList(batches)).body as Readable;
  body.destroy();
  await until(() => seen.ended, { what: "the source to be ended" });
});
