import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { decodeTftp, encodeTftp, type TftpPacket, TftpRefusal } from "./codec.ts";

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ""), "hex"));

suite("packets as real clients send them", () => {
  test("UEFI firmware (EDK2) asks with tsize, blksize and windowsize", () => {
    const packet = decodeTftp(
      hex(`0001 626f6f747836342e65666900 6f6374657400 7473697a6500 3000 626c6b73697a6500 3134363800
           77696e646f7773697a6500 3400`),
    );
    assert.deepEqual(packet, {
      kind: "rrq",
      file: "bootx64.efi",
      mode: "octet",
      options: new Map([
        ["tsize", "0"],
        ["blksize", "1468"],
        ["windowsize", "4"],
      ]),
    });
  });

  test("mode and option names in capitals mean the same", () => {
    const packet = decodeTftp(hex("0001 6100 4f4354455400 424c4b53495a4500 35313200"));
    assert.deepEqual(packet, { kind: "rrq", file: "a", mode: "octet", options: new Map([["blksize", "512"]]) });
  });

  test("padding after the last string is dropped, a repeated option keeps its first value", () => {
    const padded = decodeTftp(hex("0001 6100 6f6374657400 0000000000"));
    assert.deepEqual(padded, { kind: "rrq", file: "a", mode: "octet", options: new Map() });
    const twice = decodeTftp(hex("0001 6100 6f6374657400 7473697a6500 3000 7473697a6500 3100"));
    assert.deepEqual(twice, { kind: "rrq", file: "a", mode: "octet", options: new Map([["tsize", "0"]]) });
  });

  test("an ERROR without its final NUL, or without a message, is still an ERROR", () => {
    assert.deepEqual(decodeTftp(hex("0005 0008 5573657220")), { kind: "error", code: 8, message: "User " });
    assert.deepEqual(decodeTftp(hex("0005 0000")), { kind: "error", code: 0, message: "" });
  });
});

test("every packet survives bytes and back", () => {
  const options = new Map([
    ["blksize", "1428"],
    ["tsize", "4294967296"],
  ]);
  const packets: TftpPacket[] = [
    { kind: "rrq", file: "grub/grub.cfg-52:54:00:00:00:01", mode: "octet", options },
    { kind: "wrq", file: "päth", mode: "octet", options: new Map() },
    { kind: "data", block: 65535, bytes: Uint8Array.of(1, 2, 3) },
    { kind: "data", block: 256, bytes: new Uint8Array(0) },
    { kind: "ack", block: 0x1234 },
    { kind: "error", code: 2, message: "read only" },
    { kind: "oack", options },
  ];
  for (const packet of packets) assert.deepEqual(decodeTftp(encodeTftp(packet)), packet);
});

test("a NUL in a string is a bug of the caller, never a second string on the wire", () => {
  assert.throws(() => encodeTftp({ kind: "error", code: 0, message: "a\0b" }), /NUL/);
});

suite("hostile bytes", () => {
  const cases: [string, Uint8Array][] = [
    ["nothing", new Uint8Array(0)],
    ["three bytes", hex("000161")],
    ["unknown operation", hex("0007 0000")],
    ["no file name", hex("0001 00 6f6374657400")],
    ["no mode", hex("0001 6100")],
    ["unterminated mode", hex("0001 6100 6f63")],
    ["not UTF-8", hex("0001 ff00 6f6374657400")],
    ["a request of 2000 bytes", Buffer.concat([hex("0001"), Buffer.alloc(2000, 0x61)])],
    ["100 options", Buffer.concat([hex("0001 6100 6f6374657400"), Buffer.from("a\0b\0".repeat(100))])],
  ];
  for (const [name, bytes] of cases) {
    test(`${name} is refused`, () => assert.throws(() => decodeTftp(bytes), TftpRefusal));
  }

  test("random bytes decode or are refused, nothing else", () => {
    let seed = 1;
    const next = () => (seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff) >> 8;
    for (let i = 0; i < 20_000; i++) {
      const bytes = Uint8Array.from({ length: next() % 64 }, () => next() & 0xff);
      if (bytes.length > 1) bytes.set([0, next() % 8]);
      try {
        decodeTftp(bytes);
      } catch (error) {
        assert.ok(error instanceof TftpRefusal, `threw ${String(error)}`);
      }
    }
  });
});
