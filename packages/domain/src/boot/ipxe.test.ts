import assert from "node:assert/strict";
import { test } from "node:test";
import {
  type EphemeralBoot,
  ephemeralScript,
  kernelArguments,
  localScript,
  refusalScript,
  splitOptions,
} from "./ipxe.ts";

const sha = (letter: string) => letter.repeat(64);
const boot: EphemeralBoot = {
  rackUrl: "http://10.0.0.1:5248",
  kernel: { sha256: sha("a") },
  initrd: { sha256: sha("b") },
  squashfs: { sha256: sha("c") },
  mac: "52:54:00:ab:cd:01",
  preseedUrl: "http://10.0.0.1:5248/MAAS/metadata/latest/by-id/abc123/?op=get_preseed&secret=S3cret",
  reportUrl: "http://10.0.0.1:5248/MAAS/metadata/latest/boot-report/?secret=S3cret",
  ephemeralOptions: ["console=ttyS0,115200"],
  persistentOptions: [],
};

test("the script of an ephemeral boot, word for word", () => {
  assert.equal(
    ephemeralScript(boot, "calm-otter: ephemeral with debian/bookworm"),
    `#!ipxe
echo Rackwright: calm-otter: ephemeral with debian/bookworm
kernel http://10.0.0.1:5248/images/${sha("a")}/boot-kernel initrd=initrd netroot=http://10.0.0.1:5248/images/${sha("c")}/squashfs netroot_sha256=${sha("c")} BOOTIF=01-52-54-00-ab-cd-01 cc:{'datasource_list': ['MAAS']}end_cc cloud-config-url=http://10.0.0.1:5248/MAAS/metadata/latest/by-id/abc123/?op=get_preseed&secret=S3cret netroot_report=http://10.0.0.1:5248/MAAS/metadata/latest/boot-report/?secret=S3cret panic=60 console=ttyS0,115200 || goto failed
initrd --name initrd http://10.0.0.1:5248/images/${sha("b")}/boot-initrd || goto failed
boot || goto failed
:failed
echo Rackwright: kernel or initrd could not be loaded; trying again in 10 seconds
sleep 10
reboot
`,
  );
});

test("a machine that nobody wants on gets no datasource and no secret, and switches itself off", () => {
  const words = kernelArguments({ ...boot, preseedUrl: null, reportUrl: null });
  assert.ok(words.includes("systemd.unit=poweroff.target"));
  assert.ok(!words.some((w) => /secret|cloud-config-url|cc:/.test(w)));
});

test("kept options stand behind ---", () => {
  const words = kernelArguments({ ...boot, persistentOptions: ["quiet", "nomodeset"] });
  assert.deepEqual(words.slice(-3), ["---", "quiet", "nomodeset"]);
});

const INJECTIONS = [
  "a b",
  "a\nreboot",
  "a\r",
  "||",
  "a|b",
  "&&",
  ";",
  "#",
  "#comment",
  "---",
  "${net0/mac}",
  "$x",
  "`id`",
  '"',
  "\\",
  "<x>",
  "\u0000",
  "\u2028",
  "é",
  "",
];

test("arguments that end a line, a command or an option list, or expand something, are refused", () => {
  for (const word of INJECTIONS) {
    assert.throws(() => kernelArguments({ ...boot, ephemeralOptions: [word] }), /boot script cannot carry/, word);
    assert.throws(() => kernelArguments({ ...boot, persistentOptions: [word] }), /boot script cannot carry/, word);
  }
  for (const rackUrl of ["http://x\nshell", "http://x ||", "http://${ip}"])
    assert.throws(() => ephemeralScript({ ...boot, rackUrl }, "t"), /boot script cannot carry/);
  assert.throws(() => ephemeralScript({ ...boot, mac: "52\nshell" }, "t"), /boot script cannot carry/);
  assert.throws(() => localScript("http://x\nshell", "t"), /boot script cannot carry/);
});

test("configured options: the good ones are kept, the bad ones named", () => {
  assert.deepEqual(splitOptions("quiet  console=tty0,115200 && reboot ; # ${x} a|b --- ok=1"), {
    options: ["quiet", "console=tty0,115200", "reboot", "ok=1"],
    refused: ["&&", ";", "#", "${x}", "a|b", "---"],
  });
  assert.deepEqual(splitOptions("   "), { options: [], refused: [] });
});

test("no title and no reason brings a line or a command of its own", () => {
  const evil = "x\nshell ${a} || chain http://evil && `id` ; # <b>";
  for (const script of [ephemeralScript(boot, evil), localScript(boot.rackUrl, evil), refusalScript(evil)]) {
    const echo = script.split("\n")[1] ?? "";
    assert.match(echo, /^echo Rackwright: x\?shell/);
    assert.ok(!/[$|&;#`<>]/.test(echo), echo);
    assert.ok(!script.split("\n").some((line) => line.startsWith("shell")), script);
  }
});

test("from the own disk: BIOS goes on, UEFI chains; a refusal waits before it asks again", () => {
  assert.match(localScript(boot.rackUrl, "t"), /iseq \$\{platform\} efi && goto efi \|\|\nexit\n:efi\nchain http:/);
  assert.match(refusalScript("no image"), /sleep \d+\nreboot\n$/);
});
