/**
 * The main job on real input: a BIOS and a UEFI machine with real BMCs, from power-on to a deployed system and back, with a controller that
 * is killed while they are commissioned and while they are deployed.
 */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, open, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { buildImage } from "@rackwright/images/build";
import { imageCacheDir } from "@rackwright/images/cache-dir";
import type { MachineReply } from "./client.ts";
import { liveInMemory } from "./in-memory.ts";
import { type Stage, type StageReport, takeThroughLife } from "./journey.ts";
import { reachable, sessionWithMachine } from "./seeds-session.ts";
import { type Site, startSite } from "./site.ts";
import { addSshKey, sshTo } from "./ssh.ts";
import { makeWorkDir } from "./work-dir.ts";

const reasons = [
  process.getuid?.() === 0 ? undefined : "not root",
  existsSync("/dev/net/tun") ? undefined : "no /dev/net/tun",
  existsSync("/usr/bin/qemu-system-x86_64") ? undefined : "no qemu-system-x86_64: see lab/packages.txt",
  existsSync("/usr/bin/ssh-keygen") ? undefined : "no ssh and ssh-keygen: package openssh-client",
  existsSync("/usr/sbin/kea-dhcp4") ? undefined : "no kea-dhcp4: see apps/rack/packages.txt",
].filter((reason) => reason !== undefined);
const skip = reasons.length > 0 && `the end-to-end test needs more than this host has: ${reasons.join(", ")}`;

let site: Site | undefined;
let dir = "";

before(async () => {
  if (skip) return;
  dir = await makeWorkDir("rackwright-e2e-");
  const cacheDir = imageCacheDir();
  await mkdir(cacheDir, { recursive: true });
  const manifest = await buildImage({ flavour: "cloud", cacheDir });
  site = await startSite({
    dir,
    imageDir: dirname(manifest.files[0]?.path ?? ""),
    adminPassword: "not-a-secret-in-a-test",
    log: () => {},
    machines: [
      { name: "bios1", firmware: "bios", memoryMib: 2048 },
      { name: "uefi1", firmware: "uefi", memoryMib: 2048 },
    ],
  });
});

after(async () => {
  await site?.stop();
  if (dir !== "") await rm(dir, { recursive: true, force: true });
});

test("machines with BIOS and UEFI go from power-on to a system on their own disk, rescue mode, and back; the controller dies twice", {
  skip,
  timeout: 40 * 60_000,
}, async (t) => {
  assert.ok(site);
  const here = site;
  const { api, lab } = here;
  const crashes = crashesOf(here, [
    { machine: "bios1", stage: "commission", waitingFor: /^script:/ },
    { machine: "uefi1", stage: "deploy", waitingFor: /^installer/ },
  ]);
  const key = await addSshKey(api, dir);
  const inRescueMode = async (machine: MachineReply) => {
    const printed = await sshTo(lab, key, `debian@${machine.ip_addresses[0]}`, "findmnt -no FSTYPE /; lsblk -no PATH");
    assert.match(printed, /^overlay$/m, "the rescue system does not run from the disk");
    assert.match(printed, /^\/dev\/vda1$/m, "the disk is there to be looked at");
  };
  const said = new Set<string>();
  const say = (line: string) => {
    if (!said.has(line)) t.diagnostic(line);
    said.add(line);
  };
  const results = await Promise.all(
    lab.machines.map((machine) =>
      takeThroughLife(here, machine, {
        onProgress: (r) => {
          say(`${r.machine} ${r.stage}: ${r.waitingFor}`);
          crashes.look(r);
        },
        ...(machine.name === "bios1" ? { inRescueMode, quickErase: true } : {}),
      }),
    ),
  );
  await crashes.ended();
  for (const result of results) {
    assert.match(result.rootDevice, /^\/dev\/vda\d+$/);
    assert.match(result.settled, / failed= journal=\/var\/log\/journal$/);
    t.diagnostic(`${result.machine}: ${JSON.stringify(result.seconds)}`);
    const timeline = await api.timeline(result.systemId);
    const onConsole = timeline.filter((item) => item.source === "console").map((item) => item.text);
    t.diagnostic(`${result.machine}'s console: ${onConsole.length} lines of note, ${JSON.stringify(onConsole)}`);
    for (const mark of [/^Rackwright: /, /^rackwright: stage=mount ok/])
      assert.ok(
        onConsole.some((text) => mark.test(text)),
        `the BMC's serial console showed ${mark}`,
      );
  }
  const [bios, uefi] = await Promise.all(results.map((r) => api.machine(r.systemId)));
  assert.equal(bios?.bios_boot_method, "pxe");
  assert.equal(uefi?.bios_boot_method, "uefi");
  for (const machine of [bios, uefi]) {
    assert.ok(machine);
    assert.equal(machine.status_name, "Ready");
    assert.equal(machine.owner, null);
    assert.equal(machine.commissioning_status_name, "Passed");
    assert.equal(machine.testing_status_name, "Passed");
    assert.equal(machine.cpu_count, 1);
    assert.ok(machine.memory > 1800 && machine.memory <= 2048, `memory ${machine.memory} MiB`);
    assert.deepEqual(
      machine.physicalblockdevice_set.map((d) => d.serial),
      ["DISK0"],
    );
    assert.notEqual(machine.hardware_info.system_vendor, "Unknown");
  }
  const disks = lab.machines.map((machine) => firstMebibyte(machine.name));
  assert.ok(
    (await disks[0])?.every((byte) => byte === 0),
    "the disk that was to be erased begins with zeros",
  );
  assert.ok(
    (await disks[1])?.some((byte) => byte !== 0),
    "the other one is as it was",
  );
});

/** Kills the controller once at each of these places, and starts it again. */
function crashesOf(here: Site, places: { machine: string; stage: Stage; waitingFor: RegExp }[]) {
  const left = [...places];
  let crashed = Promise.resolve();
  return {
    look(now: StageReport) {
      const place = left.findIndex(
        (p) => p.machine === now.machine && p.stage === now.stage && p.waitingFor.test(now.waitingFor),
      );
      if (place < 0) return;
      left.splice(place, 1);
      crashed = crashed.then(() => here.crash());
    },
    /** @throws Error when it did not come back, or was never killed */
    async ended() {
      await crashed;
      assert.deepEqual(left, [], "the controller was killed everywhere");
    },
  };
}

async function firstMebibyte(machine: string): Promise<Buffer> {
  const file = await open(join(dir, "lab", "machines", machine, "disk0.img"));
  try {
    return (await file.read(Buffer.alloc(2 ** 20), 0, 2 ** 20, 0)).buffer;
  } finally {
    await file.close();
  }
}

// After the journey, which leaves Ready machines behind, this one with a system on its disk that could be started.
test("a machine is deployed in memory, starts there again after a power cycle, and its disk is not written to", {
  skip,
  timeout: 20 * 60_000,
}, async (t) => {
  assert.ok(site);
  const machine = site.lab.machines.find(({ name }) => name === "uefi1");
  const known = (await site.api.machines()).find(({ hostname }) => hostname === "uefi1");
  assert.ok(machine && known);
  const { said, looked, seconds } = await liveInMemory(site, machine, known.system_id, join(dir, "ssh-key"));
  t.diagnostic(`${JSON.stringify(seconds)} ${JSON.stringify(looked)}`);
  const line = "rackwright-memory: root=overlay host=uefi1 owner=gave-this kept=";
  assert.deepEqual(said, [line, line], "user-data ran at each start as at a first one");
  for (const printed of looked) {
    assert.match(printed, /^root overlay\nmounts 0 swaps 0\ndisk \/dev\/vda\naddresses 10\.77\.0\.\d+\/24\nfailed\n/);
    assert.match(printed, /^resolver \/run\/systemd\/resolve\/stub-resolv\.conf active\ncloud-init .*status: done$/m);
  }
});

// After the journey, which leaves a Ready machine behind; in the same site, since each start of a machine takes a minute.
test("the documentation's session goes as it is written, with one of these machines", {
  skip,
  timeout: 20 * 60_000,
}, async (t) => {
  assert.ok(site);
  const { host, close } = await reachable(site.socket);
  try {
    await sessionWithMachine(t, { home: join(dir, "home"), host, apiKey: site.apiKey, hostname: "bios1" });
  } finally {
    await close();
  }
});
