/** The lab for real: QEMU, ipmi_sim, namespaces. A throwaway DHCP and TFTP server plays the rack. About 30 s. */
import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, type TestContext, test } from "node:test";
import { fileURLToPath } from "node:url";
import { cleanLab } from "./clean.ts";
import { run, until } from "./exec.ts";
import { type Lab, type LabMachine, startLab } from "./lab.ts";
import { missing, thisHost } from "./preflight.ts";
import { isRunning, type ProcessId } from "./processes.ts";
import { readRecord } from "./record.ts";
import { type LabMachineSpec, resolveMachines } from "./spec.ts";

const machines: LabMachineSpec[] = [
  { name: "oldie", firmware: "bios", memoryMib: 256 },
  { name: "newer", firmware: "uefi", memoryMib: 512 },
];
const lacking = missing(thisHost, resolveMachines(machines));
if (!thisHost.hasProgram("ipmitool")) lacking.push("ipmitool is not installed");
const options = { skip: lacking.length > 0 ? `NOT RUN: ${lacking.join("; ")}` : false, timeout: 120_000 };
const netnsPrefix = `lab-test-${process.pid}`;

/** A firmware takes 4 to 15 s to reach the network when emulated; more when both cores are busy. */
const BOOT_MS = 60_000;

test("machines netboot, reboot, boot from disk and power themselves off, all by their BMCs", options, async (t) => {
  const dir = scratch();
  const lab = await startLab({ dir, netnsPrefix, machines, log: (line) => t.diagnostic(line) });
  t.after(() => lab.stop());
  const [bios, uefi] = lab.machines;
  assert.ok(bios && uefi);
  const dhcpLog = await startBootServer(lab, dir);

  assert.equal(await ipmi(lab, bios, "power", "status"), "Chassis Power is off");
  const console = serialOverLan(t, lab, bios);
  await ipmi(lab, bios, "chassis", "bootdev", "pxe");
  await ipmi(lab, bios, "power", "on");
  await ipmi(lab, uefi, "power", "on");
  assert.equal(await ipmi(lab, bios, "power", "status"), "Chassis Power is on");

  await logged("the boot script ran", bios, /LAB-NETBOOT/);
  assert.match(dhcpLog(), new RegExp(`DHCPACK.* ${bios.macs[0]}`));
  await logged("its reset started a fresh QEMU", bios, /^=== lab: oldie boot 2 at .*: reboot by its system/m);
  await until("its console is read over its BMC, in both runs of QEMU", BOOT_MS, () => {
    return (console().match(/SeaBIOS/g) ?? []).length >= 2 || undefined;
  });
  assert.ok(bios.isOn());
  assert.equal(bios.powerOns(), 1);
  await ipmi(lab, bios, "power", "off");
  assert.equal(await ipmi(lab, bios, "power", "status"), "Chassis Power is off");

  await until(
    "the UEFI machine's own PXE fetched its boot file",
    BOOT_MS,
    () => /sent .*uefi\.efi to/.test(dhcpLog()) || undefined,
  );
  assert.match(dhcpLog(), new RegExp(`PXEClient:Arch:00007[^]*DHCPACK.* ${uefi.macs[0]}`));
  await ipmi(lab, uefi, "power", "off");

  // A system on the disk that says so and powers off: nothing but the disk may have been booted.
  installTalkingDisk(join(dir, "machines", bios.name, "disk0.img"));
  const before = dhcpLog().length;
  bios.bootDiskOnly(true);
  await ipmi(lab, bios, "power", "on");
  await logged("the disk booted", bios, /^DISKBOOT$/m);
  await until("it powered itself off", BOOT_MS, () => !bios.isOn() || undefined);
  assert.equal(await ipmi(lab, bios, "power", "status"), "Chassis Power is off");
  bios.bootDiskOnly(false);
  await ipmi(lab, bios, "chassis", "bootdev", "disk");
  await ipmi(lab, bios, "power", "cycle");
  await until(
    "the disk went before the network",
    BOOT_MS,
    () => read(bios).match(/^DISKBOOT$/gm)?.length === 2 || undefined,
  );
  assert.doesNotMatch(dhcpLog().slice(before), new RegExp(`DHCP.* ${bios.macs[0]}`));

  const left = readRecord(dir);
  await lab.stop();
  await assertNothingLeft(left, dir);
});

test("a lab that was killed is removed, machines and all, while another goes on", options, async (t) => {
  const killed = scratch();
  const other = scratch();
  const lab = await startLab({ dir: other, netnsPrefix, machines: machines.slice(0, 1) });
  t.after(() => lab.stop());

  const main = fileURLToPath(new URL("main.ts", import.meta.url));
  const child = spawn(process.execPath, [main, "up", killed, "--bios", "oldie"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(async () => {
    child.kill("SIGKILL");
    await cleanLab(killed);
  });
  let output = "";
  child.stdout.on("data", (text: Buffer) => {
    output += text.toString();
  });
  const [, command] = await until(
    "the lab is up",
    20_000,
    () => /(ip netns exec \S+ ipmitool .* power on);/.exec(output) ?? undefined,
  );
  await run((command ?? "").split(" "));
  await assert.rejects(cleanLab(killed), /run by process/);
  await assert.rejects(startLab({ dir: killed, machines: [] }), /run by process/);
  child.kill("SIGKILL");
  await once(child, "exit");

  const left = readRecord(killed);
  assert.deepEqual(left?.processes.map(({ what }) => what).sort(), [
    "oldie: ipmi_sim",
    "oldie: qemu",
    "serial ports",
    "site router: dnsmasq",
  ]);
  assert.ok(left?.processes.every(isRunning), "they outlive the lab, which is why there is a record");
  await cleanLab(killed);
  await assertNothingLeft(left, killed);

  const [machine] = lab.machines;
  assert.ok(machine);
  assert.equal(
    await ipmi(lab, machine, "power", "status"),
    "Chassis Power is off",
    "the other lab's BMC still answers",
  );
  await lab.stop();
  const again = await startLab({ dir: other, netnsPrefix, machines: machines.slice(0, 1) });
  t.after(() => again.stop());
  assert.deepEqual(
    again.machines.map(identity),
    lab.machines.map(identity),
    "a lab started again has the same machines",
  );
});

test("what goes wrong in a rack can be made to: a foreign DHCP server, a disk that fails", options, async (t) => {
  const dir = scratch();
  const lab = await startLab({ dir, netnsPrefix, machines: machines.slice(0, 1) });
  t.after(() => lab.stop());
  const [machine] = lab.machines;
  assert.ok(machine);
  const foreign = await lab.foreignDhcp({ macs: machine.macs });
  const server = readRecord(dir)?.processes.find(({ what }) => what.startsWith("foreign"));
  assert.ok(server && isRunning(server));
  await ipmi(lab, machine, "power", "on");
  await until(
    "the foreign server gave an address",
    BOOT_MS,
    () =>
      new RegExp(`DHCPACK.* 10\\.77\\.0\\.2\\d\\d ${machine.macs[0]}`).test(readFileSync(foreign.log, "utf8")) ||
      undefined,
  );
  await foreign.stop();
  assert.equal(isRunning(server), false);
  assert.doesNotMatch(await run(["ip", "-n", lab.netns, "-o", "link"]), /dhcp1/);

  await ipmi(lab, machine, "power", "off");

  installWritingDisk(join(dir, "machines", machine.name, "disk0.img"));
  machine.bootDiskOnly(true);
  await machine.breakDisk(0, true);
  await ipmi(lab, machine, "power", "on");
  await logged("the write failed", machine, /^DISKFAILS$/m);
  await until("it powered itself off", BOOT_MS, () => !machine.isOn() || undefined);
  await machine.breakDisk(0, false);
  await ipmi(lab, machine, "power", "on");
  await logged("the mended disk is written to", machine, /^DISKWRITES$/m);
});

const identity = ({ uuid, macs, bmc }: LabMachine) => ({ uuid, macs, bmc });
const read = (machine: LabMachine): string => readFileSync(machine.serialLog, "latin1").replaceAll("\r", "");
const logged = (what: string, machine: LabMachine, pattern: RegExp) =>
  until(`${what} (see ${machine.serialLog})`, BOOT_MS, () => pattern.test(read(machine)) || undefined);

// Removed after all tests: what a test leaves to its own `after`s needs the lab's record to the last.
const dirs: string[] = [];
after(() => dirs.forEach((dir) => rmSync(dir, { recursive: true, force: true })));

function scratch(): string {
  const dir = mkdtempSync(join(tmpdir(), "lab-root-"));
  dirs.push(dir);
  return dir;
}

function ipmi(lab: Lab, { bmc }: LabMachine, ...words: string[]): Promise<string> {
  // Cipher suite 3: ipmi_sim refuses 17. The password goes by the environment (-E), where ps does not show it.
  const [program = "", ...args] = lab.command([
    "ipmitool",
    "-I",
    "lanplus",
    "-C",
    "3",
    "-H",
    bmc.address,
    "-U",
    bmc.user,
    "-E",
    ...words,
  ]);
  const env = { ...process.env, IPMITOOL_PASSWORD: bmc.password };
  return new Promise((resolve, reject) => {
    execFile(program, args, { env }, (error, stdout, stderr) =>
      error ? reject(new Error(stderr, { cause: error })) : resolve(stdout.trim()),
    );
  });
}

/** DHCP and TFTP in the lab's namespace; what it did is what the returned function reads. Ends with the namespace. */
async function startBootServer(lab: Lab, dir: string): Promise<() => string> {
  const root = join(dir, "tftp");
  mkdirSync(root);
  writeFileSync(join(root, "bios.ipxe"), "#!ipxe\necho LAB-NETBOOT\nsleep 1\nreboot\n"); // SeaBIOS writes to the serial port late
  writeFileSync(join(root, "uefi.efi"), "no program: that it is fetched is enough");
  const config = join(dir, "boot-server.conf");
  const lines = [
    "port=0",
    `interface=${lab.bridge}`,
    "bind-dynamic",
    "except-interface=lo",
    "no-ping",
    "log-dhcp",
    "leasefile-ro",
    "pid-file=",
  ];
  lines.push(
    "user=root",
    "dhcp-authoritative",
    "dhcp-range=10.77.0.100,10.77.0.200,255.255.255.0,1h",
    "enable-tftp",
    `tftp-root=${root}`,
  );
  lines.push("dhcp-match=set:efi,option:client-arch,7", "dhcp-boot=tag:efi,uefi.efi", "dhcp-boot=tag:!efi,bios.ipxe");
  writeFileSync(config, `${lines.join("\n")}\n`);
  const log = join(dir, "boot-server.log");
  const [program = "", ...args] = lab.command([
    "dnsmasq",
    "--keep-in-foreground",
    `--conf-file=${config}`,
    `--log-facility=${log}`,
  ]);
  spawn(program, args, { stdio: "ignore" }).unref();
  const text = () => (existsSync(log) ? readFileSync(log, "utf8") : "");
  await until("the test's boot server runs", 10_000, () => text().includes("TFTP root is") || undefined);
  return text;
}

/** What `ipmitool sol activate` has printed so far. */
function serialOverLan(t: TestContext, lab: Lab, { bmc }: LabMachine): () => string {
  const words = ["-I", "lanplus", "-C", "3", "-H", bmc.address, "-U", bmc.user, "-E", "sol", "activate"];
  const [program = "", ...args] = lab.command(["ipmitool", ...words]);
  const env = { ...process.env, IPMI_PASSWORD: bmc.password };
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "ignore"], env });
  t.after(() => child.kill("SIGKILL"));
  let text = "";
  child.stdout.setEncoding("latin1").on("data", (more: string) => (text += more));
  return () => text;
}

/** Machine code that writes a line to the first serial port and has QEMU's chipset (ICH9, PM base 0x600) power off. */
function sayAndPowerOff(words: string): number[] {
  const code = [0xba, 0xf8, 0x03]; // mov dx, 0x3f8
  for (const char of Buffer.from(`\n${words}\n`)) code.push(0xb0, char, 0xee); // mov al, char; out dx, al
  return [...code, 0xba, 0x04, 0x06, 0xb8, 0x00, 0x20, 0xef, 0xf4]; // mov dx, 0x604; mov ax, SLP_EN; out dx, ax; hlt
}

function installTalkingDisk(path: string): void {
  installBootSector(path, sayAndPowerOff("DISKBOOT"));
}

/** Says whether the firmware could write the disk's second sector. */
function installWritingDisk(path: string): void {
  const good = sayAndPowerOff("DISKWRITES");
  // biome-ignore format: an instruction per line
  const code = [
    0x31, 0xc0, 0x8e, 0xc0, // xor ax, ax; mov es, ax
    0xb8, 0x01, 0x03, // mov ax, 0x0301: write one sector
    0xb9, 0x02, 0x00, // mov cx, 2
    0xba, 0x80, 0x00, // mov dx, 0x80: the first disk
    0xbb, 0x00, 0x7c, // mov bx, 0x7c00
    0xcd, 0x13, // int 0x13
    0x72, good.length, // jc
  ];
  installBootSector(path, [...code, ...good, ...sayAndPowerOff("DISKFAILS")]);
}

function installBootSector(path: string, code: number[]): void {
  const sector = Buffer.alloc(512);
  Buffer.from(code).copy(sector);
  sector.writeUInt16LE(0xaa55, 510);
  const disk = openSync(path, "r+");
  writeSync(disk, sector);
  closeSync(disk);
}

async function assertNothingLeft(
  record: { netns: string; runDir: string; processes: ProcessId[] } | undefined,
  dir: string,
): Promise<void> {
  assert.ok(record && record.processes.length > 0, "something was there");
  assert.deepEqual(record.processes.filter(isRunning), []);
  const namespaces = (await run(["ip", "netns", "list"])).split("\n").map((line) => line.split(" ")[0]);
  assert.ok(!namespaces.includes(record.netns));
  assert.equal(existsSync(record.runDir), false);
  assert.equal(readRecord(dir), undefined);
}
