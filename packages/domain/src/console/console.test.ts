import assert from "node:assert/strict";
import { test } from "node:test";
import { LineLimit } from "./limit.ts";
import { type ConsoleText, consoleLines, noConsoleText, unfinishedLine } from "./lines.ts";
import { notableLine } from "./notable.ts";

function read(...chunks: string[]): { lines: string[]; text: ConsoleText } {
  let text = noConsoleText;
  const lines = chunks.flatMap((chunk) => {
    const next = consoleLines(text, chunk);
    text = next.text;
    return next.lines;
  });
  return { lines, text };
}

// As they came from the serial port of a machine in the lab.
const SEABIOS =
  "\u001bc\u001b[?7l\u001b[2J\u001b[0mSeaBIOS (version 1.16.2-debian-1.16.2-1)\r\nMachine UUID 89d9e17d\r\n\n";
const BANNER = "Press Ctrl-B for the iPXE command line...\b \b\b \b\b \bnet0: 52:54:00:44:c7:9f using virtio-net\r\n";
const RUBBED_OUT = "boot-kernel... 32%\b\b\b\b    \b\b\b\b 62%\b\b\b\b    \b\b\b\b ok\r\n";

test("lines come without escape sequences, and without what was rubbed out", () => {
  assert.deepEqual(read(SEABIOS, BANNER, RUBBED_OUT).lines, [
    "SeaBIOS (version 1.16.2-debian-1.16.2-1)",
    "Machine UUID 89d9e17d",
    "Press Ctrl-B for the iPXE command linenet0: 52:54:00:44:c7:9f using virtio-net",
    "boot-kernel... ok",
  ]);
});

test("it does not matter where the stream is cut", () => {
  const stream = `${SEABIOS}\u001b[0;1miPXE\u001b[0m -- http\u001b]0;title\u0007 x\r\nbios1 login: `;
  const whole = read(stream);
  for (let at = 1; at < stream.length; at++) {
    const cut = read(stream.slice(0, at), stream.slice(at));
    assert.deepEqual(cut.lines, whole.lines, `cut at ${at}`);
    assert.equal(unfinishedLine(cut.text), "bios1 login:");
  }
  assert.equal(whole.lines.at(-1), "iPXE -- http x");
});

test("firmware that draws its screen ends lines by going elsewhere", () => {
  const drawn = "\u001b[01;01H>>Start PXE over IPv4.\u001b[02;01H  PXE-E18: Server response timeout.\u001b[03;01H";
  assert.deepEqual(read(drawn).lines, [">>Start PXE over IPv4.", "PXE-E18: Server response timeout."]);
});

test("a line without end is bounded, and so is an escape sequence", () => {
  const { lines, text } = read("x".repeat(100_000));
  assert.ok(lines.length >= 1 && lines.every((line) => line.length <= 4096));
  assert.ok(text.rest.length <= 4096);
  let open = noConsoleText;
  for (let i = 0; i < 1000; i++) open = consoleLines(open, i === 0 ? "\u001b[" : "1;".repeat(50)).text;
  assert.ok(open.rest.length <= 2 * 4096, String(open.rest.length));
  const began = performance.now();
  read("\u001b]".repeat(200_000), "\n");
  notableLine(`rackwright-runner ${"error ".repeat(100_000)}`);
  assert.ok(performance.now() - began < 2000);
});

const notable: [string, string, boolean][] = [
  ["rackwright: stage=network ok dev=eth0", "initramfs", false],
  ["[   14.123456] rackwright: stage=verify failed: sha256 expected a got b", "initramfs", true],
  ["PXE-E18: Server response timeout.", "firmware", true],
  ["  PXE-E53: No boot filename received", "firmware", true],
  ["No bootable device.", "firmware", true],
  ["Boot device not found. Please install an operating system on your hard disk.", "firmware", true],
  ["Reboot and Select proper Boot device", "firmware", true],
  ['BdsDxe: failed to load Boot0001 "UEFI QEMU" from PciRoot(0x0): Not Found', "firmware", true],
  [">>Start PXE over IPv4.", "firmware", false],
  ["http://10.77.0.1:5248/ipxe.cfg... Connection timed out (http://ipxe.org/4c0a6092)", "ipxe", true],
  ["Could not boot: Operation canceled (https://ipxe.org/0b072095)", "ipxe", true],
  ["Rackwright: enlisting with debian/bookworm", "ipxe", false],
  ["grub rescue>", "boot_loader", true],
  ["error: file `/boot/grub/i386-pc/normal.mod' not found.", "boot_loader", true],
  ["[    1.234567] Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)", "kernel", true],
  ["[   20.000001] blk_update_request: I/O error, dev vda, sector 2048 op 0x1:(WRITE)", "disk", true],
  ["[   20.000001][  T312] Buffer I/O error on dev vda1, logical block 3", "disk", true],
  ["dd: error writing '/dev/vda': Input/output error", "disk", true],
  ["[   41.000000] cloud-init[372]: Traceback (most recent call last):", "cloud_init", true],
  ["[FAILED] Failed to start cloud-init.service - Initial cloud-init job.", "cloud_init", true],
  ["Cloud-init v. 22.4.2 finished at Sat, 21 Nov 2026 11:00:00 +0000. Datasource DataSourceMAAS", "cloud_init", false],
  ["bios1 login:", "login", false],
];

test("what shows how a machine gets on is of note", () => {
  for (const [line, kind, isTrouble] of notable) {
    const found = notableLine(line);
    assert.equal(found?.kind, kind, line);
    assert.equal(found.isTrouble, isTrouble, line);
    assert.ok(!/^\[ *\d/.test(found.text), found.text);
  }
});

test("what the initrd says is told from what it was written behind", () => {
  const line = "Begin: Mounting root file system ... rackwright: stage=network begin uptime=16.80";
  assert.equal(notableLine(line)?.text, "rackwright: stage=network begin uptime=16.80");
});

test("all else is not", () => {
  for (const line of [
    "",
    "SeaBIOS (version 1.16.2-debian-1.16.2-1)",
    "iPXE 1.0.0+git-20190125.36a4c85-5.1 -- Open Source Network Boot Firmware -- http://ipxe.org",
    "Configuring (net0 52:54:00:44:c7:9f)...... ok",
    "http://10.77.0.1:5248/images/51349501a3d1ff83836437d2b365fd2d/boot-initrd... ok",
    "[    0.000000] ACPI: Early table checksum verification disabled",
    "[    0.000000] tsc: Fast TSC calibration failed",
    "[    3.000000] EXT4-fs (vda3): mounted filesystem with ordered data mode. Quota mode: none.",
    "[  OK  ] Started cloud-init.service - Initial cloud-init job.",
    "Enter your login: name in the form",
    "GNU GRUB  version 2.06-13+deb12u1",
  ])
    assert.equal(notableLine(line), undefined, line);
});

test("the same is not said twice within a minute, and a flood is cut off and counted", () => {
  const limit = new LineLimit();
  assert.ok(limit.takes("I/O error, dev vda, sector 2048", 0));
  assert.ok(!limit.takes("I/O error, dev vda, sector 4096", 1000));
  assert.ok(limit.takes("I/O error, dev vda, sector 4096", 61_000));

  const flood = new LineLimit();
  const word = (i: number) => String.fromCharCode(97 + (i % 26), 97 + Math.floor(i / 26));
  const taken = Array.from({ length: 500 }, (_, i) => flood.takes(word(i), 0)).filter(Boolean).length;
  assert.equal(taken, 20);
  assert.ok(!flood.takes("something else", 14_000));
  assert.ok(flood.takes("something else", 16_000), "after a pause there is room for one");
  assert.ok(!flood.takes("a third", 16_000));
  assert.equal(flood.leftOut(), 482);
  assert.equal(flood.leftOut(), 0);
});
