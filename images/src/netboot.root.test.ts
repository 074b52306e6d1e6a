/** The image, booted over the network into memory; from disks it is started by the end-to-end tests. Software emulation: minutes. */
import assert from "node:assert/strict";
import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { buildImage } from "./build.ts";
import { imageCacheDir } from "./cache-dir.ts";
import { flavours, type ImageManifest } from "./manifest.ts";
import {
  controllerUrl,
  type Machine,
  type MachineOptions,
  obstacle,
  openRoom,
  type Room,
  until,
} from "./netboot/room.ts";
import { ipxeScript, kernelArguments, siteFor, upstreamKernelArguments } from "./netboot/site.ts";

const cacheDir = imageCacheDir();
const flavour = flavours.find((name) => name === process.env["RACKWRIGHT_IMAGE_FLAVOUR"]) ?? "cloud";
/** Real hardware is what the generic kernel is for: a card and a disk that virtual machines do without. */
const hardware = flavour === "generic" ? ({ nic: "e1000e", diskBus: "ahci" } as const) : {};
const skip = obstacle() ?? false;
const minute = 60;

let room: Room;
let image: ImageManifest;
let dir: string;

before(async () => {
  if (skip !== false) return;
  image = await buildImage({ flavour, cacheDir, progress: (line) => process.stderr.write(`${line}\n`) });
  dir = await mkdtemp(join(tmpdir(), "rwimg-disk-"));
  room = await openRoom();
});

after(async () => {
  await room?.[Symbol.asyncDispose]();
  if (dir !== undefined) await rm(dir, { recursive: true });
});

/** Runs as root at first boot and tells what a controller would want to know. */
const report = `#!/bin/sh
{ echo "cmdline $(cat /proc/cmdline)"; echo "root $(findmnt -no FSTYPE /) $(findmnt -no SOURCE /)"
  echo "failed $(systemctl list-units --state=failed --plain --no-legend | awk '{ print $1 }' | xargs)"
  echo "journal $(journalctl --header | grep 'File path' | head -1)"
  echo "user $(id debian)"; echo "hostname $(hostname)"; echo "resolver $(grep nameserver /etc/resolv.conf)"
  echo "links $(ip -br link | xargs)"; echo "addresses $(ip -br -4 addr | xargs)"; echo "disks $(lsblk -dno NAME,SIZE | xargs)"
  echo "locked $(passwd -S root)"; echo "markers $(dmesg | grep -c "rackwright: stage=")"
  } | curl -s --data-binary @- ${controllerUrl}/report
`;

async function withMachine(options: Omit<MachineOptions, "disk">, use: (machine: Machine) => Promise<void>) {
  const path = join(dir, "disk");
  await writeFile(path, "", { flag: "a" });
  await truncate(path, 4 * 2 ** 30);
  room.requests.length = 0;
  const machine = await room.powerOn({ disk: path, ...hardware, ...options });
  try {
    await use(machine);
  } finally {
    await machine.powerOff();
  }
}

const posted = (path: string) => () =>
  room.requests.find((request) => request.method === "POST" && request.path === path)?.body;

for (const firmware of ["bios", "uefi"] as const) {
  test(`${firmware}: netboots into the squashfs and runs user-data`, { skip }, async (t) => {
    // UEFI tries the other command line at the same time: it has no checksum.
    const script = firmware === "bios" ? undefined : ipxeScript(upstreamKernelArguments());
    const verified = firmware === "bios" ? "ok" : "skipped";
    await room.serve(siteFor(image, report, script));
    await withMachine({ name: `net-${firmware}`, firmware, memoryMib: 1024 }, async (machine) => {
      const told = await until("the report of user-data", 6 * minute, machine, posted("/report"));
      const console = await machine.console();
      t.diagnostic(told);
      t.diagnostic(
        console
          .split("\n")
          .filter((line) => line.includes("rackwright:"))
          .join("\n"),
      );
      for (const stage of ["network ok", "download ok", `verify ${verified}`, "mount ok"]) {
        assert.match(console, new RegExp(`rackwright: stage=${stage}`));
      }
      assert.match(console, /stage=network ok device=\w+ mac=52:54:00:77:00:01 /);
      assert.match(told, /^root overlay overlay$/m);
      assert.match(told, /^failed $/m);
      assert.match(told, /^hostname trial$/m);
      assert.match(told, /^user uid=1000\(debian\)/m);
      assert.match(told, /^resolver nameserver 10\.77\.0\.1$/m);
      assert.match(told, /^locked root L/m);
      assert.match(told, /^journal File path: \/run\/log\/journal/m);
      const metadata = room.requests.filter((request) => request.path.startsWith("/MAAS/metadata/"));
      assert.ok(metadata.length > 0 && metadata.every((request) => request.authorized));
    });
  });
}

test("a squashfs with another sha256 is fetched twice and never booted", { skip }, async () => {
  const wrong = "0".repeat(64);
  await room.serve(siteFor(image, report, ipxeScript(kernelArguments(wrong))));
  await withMachine({ name: "wrong", firmware: "bios", memoryMib: 1024 }, async (machine) => {
    const message = await until(
      "the refusal",
      4 * minute,
      machine,
      async () => /stage=verify failed: .*/.exec(await machine.console())?.[0],
    );
    const got = image.files.find((file) => file.filetype === "squashfs")?.sha256;
    assert.ok(message.includes(`expected ${wrong} got ${got}`), message);
    assert.equal(room.requests.filter((request) => request.path === "/squashfs").length, 2);
    assert.equal(room.requests.filter((request) => request.path === "/MAAS/preseed").length, 0);
  });
});
