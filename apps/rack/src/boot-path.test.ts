import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { bootPath, bootPathOfTarget, plainAddress } from "./boot-path.ts";

test("slashes of all kinds become single ones", () => {
  assert.equal(bootPath("bootx64.efi"), "bootx64.efi");
  assert.equal(bootPath("//grubx64.efi"), "grubx64.efi");
  assert.equal(bootPath("\\boot\\\\bcd"), "boot/bcd");
  assert.equal(bootPath("/./grub//./grub.cfg-52:54:00:aa:bb:cc"), "grub/grub.cfg-52:54:00:aa:bb:cc");
  assert.equal(bootPath("..."), "...");
});

suite("refused", () => {
  const refused = [
    "",
    "/",
    "//",
    ".",
    "..",
    "../x",
    "a/../b",
    "a\\..\\..\\b",
    "/..",
    "a/..",
    "a\0b",
    "a\nb",
    "a\u007f",
    "\u0085",
    "%2e%2e/x",
    "a%00",
    "100%",
    "\ud800",
    "x".repeat(513),
    "a/".repeat(300),
    "/".repeat(5000),
  ];
  for (const raw of refused) test(JSON.stringify(raw.slice(0, 20)), () => assert.equal(bootPath(raw), undefined));
});

suite("HTTP targets", () => {
  const cases: [string, string | undefined][] = [
    ["//grubx64.efi?x=../..", "grubx64.efi"],
    ["/ipxe.cfg-52%3A54%3A00", "ipxe.cfg-52:54:00"],
    ["/%2e%2e/etc/passwd", undefined],
    ["/a/%2E%2e%2fetc/passwd", undefined],
    ["/..%5c..%5cetc", undefined],
    ["/%252e%252e/etc/passwd", undefined],
    ["/a%00.efi", undefined],
    ["/%c0%ae%c0%ae/etc/passwd", undefined],
    ["/%zz", undefined],
    ["http://elsewhere/x", undefined],
    ["*", undefined],
  ];
  for (const [target, path] of cases) test(target, () => assert.equal(bootPathOfTarget(target), path));
});

test("an IPv4 address looks the same on a socket for both families", () => {
  assert.equal(plainAddress("::ffff:192.0.2.1"), "192.0.2.1");
  assert.equal(plainAddress("2001:db8::1"), "2001:db8::1");
  assert.equal(plainAddress(undefined), "");
});
