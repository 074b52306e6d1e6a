import assert from "node:assert/strict";
import { suite, test } from "node:test";
import {
  ackedBytes,
  blockRange,
  newTransfer,
  step,
  type Transfer,
  type TransferAction,
  type TransferEvent,
  wireBlock,
} from "./transfer.ts";

const plan = { sizeBytes: 5 * 512, blockSizeBytes: 512, windowSize: 1, oack: false, retryLimit: 3 };
const usual: TransferAction = { do: "wait", how: "usual" };
const send = (first: number, last: number): TransferAction[] => [{ do: "send_blocks", first, last }, usual];

/** Feed events one by one and compare the actions of each. */
function expectActions(start: Transfer, script: [TransferEvent, TransferAction[]][]): Transfer {
  let transfer = start;
  for (const [event, expected] of script) {
    const next = step(transfer, event);
    assert.deepEqual(next.actions, expected, `after ${JSON.stringify(event)}`);
    transfer = next.transfer;
  }
  return transfer;
}

const ack = (block: number): TransferEvent => ({ kind: "ack", block });

suite("lockstep (RFC 1350)", () => {
  test("a multiple of the block size ends with an empty block", () => {
    const t = newTransfer(plan);
    assert.equal(t.blockCount, 6);
    assert.deepEqual(blockRange(plan, 5), { offset: 2048, length: 512 });
    assert.deepEqual(blockRange(plan, 6), { offset: 2560, length: 0 });
  });

  test("an empty file is one empty block", () => {
    expectActions(newTransfer({ ...plan, sizeBytes: 0 }), [
      [{ kind: "start" }, send(1, 1)],
      [ack(1), [{ do: "done" }]],
    ]);
  });

  test("a repeated ACK sends nothing, so packets cannot multiply (sorcerer's apprentice)", () => {
    const t = expectActions(newTransfer(plan), [
      [{ kind: "start" }, send(1, 1)],
      [ack(1), send(2, 2)],
      [ack(1), []],
      [ack(1), []],
      [ack(2), send(3, 3)],
      [ack(1), []],
      [ack(9), []],
    ]);
    assert.equal(ackedBytes(t), 1024);
  });

  test("silence sends again up to the limit, then gives up and says where", () => {
    const t = expectActions(newTransfer(plan), [
      [{ kind: "start" }, send(1, 1)],
      [ack(1), send(2, 2)],
      [{ kind: "timeout" }, send(2, 2)],
      [{ kind: "timeout" }, send(2, 2)],
      [{ kind: "timeout" }, send(2, 2)],
      [{ kind: "timeout" }, [{ do: "give_up", reason: "no answer after block 1 of 6, sent 4 times" }]],
      [ack(2), []],
    ]);
    assert.equal(t.retries, 3);
  });

  test("progress gives all tries back", () => {
    expectActions(newTransfer({ ...plan, retryLimit: 1 }), [
      [{ kind: "start" }, send(1, 1)],
      [{ kind: "timeout" }, send(1, 1)],
      [ack(1), send(2, 2)],
      [{ kind: "timeout" }, send(2, 2)],
      [ack(2), send(3, 3)],
    ]);
  });

  test("an ERROR of the client ends it", () => {
    expectActions(newTransfer(plan), [
      [{ kind: "start" }, send(1, 1)],
      [
        { kind: "error", code: 3, message: "disk full" },
        [{ do: "give_up", reason: "the client stopped with error 3: disk full" }],
      ],
      [{ kind: "timeout" }, []],
    ]);
  });
});

suite("options (RFC 2347)", () => {
  const withOack = newTransfer({ ...plan, oack: true });

  test("data follows ACK 0 only; the OACK is sent again on silence", () => {
    expectActions(withOack, [
      [{ kind: "start" }, [{ do: "send_oack" }, usual]],
      [ack(1), []],
      [{ kind: "timeout" }, [{ do: "send_oack" }, usual]],
      [ack(0), send(1, 1)],
      [ack(0), []],
    ]);
  });

  test("PXE firmware asks for the size and stops: that is no failure", () => {
    expectActions(withOack, [
      [{ kind: "start" }, [{ do: "send_oack" }, usual]],
      [{ kind: "error", code: 0, message: "TFTP Aborted" }, [{ do: "size_only" }]],
    ]);
  });
});

suite("window (RFC 7440)", () => {
  const windowed = newTransfer({ ...plan, sizeBytes: 20 * 512 + 1, windowSize: 4 });

  test("a whole window is acknowledged at once", () => {
    expectActions(windowed, [
      [{ kind: "start" }, send(1, 4)],
      [ack(4), send(5, 8)],
    ]);
  });

  test("an ACK inside the window resumes behind it; its repetitions do not", () => {
    const t = expectActions(windowed, [
      [{ kind: "start" }, send(1, 4)],
      [ack(2), send(3, 6)],
      [ack(2), []],
      [ack(2), []],
      [ack(6), send(7, 10)],
    ]);
    assert.equal(t.retries, 1);
  });

  test("the first block of a window is lost: the repeated ACK brings the timer forward, once", () => {
    expectActions(windowed, [
      [{ kind: "start" }, send(1, 4)],
      [ack(4), send(5, 8)],
      [ack(4), [{ do: "wait", how: "soon" }]],
      [ack(4), []],
      [{ kind: "timeout" }, send(5, 8)],
      [ack(4), []],
      [ack(8), send(9, 12)],
      [ack(8), [{ do: "wait", how: "soon" }]],
    ]);
  });

  test("the last window is what is left, and the last ACK may be missing", () => {
    expectActions(newTransfer({ ...plan, sizeBytes: 512, windowSize: 4, retryLimit: 0 }), [
      [{ kind: "start" }, send(1, 2)],
      [
        { kind: "timeout" },
        [{ do: "give_up", reason: "no answer to the last blocks, sent 1 times; the file may have arrived whole" }],
      ],
    ]);
  });
});

/** A receiver as RFC 7440 describes it, behind a network that loses, doubles and swaps packets. */
function simulate(options: {
  blocks: number;
  windowSize: number;
  loss: number;
  swap: number;
  double: number;
  seed: number;
}) {
  let seed = options.seed;
  const chance = (p: number) => {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    return seed / 2 ** 32 < p;
  };
  const sizeBytes = options.blocks * 8 - 3;
  let transfer = newTransfer({
    sizeBytes,
    blockSizeBytes: 8,
    windowSize: options.windowSize,
    oack: false,
    retryLimit: 50,
  });
  const toClient: number[] = [];
  const toServer: number[] = [];
  const carry = (queue: number[], block: number) => {
    for (let n = chance(options.double) ? 2 : 1; n > 0; n--) {
      if (chance(options.loss)) continue;
      if (chance(options.swap) && queue.length > 0) queue.splice(-1, 0, block);
      else queue.push(block);
    }
  };
  const received: number[] = []; // lengths are checked by index, so order and completeness show
  let sinceAck = 0;
  let sent = 0;
  const end = { outcome: "" };
  const feed = (event: TransferEvent) => {
    const next = step(transfer, event);
    transfer = next.transfer;
    for (const action of next.actions) {
      if (action.do === "send_blocks") {
        for (let i = action.first; i <= action.last; i++, sent++) carry(toClient, i);
      } else if (action.do === "done" || action.do === "give_up") end.outcome = action.do;
    }
  };
  feed({ kind: "start" });
  for (let turns = 0; end.outcome === "" && turns < 5_000_000; turns++) {
    const data = toClient.shift();
    if (data !== undefined) {
      if (wireBlock(data) === wireBlock(received.length + 1)) {
        received.push(data);
        sinceAck += 1;
        if (sinceAck === options.windowSize || received.length === options.blocks) {
          sinceAck = 0;
          carry(toServer, wireBlock(received.length));
        }
      } else {
        sinceAck = 0;
        carry(toServer, wireBlock(received.length)); // out of order: say what came last in order
      }
      continue;
    }
    const acknowledged = toServer.shift();
    feed(acknowledged === undefined ? { kind: "timeout" } : ack(acknowledged));
  }
  return { outcome: end.outcome, sent, inOrder: received.every((index, i) => index === i + 1), count: received.length };
}

suite("over a bad network", () => {
  for (const windowSize of [1, 4, 16]) {
    test(`window ${windowSize}: every block arrives once and in order`, () => {
      for (let seed = 1; seed <= 40; seed++) {
        const result = simulate({ blocks: 300, windowSize, loss: 0.05, swap: 0.05, double: 0.03, seed });
        assert.deepEqual(
          { ...result, sent: 0 },
          { outcome: "done", sent: 0, inOrder: true, count: 300 },
          `seed ${seed}`,
        );
        assert.ok(result.sent < 300 * 2 * windowSize, `seed ${seed}: ${result.sent} blocks sent for 300`);
      }
    });
  }

  test("block numbers wrap after 65535, with and without loss", () => {
    for (const loss of [0, 0.001]) {
      const result = simulate({ blocks: 140_000, windowSize: 16, loss, swap: 0, double: 0, seed: 7 });
      assert.equal(result.outcome, "done");
      assert.equal(result.count, 140_000);
      assert.ok(result.inOrder);
      if (loss === 0) assert.equal(result.sent, 140_000);
    }
  });

  test("a network that doubles every packet costs at most twice", () => {
    const result = simulate({ blocks: 2000, windowSize: 1, loss: 0, swap: 0, double: 1, seed: 3 });
    assert.deepEqual(result, { outcome: "done", sent: 2000, inOrder: true, count: 2000 });
  });
});
