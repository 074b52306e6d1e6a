import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, get } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { eventStream, sseBeat, sseEvent } from "./event-stream.ts";

test("events and signs of life have the form of the standard", () => {
  assert.equal(sseEvent("7:1", "change", { a: "x\ny" }), 'id: 7:1\nevent: change\ndata: {"a":"x\\ny"}\n\n');
  assert.equal(sseBeat("7:1"), ": alive\nid: 7:1\n\n");
});

test("a reader that takes nothing is ended, with little read ahead for it", async () => {
  let produced = 0;
  const ended = new AbortController();
  const body = eventStream({
    ended,
    stallMs: 200,
    produce: async function* (signal) {
      while (!signal.aborted) {
        produced += 10_000;
        yield "x".repeat(10_000);
      }
    },
  });
  const server = createServer((_, reply) => void body.pipe(reply)).listen(0, "127.0.0.1");
  await once(server, "listening");
  const sent = get({ port: (server.address() as AddressInfo).port, host: "127.0.0.1" });
  sent.on("error", () => {});
  const [reply] = (await once(sent, "response")) as [import("node:http").IncomingMessage];
  reply.pause();
  await once(body, "close");
  assert.ok(ended.signal.aborted, "whoever counts the streams hears of it");
  assert.ok(produced < 50 << 20, `${produced} bytes`);
  sent.destroy();
  server.closeAllConnections();
  server.close();
});

test("one that ends by itself ends the reply; one that fails breaks it", async () => {
  const open = (produce: () => AsyncGenerator<string>) =>
    eventStream({ produce, ended: new AbortController(), stallMs: 1000 });
  const chunks: string[] = [];
  for await (const chunk of open(async function* () {
    yield "a";
    yield "b";
  }))
    chunks.push(String(chunk));
  assert.equal(chunks.join(""), "ab");
  const failing = open(async function* () {
    yield "a";
    throw new Error("the database is away");
  });
  await assert.rejects(async () => {
    for await (const _ of failing);
  }, /database is away/);
});
