/** A machine as its BMC sees it: power, one-time boot device, and what the guest does to its own power. */
import { appendFileSync } from "node:fs";
import type { BootOrder } from "./qemu-argv.ts";
import type { QemuRun } from "./qemu.ts";
import type { Qmp } from "./qmp.ts";

/** IPMI's boot device selector, in the words of ipmi_sim ("default" is its word for the hard disk). */
export type BootDevice = "none" | "pxe" | "default" | "cdrom" | "bios";

export interface PowerDeps {
  name: string;
  serialLog: string;
  /** Start QEMU paused. */
  launch(order: BootOrder): Promise<QemuRun>;
  log(line: string): void;
}

/** A guest that resets at once, for ever, must not keep the host busy; a real server takes longer to come back. */
const SHORTEST_BOOT_MS = 1_000;

export class Machine {
  readonly #deps: PowerDeps;
  #run: QemuRun | undefined;
  #on = false;
  #bootDevice: BootDevice = "none";
  #diskOnly = false;
  #powerOns = 0;
  #boots = 0;
  #startedAt = 0;
  readonly #unplugged = new Set<number>();
  readonly #broken = new Set<number>();
  /** Power actions run one after the other, whoever asks. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(deps: PowerDeps) {
    this.#deps = deps;
  }

  get isOn(): boolean {
    return this.#on;
  }

  /** How often power was switched on; a guest's own reboots are not counted. */
  get powerOns(): number {
    return this.#powerOns;
  }

  get bootDevice(): BootDevice {
    return this.#bootDevice;
  }

  /** For the next start only, as IPMI's default is; ipmi_sim does not tell "persistent" from it. */
  setBootDevice(device: BootDevice): void {
    this.#bootDevice = device;
  }

  bootDiskOnly(on: boolean): void {
    this.#diskOnly = on;
  }

  powerOn(): Promise<void> {
    return this.#enqueue(async () => {
      if (this.#on) return;
      await this.#start("power on");
      this.#powerOns += 1;
    });
  }

  powerOff(): Promise<void> {
    return this.#enqueue(async () => {
      if (this.#on) this.#deps.log(`${this.#deps.name}: power off`);
      this.#on = false;
      await this.#cutPower();
    });
  }

  /** The reset button: nothing happens to a machine that is off. */
  reset(): Promise<void> {
    return this.#enqueue(async () => {
      if (!this.#on) return;
      await this.#cutPower();
      await this.#start("reset");
    });
  }

  /** The power button: asks the guest's system, which may not listen. */
  async pressPowerButton(): Promise<void> {
    await this.#run?.qmp.execute("system_powerdown");
  }

  /** Take a network cable out, or put it back. Stays so over boots. */
  async unplug(nic: number, unplugged: boolean): Promise<void> {
    if (unplugged) this.#unplugged.add(nic);
    else this.#unplugged.delete(nic);
    await this.#run?.qmp.execute("set_link", { name: `net${nic}`, up: !unplugged });
  }

  /** A disk takes no more writes, each ends with an I/O error; reads go on. Or it is mended. Stays so over boots. */
  async breakDisk(disk: number, broken: boolean): Promise<void> {
    if (this.#broken.has(disk) === broken) return;
    if (broken) this.#broken.add(disk);
    else this.#broken.delete(disk);
    if (this.#run) await setBroken(this.#run.qmp, disk, broken);
  }

  #enqueue(action: () => Promise<void>): Promise<void> {
    const done = this.#queue.then(action);
    this.#queue = done.catch(() => {});
    return done;
  }

  async #start(why: string): Promise<void> {
    const order = this.#nextOrder();
    this.#bootDevice = "none";
    this.#boots += 1;
    this.#startedAt = Date.now();
    this.#on = true;
    this.#deps.log(`${this.#deps.name}: ${why}, boot ${this.#boots}, ${order}`);
    appendFileSync(this.#deps.serialLog, marker(this.#deps.name, this.#boots, why, order));
    try {
      const run = await this.#deps.launch(order);
      this.#run = run;
      void run.ended.then((reason) => this.#ended(run, reason));
      for (const nic of this.#unplugged) await run.qmp.execute("set_link", { name: `net${nic}`, up: false });
      for (const disk of this.#broken) await setBroken(run.qmp, disk, true);
      await run.qmp.execute("cont");
    } catch (error) {
      this.#on = false;
      await this.#cutPower();
      throw error;
    }
  }

  async #cutPower(): Promise<void> {
    const run = this.#run;
    this.#run = undefined; // the end of this run is ours, and nothing is to follow from it
    await run?.kill();
    await run?.ended;
  }

  #nextOrder(): BootOrder {
    if (this.#diskOnly) return "disk-only";
    return this.#bootDevice === "default" ? "disk-first" : "network-first";
  }

  #ended(run: QemuRun, reason: string): void {
    if (run !== this.#run) return; // ended by us
    if (reason !== "guest-reset") {
      this.#run = undefined;
      this.#on = false;
      this.#deps.log(
        `${this.#deps.name}: ${reason === "guest-shutdown" ? "its system powered it off" : `QEMU ended (${reason}); it is off now`}`,
      );
      return;
    }
    void this.#enqueue(async () => {
      if (run !== this.#run) return; // switched off or reset meanwhile
      this.#run = undefined;
      const early = this.#startedAt + SHORTEST_BOOT_MS - Date.now();
      if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
      await this.#start("reboot by its system");
    }).catch((error: unknown) => this.#deps.log(`${this.#deps.name}: ${String(error)}`));
  }
}

/**
 * Puts a layer that fails writes between the disk's device and its file, also while the machine runs, or takes it away (QEMU's
 * blkdebug; the event "none" makes a rule hold from the start).
 */
async function setBroken(qmp: Qmp, disk: number, broken: boolean): Promise<void> {
  const layer = `broken${disk}`;
  const use = (node: string) =>
    qmp.execute("qom-set", { path: `/machine/peripheral/vd${disk}`, property: "drive", value: node });
  if (!broken) {
    await use(`disk${disk}`);
    await qmp.execute("blockdev-del", { "node-name": layer });
    return;
  }
  const failing = ["write", "write-zeroes"].map((iotype) => ({ event: "none", iotype, errno: EIO }));
  await qmp.execute("blockdev-add", {
    driver: "blkdebug",
    "node-name": layer,
    image: `disk${disk}`,
    "inject-error": failing,
  });
  await use(layer);
}

/** errno(3) */
const EIO = 5;

/** Stands before each boot in the serial log. */
export const marker = (name: string, boot: number, why: string, order: BootOrder): string =>
  `\n=== lab: ${name} boot ${boot} at ${new Date().toISOString()}: ${why}, ${order} ===\n`;
