/** The main job on real input: a BIOS and a UEFI machine with real BMCs, from power-on to a deployed system and back. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { buildImage } from "@rackwright/images/build";
import { imageCacheDir } from "@rackwright/images/cache-dir";
import { takeThroughLife } from "./journey.ts";
import { reachable, sessionWithMachine } from "./seeds-session.ts";
import { type Site, startSite } from "./site.ts";
import { makeWorkDir } from "./work-dir.ts";

const reasons = [
  process.getuid?.() === 0 ? undefined : "not root",
  existsSync("/dev/net/tun") ? undefined : "no /dev/net/tun",
  existsSync("/usr/bin/qemu-system-x86_64") ? undefined : "no qemu-system-x86_64: see lab/packages.txt",
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

test("machines with BIOS and UEFI go from power-on to a system on their own disk, and back", {
  skip,
  timeout: 30 * 60_000,
}, async (t) => {
  assert.ok(site);
  const { api, lab } = site;
  const results = await Promise.all(
    lab.machines.map((machine) =>
      takeThroughLife(site as Site, machine, {
        onProgress: (r) => t.diagnostic(`${r.machine} ${r.stage}: ${r.waitingFor}`),
      }),
    ),
  );
  for (const result of results) {
    assert.match(result.rootDevice, /^\/dev\/vda\d+$/);
    t.diagnostic(`${result.machine}: ${JSON.stringify(result.seconds)}`);
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
