/**
 * Five faults made for real, and what the controller says of them: a BMC's password, a cable, a stranger's DHCP server, an image, a disk.
 * node_timeout is at its least, one minute, so that deadlines come soon. Two machines at a time.
 */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, open, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, suite, test } from "node:test";
import { buildImage } from "@rackwright/images/build";
import { imageCacheDir } from "@rackwright/images/cache-dir";
import { statusCode } from "@rackwright/domain/machine/status";
import type { LabMachine } from "@rackwright/lab/lab";
import { Client } from "pg";
import { addLabMachine, bmcOf, makeFault } from "./faults/lab.ts";
import { isRight, printTable, type Row } from "./faults/table.ts";
import { type Site, startSite } from "./site.ts";
import { makeWorkDir } from "./work-dir.ts";

const reasons = [
  process.getuid?.() === 0 ? undefined : "not root",
  existsSync("/dev/net/tun") ? undefined : "no /dev/net/tun",
  existsSync("/usr/bin/qemu-system-x86_64") ? undefined : "no qemu-system-x86_64: see lab/packages.txt",
  existsSync("/usr/sbin/kea-dhcp4") ? undefined : "no kea-dhcp4: see apps/rack/packages.txt",
].filter((reason) => reason !== undefined);
const skip = reasons.length > 0 && `machines cannot be spoilt here: ${reasons.join(", ")}`;

/** What it would be commissioned with is never reached. */
const COMMISSION = { testing_scripts: "none" };

const rows: Row[] = [];
let dir = "";
/** Of the image's squashfs. */
let sha256 = "";
let site: Site | undefined;

before(async () => {
  if (skip) return;
  dir = await makeWorkDir("rackwright-faults-");
  const cacheDir = imageCacheDir();
  await mkdir(cacheDir, { recursive: true });
  const image = await buildImage({ flavour: "cloud", cacheDir });
  sha256 = image.files.find(({ filetype }) => filetype === "squashfs")?.sha256 ?? "";
  site = await startSite({
    dir,
    imageDir: dirname(image.files[0]?.path ?? ""),
    adminPassword: "not-a-secret-in-a-test",
    log: () => {},
    machines: [
      { name: "lonely", firmware: "bios", memoryMib: 1024 },
      { name: "broken", firmware: "bios", memoryMib: 2048 },
    ],
  });
});
after(async () => {
  if (rows.length > 0) printTable(rows);
  await site?.stop();
  if (dir !== "") await rm(dir, { recursive: true, force: true });
});

type Spoil = (site: Site, machine: LabMachine) => Promise<Row[]>;

async function spoilt(spoil: Spoil, index: number): Promise<void> {
  const machine = site?.lab.machines[index];
  assert.ok(site && machine);
  const found = await spoil(site, machine);
  rows.push(...found);
  assert.deepEqual(
    found.filter((row) => !isRight(row)),
    [],
  );
}

async function nodeTimeout(minutes: number): Promise<void> {
  const form = { name: "node_timeout", value: String(minutes) };
  const set = await site?.api.send("POST", "/maas/?op=set_config", form);
  assert.equal(set?.status, 200, set?.text);
}

suite("what shows at the deadline is named before it", { skip, concurrency: true, timeout: 10 * 60_000 }, () => {
  before(() => nodeTimeout(1));
  test("its BMC's password, its cable, its DHCP server", () => spoilt(spoilNetwork, 0));
  test("its image", () => spoilt(spoilImage, 1));
});

test("a disk that fails while a machine installs is named", { skip, timeout: 15 * 60_000 }, async () => {
  await nodeTimeout(5); // what the installer says of it comes at once; a busy host may be slow on the way there
  await spoilt(spoilDisk, 1);
});

/** Of a machine that never gets as far as a kernel. */
async function spoilNetwork(site: Site, machine: LabMachine) {
  const id = await addLabMachine(site, machine);
  const password = await makeFault(site, id, {
    fault: "its BMC is given a wrong password",
    expected: "bmc_wrong_password",
    says: /did not accept the credentials: .*10\.77\.1\./,
    seen: /^bmc power cycle failed: .*not accepted/,
    ends: "Failed commissioning",
    async begin() {
      await site.api.call("PUT", `/machines/${id}/`, bmcOf(machine, "wrong"));
      await site.api.act(id, "commission", COMMISSION);
    },
  });
  const cable = await makeFault(site, id, {
    fault: "its network cable is out",
    expected: "no_dhcp_request",
    says: /on, and no DHCP request of it was seen/,
    seen: /^bmc .*is on/,
    ends: "Failed commissioning",
    async begin() {
      await site.api.call("PUT", `/machines/${id}/`, bmcOf(machine));
      await machine.unplug(0, true);
      await site.api.act(id, "commission", COMMISSION);
    },
  });
  await machine.unplug(0, false);
  const foreign = await site.lab.foreignDhcp({ macs: machine.macs, delaySeconds: 1 });
  const stranger = await makeFault(site, id, {
    fault: "a foreign DHCP server answers it",
    expected: "foreign_dhcp_server",
    says: /Another DHCP server .*10\.77\.0\.250/,
    seen: /^dhcp .*another server's offer/,
    ends: "Failed commissioning",
    begin: () => site.api.act(id, "commission", COMMISSION),
  });
  await foreign.stop();
  return [password, cable, stranger];
}

/** Of a machine that boots: its image is another one than its boot script said. */
async function spoilImage(site: Site, machine: LabMachine) {
  const id = await addLabMachine(site, machine);
  const squashfs = join(dir, "controller", "rack", "images", sha256);
  await until("the rack has the image", () => existsSync(squashfs));
  const image = await makeFault(site, id, {
    fault: "a byte of its image is another than it was",
    expected: "image_checksum",
    says: /The image arrived damaged: .*sha256 expected \w+ got \w+/,
    seen: /^console .*stage=verify (?:retry|failed)/,
    ends: "Failed commissioning",
    async begin() {
      await flipByte(squashfs);
      await site.api.act(id, "commission", COMMISSION);
    },
  });
  await flipByte(squashfs);
  await until("it is switched off", () => !machine.isOn());
  await site.api.call("DELETE", `/machines/${id}/`);
  return [image];
}

/** Of a machine that boots, and whose disk ends in the middle of an installation. */
async function spoilDisk(site: Site, machine: LabMachine) {
  const id = await addLabMachine(site, machine);
  await makeReady(site, id);
  const disk = await makeFault(site, id, {
    fault: "its disk fails while the image is written",
    expected: "disk_error",
    says: /A disk of the machine has errors: .*(?:I\/O error|Input\/output error|read-only)/i,
    seen: /^installer .*FAIL/,
    ends: "Failed deployment",
    begin: () => site.api.act(id, "deploy"),
    async meanwhile() {
      const items = await site.api.timeline(id);
      if (items.some((i) => /start cmd-install\/stage-extract/.test(i.text))) await machine.breakDisk(0, true);
    },
  });
  return [disk];
}

/**
 * Commissioning would take minutes and is tried elsewhere: what it would find of the disk is put where it would be.
 */
async function makeReady(site: Site, id: string): Promise<void> {
  const postgres = join(dir, "controller", "postgres");
  const db = new Client({
    host: join(postgres, "socket"),
    user: "rackwright",
    database: "rackwright",
    password: (await readFile(join(postgres, "password"), "utf8")).trim(),
  });
  await db.connect();
  try {
    await db.query(
      `insert into block_device (node_id, name, serial, model, size_bytes, block_size_bytes)
       select id, 'vda', 'DISK0', '', $2, 512 from node where system_id = $1`,
      [id, 8 * 2 ** 30],
    );
    await db.query(
      `update interface set vlan_id = (select vlan_id from subnet where cidr = $2)
       where node_id = (select id from node where system_id = $1)`,
      [id, site.lab.cidr],
    );
    await db.query("update node set status = $2 where system_id = $1", [id, statusCode.ready]);
  } finally {
    await db.end();
  }
  await site.api.act(id, "restore_default_configuration");
  await site.api.call("POST", "/machines/?op=allocate", { system_id: id });
}

/** Its size stays, so that only its checksum tells. Done twice, it is whole again. */
async function flipByte(path: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    const byte = Buffer.alloc(1);
    const at = Math.floor((await file.stat()).size / 2);
    await file.read(byte, 0, 1, at);
    await file.write(Buffer.from([(byte[0] ?? 0) ^ 0xff]), 0, 1, at);
  } finally {
    await file.close();
  }
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (const began = Date.now(); !holds(); await new Promise((resolve) => setTimeout(resolve, 500)))
    assert.ok(Date.now() - began < 60_000, `waited a minute in vain until ${what}`);
}
