import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createWriteStream, existsSync } from "node:fs";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import type { Request, Site } from "./controller.ts";

/** Why a netboot trial is impossible here, or undefined. */
export function obstacle(): string | undefined {
  if (process.getuid?.() !== 0) return "needs root for network namespaces";
  if (!existsSync("/dev/net/tun")) return "needs /dev/net/tun";
  const programs = [
    "/usr/bin/qemu-system-x86_64",
    "/usr/sbin/dnsmasq",
    "/usr/share/OVMF/OVMF_CODE_4M.fd",
    "/usr/bin/mmdebstrap",
  ];
  const missing = programs.filter((path) => !existsSync(path));
  return missing.length > 0
    ? `needs ${missing.join(", ")}: script/lib/packages.sh with the names in images/packages.txt`
    : undefined;
}

export const controllerAddress = "10.77.0.1";
export const controllerUrl = `http://${controllerAddress}:8080`;

export type Room = {
  readonly requests: Request[];
  serve(site: Site): Promise<void>;
  powerOn(machine: MachineOptions): Promise<Machine>;
  [Symbol.asyncDispose](): Promise<void>;
};

export type MachineOptions = {
  readonly name: string;
  readonly firmware: "bios" | "uefi";
  readonly disk: string;
  /** QEMU device names. */
  readonly nic?: "virtio-net-pci" | "e1000e";
  readonly diskBus?: "virtio" | "ahci";
  readonly memoryMib?: number;
};

export type Machine = {
  /** What the serial console has shown so far. */
  console(): Promise<string>;
  isOn(): boolean;
  powerOff(): Promise<void>;
};

/** A namespace with a bridge, dnsmasq for DHCP and a controller; machines are QEMU processes on the bridge. */
export async function openRoom(): Promise<Room> {
  const ns = `rwimg${process.pid}`;
  const dir = await mkdtemp(join(tmpdir(), `${ns}-`));
  const children: ChildProcess[] = [];
  const ip = (...args: string[]) => execFileSync("ip", args, { stdio: ["ignore", "ignore", "inherit"] });
  const inside = (program: string, args: string[], log: string) => {
    const child = spawn("ip", ["netns", "exec", ns, program, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    children.push(child);
    child.stderr.pipe(createWriteStream(join(dir, log), { flags: "a" }));
    return child;
  };
  // A test run that is told to end (by a timeout, say) gets no chance to dispose of anything.
  const abandon = () => {
    for (const child of children) child.kill("SIGKILL");
    ip("netns", "del", ns);
    process.exit(143);
  };
  const close = async () => {
    process.off("SIGTERM", abandon);
    for (const child of children) await end(child);
    ip("netns", "del", ns);
    await rm(dir, { recursive: true, force: true });
  };

  ip("netns", "add", ns);
  process.once("SIGTERM", abandon);
  try {
    layNetwork((...args) => ip("-n", ns, ...args));
    const siteFile = join(dir, "site.json");
    const requests: Request[] = [];
    await writeFile(siteFile, JSON.stringify({ texts: {}, files: {} }));
    const controller = inside(
      process.execPath,
      [join(import.meta.dirname, "controller.ts"), controllerAddress, siteFile],
      "controller.log",
    );
    createInterface({ input: controller.stdout }).on("line", (line) => requests.push(JSON.parse(line) as Request));
    await writeFile(join(dir, "dnsmasq.conf"), dnsmasqConf(dir));
    inside("/usr/sbin/dnsmasq", ["--keep-in-foreground", `--conf-file=${join(dir, "dnsmasq.conf")}`], "dnsmasq.log");
    return {
      requests,
      serve: (site) => writeFile(siteFile, JSON.stringify(site)),
      async powerOn(options) {
        const log = join(dir, `${options.name}.console`);
        await writeFile(log, "");
        const vars = join(dir, `${options.name}.vars`);
        if (options.firmware === "uefi" && !existsSync(vars)) await copyFile("/usr/share/OVMF/OVMF_VARS_4M.fd", vars);
        const child = inside("qemu-system-x86_64", qemuArgs(options, log, vars), `${options.name}.qemu`);
        return {
          console: () => readFile(log, "utf8"),
          isOn: () => child.exitCode === null && child.signalCode === null,
          powerOff: () => end(child),
        };
      },
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function layNetwork(ip: (...args: string[]) => void): void {
  ip("link", "set", "lo", "up");
  ip("link", "add", "br0", "type", "bridge", "forward_delay", "0");
  ip("addr", "add", `${controllerAddress}/24`, "dev", "br0");
  ip("addr", "add", "fd77::1/64", "dev", "br0", "nodad");
  ip("link", "set", "br0", "up");
  // Keeps carrier on the bridge while no machine is on; the loose end must not answer ARP for the bridge's address.
  ip("link", "add", "up0", "type", "veth", "peer", "name", "up1");
  ip("link", "set", "up0", "master", "br0", "up");
  ip("link", "set", "up1", "arp", "off", "up");
  ip("tuntap", "add", "tap0", "mode", "tap");
  ip("link", "set", "tap0", "master", "br0", "up");
}

/** QEMU's NIC ROM is iPXE (user class, option 175), which follows an http boot file; the RA saves it 13 s of waiting. */
function dnsmasqConf(dir: string): string {
  return `port=0
interface=br0
bind-dynamic
except-interface=lo
no-ping
dhcp-authoritative
user=root
pid-file=${join(dir, "dnsmasq.pid")}
dhcp-leasefile=${join(dir, "leases")}
dhcp-range=10.77.0.100,10.77.0.200,255.255.255.0,1h
dhcp-option=option:router,${controllerAddress}
dhcp-option=option:dns-server,${controllerAddress}
dhcp-match=set:ipxe,175
dhcp-boot=tag:ipxe,${controllerUrl}/ipxe
enable-ra
dhcp-range=fd77::,ra-only,64,10m
`;
}

function qemuArgs(options: MachineOptions, consoleLog: string, vars: string): string[] {
  const { nic = "virtio-net-pci", diskBus = "virtio", memoryMib = 2048 } = options;
  const diskDevice =
    diskBus === "virtio" ? "virtio-blk-pci,drive=d0,serial=DISK0" : "ide-hd,drive=d0,bus=ide.0,serial=DISK0";
  const flash = (readonly: boolean, file: string) => [
    "-drive",
    `if=pflash,format=raw,readonly=${readonly ? "on" : "off"},file=${file}`,
  ];
  const pairs = [
    // Software emulation by name: a /dev/kvm that exists may still hang. qemu64 is the fastest model under it.
    ["-M", "q35", "-accel", "tcg,thread=multi", "-cpu", "qemu64", "-m", String(memoryMib), "-smp", "1"],
    ["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-serial", `file:${consoleLog}`],
    // A card in the first slot that leads nowhere: BOOTIF must decide, not the order.
    ["-netdev", "hubport,id=n1,hubid=1", "-device", `${nic},netdev=n1,mac=52:54:00:77:00:02,romfile=`],
    ["-netdev", "tap,id=n0,ifname=tap0,script=no,downscript=no"],
    ["-device", `${nic},netdev=n0,mac=52:54:00:77:00:01,bootindex=1`],
    ["-object", "rng-random,id=r,filename=/dev/urandom", "-device", "virtio-rng-pci,rng=r"],
    ["-drive", `file=${options.disk},format=raw,if=none,id=d0,cache=unsafe,discard=unmap`],
    ["-device", `${diskDevice},bootindex=2`],
  ];
  const firmware = [...flash(true, "/usr/share/OVMF/OVMF_CODE_4M.fd"), ...flash(false, vars)];
  return [...pairs.flat(), ...(options.firmware === "uefi" ? firmware : [])];
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await Promise.race([gone, delay(5000, undefined, { ref: false }).then(() => child.kill("SIGKILL"))]);
  await gone;
}

/** Ask `question` until it has an answer, at most `seconds`. The error shows the console's end. */
export async function until<T>(
  what: string,
  seconds: number,
  machine: Machine,
  question: () => T | undefined | Promise<T | undefined>,
): Promise<T> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await question();
    if (answer !== undefined) return answer;
    const gaveUp = (await machine.console()).includes("boot cannot go on");
    if (Date.now() > deadline || !machine.isOn() || gaveUp) {
      const state = !machine.isOn() ? "and the machine is off" : gaveUp ? "and it gave up" : `not within ${seconds} s`;
      throw new Error(`waited for ${what}: ${state}; the console ends with\n${(await machine.console()).slice(-3000)}`);
    }
    await delay(200);
  }
}
