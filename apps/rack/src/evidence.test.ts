import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import type { EvidenceItem } from "@rackwright/contract/rack-protocol";
import { until } from "@rackwright/testkit/until";
import { EvidenceQueue, httpEvidence, tftpEvidence } from "./evidence.ts";

const item = (text: string) => ({ source: "console" as const, mac: null, address: null, text });

test("what is seen together is sent together, in its order", async () => {
  const batches: EvidenceItem[][] = [];
  const queue = new EvidenceQueue({ send: async (items) => void batches.push(items), batchMs: 1 });
  for (let i = 0; i < 700; i++) queue.add(item(String(i)));
  await until(() => batches.length === 2);
  assert.deepEqual(
    batches.flat().map(({ text }) => text),
    Array.from({ length: 700 }, (_, i) => String(i)),
  );
  await queue.close();
});

/** A queue whose batches are under way until `arrive`. */
function slowQueue(batchMs: number) {
  const batches: string[][] = [];
  const arrived = Promise.withResolvers<void>();
  const queue = new EvidenceQueue({
    batchMs,
    send: async (items) => {
      batches.push(items.map(({ text }) => text));
      await arrived.promise;
    },
  });
  return { queue, batches, arrive: arrived.resolve };
}

test("what is seen while a batch is on its way waits for more, as the first did", async () => {
  const { queue, batches, arrive } = slowQueue(60_000);
  queue.add(item("a"));
  queue.flush();
  queue.add(item("b"));
  arrive();
  await setImmediate();
  queue.add(item("c"));
  await queue.close();
  assert.deepEqual(batches, [["a"], ["b", "c"]]);
});

test("what had its time while a batch was on its way is sent after it", async () => {
  const { queue, batches, arrive } = slowQueue(1);
  queue.add(item("a"));
  queue.flush();
  queue.add(item("b"));
  queue.flush();
  arrive();
  await until(() => batches.length === 2);
  assert.deepEqual(batches, [["a"], ["b"]]);
  await queue.close();
});

test("the end sends what came during the last batch", async () => {
  const sent: string[] = [];
  const queue = new EvidenceQueue({
    batchMs: 1,
    send: async (items) => {
      sent.push(...items.map(({ text }) => text));
      await setImmediate();
      if (sent.length === 1) queue.add(item("last"));
    },
  });
  queue.add(item("first"));
  queue.flush();
  await queue.close();
  assert.deepEqual(sent, ["first", "last"]);
});

test("while the region is away the newest are kept, and sent when it is back", async () => {
  let away = true;
  const sent: string[] = [];
  const queue = new EvidenceQueue({
    batchMs: 1,
    maxKept: 5,
    send: async (items) => {
      if (away) throw new Error("away");
      sent.push(...items.map(({ text }) => text));
    },
  });
  for (let i = 0; i < 8; i++) queue.add(item(String(i)));
  await queue.close();
  assert.deepEqual([queue.dropped, sent], [3, []]);
  away = false;
  queue.flush();
  await queue.close();
  assert.deepEqual(sent, ["3", "4", "5", "6", "7"]);
});

test("events of the doors become words, with the machine where its name is known", () => {
  const event = { remoteAddress: "10.0.0.9", bytes: 10, complete: true, durationMs: 1200, method: "GET" };
  const script = httpEvidence({ ...event, file: "ipxe.cfg-52-54-00-AA-00-01", outcome: "finished", status: 200 });
  assert.equal(script.mac, "52:54:00:aa:00:01");
  assert.equal(script.text, "has ipxe.cfg-52-54-00-AA-00-01 by HTTP: 10 bytes in 1.2 s");
  const failed = tftpEvidence({ ...event, file: "ipxe.efi", outcome: "failed", retries: 7, reason: "no answer" });
  assert.deepEqual(
    [failed.mac, failed.address, failed.text],
    [null, "10.0.0.9", "ipxe.efi by TFTP failed after 10 bytes in 1.2 s: no answer"],
  );
});
