import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeOffer, encodeDiscover } from "./probe.ts";

const XID = 0xdeadbeef;

/** An answer as servers send it: header, cookie, then these options. */
function reply(options: number[], change: (bytes: Uint8Array) => void = () => {}): Uint8Array {
  const bytes = new Uint8Array(240 + options.length);
  bytes.set([2, 1, 6, 0, 0xde, 0xad, 0xbe, 0xef]);
  bytes.set([10, 77, 0, 231], 16);
  bytes.set([0x63, 0x82, 0x53, 0x63], 236);
  bytes.set(options, 240);
  change(bytes);
  return bytes;
}
const server = [54, 4, 10, 77, 0, 250];

test("a DISCOVER asks for a broadcast answer, by the interface's address", () => {
  const bytes = encodeDiscover({ xid: XID, mac: "52:54:00:ab:cd:ef" });
  assert.equal(bytes.length, 300);
  assert.deepEqual([...bytes.subarray(0, 12)], [1, 1, 6, 0, 0xde, 0xad, 0xbe, 0xef, 0, 0, 0x80, 0]);
  assert.deepEqual([...bytes.subarray(28, 34)], [0x52, 0x54, 0, 0xab, 0xcd, 0xef]);
  assert.deepEqual([...bytes.subarray(236, 248)], [0x63, 0x82, 0x53, 0x63, 53, 1, 1, 55, 2, 1, 3, 255]);
});

test("an offer names its server, whatever stands between its options", () => {
  const found = { server: "10.77.0.250", address: "10.77.0.231" };
  assert.deepEqual(decodeOffer(reply([53, 1, 2, ...server, 255]), XID), found);
  assert.deepEqual(decodeOffer(reply([0, 0, 1, 4, 255, 255, 255, 0, ...server, 53, 1, 2]), XID), found);
});

test("what is no offer to us is none", () => {
  const good = [53, 1, 2, ...server, 255];
  assert.equal(decodeOffer(reply(good), XID + 1), undefined, "to somebody else");
  assert.equal(decodeOffer(reply([53, 1, 5, ...server, 255]), XID), undefined, "an ACK");
  assert.equal(decodeOffer(reply([53, 1, 2, 255]), XID), undefined, "of no server");
  assert.equal(decodeOffer(reply([53, 1, 2, 54, 40, 10, 77]), XID), undefined, "cut off");
  assert.equal(
    decodeOffer(
      reply(good, (b) => (b[0] = 1)),
      XID,
    ),
    undefined,
    "a request",
  );
  assert.equal(
    decodeOffer(
      reply(good, (b) => (b[236] = 0)),
      XID,
    ),
    undefined,
    "BOOTP without options",
  );
  for (let length = 0; length < 240; length += 7)
    assert.equal(decodeOffer(reply(good).subarray(0, length), XID), undefined);
});
