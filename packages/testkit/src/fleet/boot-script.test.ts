import assert from "node:assert/strict";
import { test } from "node:test";
import { ephemeralScript, kernelArguments, localScript, refusalScript } from "@rackwright/domain/boot/ipxe";
import { argument, expand, readBootScript } from "./boot-script.ts";

const rackUrl = "http://10.0.0.1:5248";
const boot = {
  rackUrl,
  kernel: { sha256: "a".repeat(64) },
  initrd: { sha256: "b".repeat(64) },
  squashfs: { sha256: "c".repeat(64) },
  mac: "02:00:00:00:00:01",
  preseedUrl: `${rackUrl}/MAAS/metadata/latest/enlist-preseed/?op=get_enlist_preseed&secret=s`,
  reportUrl: null,
  ephemeralOptions: ["console=ttyS0,115200"],
  persistentOptions: ["quiet"],
};

test("an ephemeral boot is read as the region writes it", () => {
  const read = readBootScript(ephemeralScript(boot, "a title"));
  assert.ok(read.do === "kernel");
  assert.equal(read.kernel, `${rackUrl}/images/${boot.kernel.sha256}/boot-kernel`);
  assert.equal(read.initrd, `${rackUrl}/images/${boot.initrd.sha256}/boot-initrd`);
  assert.deepEqual(read.arguments.slice(1).join(" "), kernelArguments(boot).join(" "));
  assert.equal(argument(read.arguments, "cloud-config-url"), boot.preseedUrl);
  assert.equal(argument(read.arguments, "netroot"), `${rackUrl}/images/${boot.squashfs.sha256}/squashfs`);
  assert.equal(argument(read.arguments, "nothing"), undefined);
});

test("a machine that is to start from its disk does, by a loader where there is UEFI", () => {
  assert.deepEqual(readBootScript(localScript(rackUrl, "its disk")), {
    do: "disk",
    loader: `${rackUrl}/bootloaders/localboot.efi`,
  });
});

test("a machine that gets nothing waits and asks again", () => {
  assert.deepEqual(readBootScript(refusalScript("there is no image")), {
    do: "again",
    afterSeconds: 30,
    why: "Rackwright: there is no image",
  });
  const away = "#!ipxe\necho no\nsleep 10\nchain --replace --autofree http://r/ipxe.cfg || reboot\n";
  assert.deepEqual(readBootScript(away), { do: "chain", url: "http://r/ipxe.cfg", afterSeconds: 10 });
});

test("what iPXE knows of the machine is filled in", () => {
  const url = "http://r/ipxe.cfg-${mac:hexhyp}?uuid=${uuid}&serial=${serial:uristring}";
  assert.equal(expand(url, { mac: "02-00", uuid: "u" }), "http://r/ipxe.cfg-02-00?uuid=u&serial=");
});

test("what no loader would run is refused", () => {
  assert.throws(() => readBootScript("<html>"), /no iPXE script/);
  assert.throws(() => readBootScript("#!ipxe\necho hello\n"), /boots nothing/);
});
