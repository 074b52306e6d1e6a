import assert from "node:assert/strict";
import { test } from "node:test";
import { agree, defaultTftpLimits } from "./options.ts";

const asked = (options: Record<string, string>) => new Map(Object.entries(options));

test("no options: 512-byte blocks, one at a time, no OACK", () => {
  assert.deepEqual(agree(new Map(), 10), {
    blockSizeBytes: 512,
    windowSize: 1,
    timeoutMs: undefined,
    accepted: new Map(),
  });
});

test("all four are accepted, in the order asked", () => {
  const agreement = agree(asked({ tsize: "0", blksize: "1468", windowsize: "16", timeout: "3" }), 5_000_000_000);
  assert.deepEqual(
    [...agreement.accepted],
    [
      ["tsize", "5000000000"],
      ["blksize", "1468"],
      ["windowsize", "16"],
      ["timeout", "3"],
    ],
  );
  assert.equal(agreement.blockSizeBytes, 1468);
  assert.equal(agreement.windowSize, 16);
  assert.equal(agreement.timeoutMs, 3000);
});

test("too much is lowered to the limit", () => {
  const agreement = agree(asked({ blksize: "65464", windowsize: "65535" }), 1, {
    maxBlockSizeBytes: 1468,
    maxWindowSize: 8,
    maxWindowBytes: 2 ** 20,
  });
  assert.deepEqual(
    [...agreement.accepted],
    [
      ["blksize", "1468"],
      ["windowsize", "8"],
    ],
  );
});

test("nonsense and unknown options are left out", () => {
  const nonsense = {
    blksize: "7",
    windowsize: "0",
    timeout: "256",
    tsize: "-1",
    multicast: "",
    utimeout: "1000",
    rollover: "0",
  };
  assert.equal(agree(asked(nonsense), 1).accepted.size, 0);
  assert.equal(agree(asked({ blksize: "1e3", windowsize: "0x10", timeout: " 8" }), 1).accepted.size, 0);
});

test("a window of large blocks is cut to the bytes allowed, in either order of the options", () => {
  for (const options of [
    asked({ blksize: "65464", windowsize: "16" }),
    asked({ windowsize: "16", blksize: "65464" }),
  ]) {
    assert.equal(agree(options, 1).accepted.get("windowsize"), "4");
    assert.equal(agree(options, 1).windowSize, 4);
  }
  assert.equal(agree(asked({ blksize: "65464" }), 1, { ...defaultTftpLimits, maxWindowBytes: 1 }).windowSize, 1);
});
