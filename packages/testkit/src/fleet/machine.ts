/** One emulated machine: what it is, what is on its disk, and how it goes from power on to whatever it is told to do. */
import { setTimeout as sleep } from "node:timers/promises";
import { argument, readBootScript, type Boot, expand } from "./boot-script.ts";
import type { Credentials } from "./cloud-config.ts";
import type { Deed, Fault, Step } from "./faults.ts";
import type { Gate } from "./gate.ts";
import type { Hardware } from "./hardware.ts";
import { askForAddress, type DhcpSeen } from "./dhcp.ts";
import { bootDouble } from "./double.ts";
import { bootEphemeral } from "./ephemeral.ts";
import type { HardwareSync } from "./hardware-sync.ts";
import { bootInstalled } from "./installed.ts";
import { ignoreRefusal, Net, RequestFailed } from "./net.ts";
import type { Output } from "./outputs.ts";
import type { Row } from "./script-index.ts";

/** What all machines share. */
export interface World {
  /** HTTP of the rack that DHCP would tell of: http://127.0.0.1:5248 */
  bootUrl: string;
  /** Whether DHCP is played also for machines whose DHCP is well: what its server would log is told. */
  dhcp?: boolean;
  onDhcp?(seen: DhcpSeen): void;
  /** What a script ends with here, once it resolves; undefined: what it would on any emulated machine. */
  prints?: Prints | undefined;
  /** A fault has struck. */
  onStruck?(machine: EmulatedMachine): void;
  /** Real seconds are divided by it. */
  speed: number;
  /** Real seconds from one heartbeat to the next; default: 30. */
  heartbeatSeconds?: number | undefined;
  gate: Gate;
  /** Each signal's way there and back, in milliseconds. */
  onSignal(tookMs: number): void;
  /** An enlisting machine learnt its name. */
  onEnlisted(machine: EmulatedMachine, systemId: string): Promise<void>;
  /** For people who look: one line. */
  tell(machine: EmulatedMachine, text: string): void;
}

export type Prints = (machine: EmulatedMachine, row: Row) => Promise<Output | undefined> | Output | undefined;

export interface Installed {
  credentials: Credentials;
  reportUrl: string;
  /** Its netplan, as JSON. */
  network: string;
  /** Where its deploy asked for it. */
  sync: HardwareSync | undefined;
}

/** How a time switched on ended. */
export type End = "off" | "cut";

/** Thrown to leave whatever it was doing: the machine starts from its firmware again, or goes off. */
class Restart extends Error {}
class GoOff extends Error {}

export class EmulatedMachine {
  readonly world: World;
  readonly hardware: Hardware;
  readonly faults: readonly Fault[];
  readonly address: string | undefined;
  /** HTTP of the rack that it boots through. */
  readonly bootUrl: string;
  systemId: string | undefined;
  disk: Installed | undefined;
  /** What it is doing. */
  doing = "off";
  readonly platform: "pcbios" | "efi";
  readonly #done = new Set<Fault>();
  net: Net;
  signal: AbortSignal = AbortSignal.abort();

  constructor(
    world: World,
    options: {
      hardware: Hardware;
      faults: readonly Fault[];
      address: string | undefined;
      bootUrl?: string | undefined;
      platform: "pcbios" | "efi";
      systemId?: string;
    },
  ) {
    this.world = world;
    this.hardware = options.hardware;
    this.faults = options.faults;
    this.address = options.address;
    this.bootUrl = options.bootUrl ?? world.bootUrl;
    this.platform = options.platform;
    this.systemId = options.systemId;
    this.net = new Net({ address: this.address, gate: world.gate, signal: this.signal });
  }

  get mac(): string {
    return this.hardware.nics[0]?.mac ?? "";
  }

  /** From power on until it goes off itself, or `signal` is aborted: its power was cut. */
  async powerOn(signal: AbortSignal): Promise<End> {
    for (;;) {
      const boot = new AbortController();
      this.signal = AbortSignal.any([signal, boot.signal]);
      const { clockOffSeconds: clockOff, clockStuck } =
        this.faults.find((fault) => fault.clockOffSeconds !== undefined) ?? {};
      this.net = new Net({
        address: this.address,
        gate: this.world.gate,
        signal: this.signal,
        ...(clockOff === undefined ? {} : { clockOff, clockStuck: clockStuck === true }),
      });
      if (clockOff !== undefined) this.world.onStruck?.(this);
      try {
        await this.#boot();
        this.doing = "off";
        return "off";
      } catch (error) {
        if (signal.aborted) {
          this.doing = "off";
          return "cut";
        }
        if (error instanceof GoOff) {
          this.doing = "off";
          return "off";
        }
        if (!(error instanceof Restart)) {
          // As on a real one: it says so on its console, and stands there.
          this.world.tell(this, `stands still: ${error instanceof Error ? error.message : String(error)}`);
          await this.#hang(signal).catch(() => undefined);
          this.doing = "off";
          return "cut";
        }
      } finally {
        boot.abort(new Restart("the machine restarts"));
        this.net.close();
      }
    }
  }

  /** Seconds of a real machine's time. */
  async wait(seconds: number): Promise<void> {
    await sleep((seconds * 1000) / this.world.speed, undefined, { signal: this.signal });
  }

  /** About to do this: where faults strike. @param detail of the step, for people */
  async step(step: Step, detail = ""): Promise<void> {
    this.signal.throwIfAborted();
    this.doing = detail === "" ? step : `${step} ${detail}`;
    for (const fault of this.faults) {
      if (fault.at !== step || fault.deed === undefined || this.#done.has(fault)) continue;
      // What hangs does so each time; the others happen once.
      if (fault.deed !== "hang") this.#done.add(fault);
      await this.#strike(fault.deed);
    }
  }

  has<K extends keyof Fault>(key: K, value: Fault[K]): boolean {
    const hit = this.faults.some((fault) => fault[key] === value);
    if (hit) this.world.onStruck?.(this);
    return hit;
  }

  /** Start from the firmware again. */
  reboot(): never {
    throw new Restart("the machine restarts");
  }

  off(): never {
    throw new GoOff("the machine goes off");
  }

  /** Stays on, with nothing more to do. */
  async idle(): Promise<never> {
    return this.#hang(this.signal);
  }

  async #strike(deed: Deed): Promise<void> {
    this.world.onStruck?.(this);
    this.world.tell(this, `${deed} at ${this.doing}`);
    switch (deed) {
      case "hang":
        return this.#hang(this.signal);
      case "off":
        return this.off();
      case "reboot":
        return this.reboot();
      case "lost":
        this.net.cut = true;
        return;
      case "flap": {
        const { net } = this;
        net.cut = true;
        void this.wait(20).then(
          () => (net.cut = false),
          () => undefined,
        );
      }
    }
  }

  #hang(signal: AbortSignal): Promise<never> {
    const { promise, reject } = Promise.withResolvers<never>();
    const end = () => reject(signal.reason as Error);
    if (signal.aborted) end();
    else signal.addEventListener("abort", end, { once: true });
    return promise;
  }

  async #boot(): Promise<void> {
    await this.step("firmware");
    await this.wait(10);
    const selfTest = this.faults.find(({ selfTestSeconds }) => selfTestSeconds !== undefined)?.selfTestSeconds;
    if (selfTest !== undefined) {
      this.world.onStruck?.(this);
      await this.wait(selfTest);
    }
    if ((this.world.dhcp || this.faults.some(({ dhcp }) => dhcp !== undefined)) && !(await askForAddress(this)))
      return this.idle();
    const whose = this.faults.find(({ double }) => double !== undefined)?.double;
    if (whose !== undefined) {
      this.world.onStruck?.(this);
      await bootDouble(this, whose);
    }
    const boot = await this.#bootScript();
    if (boot.do === "disk") {
      await this.step("local-boot");
      // UEFI firmware goes on to the disk by itself where the loader is not to be had.
      if (this.platform === "efi" && boot.loader !== undefined)
        await this.net.once(boot.loader, { method: "HEAD" }).catch(ignoreRefusal);
      if (!this.disk) throw new Error("no bootable device");
      await this.wait(15);
      return bootInstalled(this, this.disk);
    }
    await this.#fetch("kernel", boot.kernel);
    await this.#fetch("initrd", boot.initrd);
    await this.wait(10);
    const squashfs = argument(boot.arguments, "netroot");
    if (squashfs === undefined) throw new Error("the kernel has no netroot argument");
    await this.#fetch("squashfs", squashfs);
    await this.wait(5);
    if (boot.arguments.includes("systemd.unit=poweroff.target")) return;
    const preseedUrl = argument(boot.arguments, "cloud-config-url");
    if (preseedUrl === undefined) throw new Error("the kernel has no cloud-config-url argument");
    await bootEphemeral(this, preseedUrl, boot.arguments);
  }

  /** Ask what to boot until there is something, as the loader does. */
  async #bootScript(): Promise<Extract<Boot, { do: "kernel" | "disk" }>> {
    const hexhyp = this.mac.replaceAll(":", "-");
    const values = { mac: hexhyp, uuid: this.hardware.uuid, platform: this.platform, buildarch: "x86_64", serial: "" };
    let url = `${this.bootUrl}/ipxe.cfg`;
    for (;;) {
      await this.step("boot-script");
      const reply = await this.net.once(expand(url, values)).catch((error: unknown) => {
        if (error instanceof RequestFailed) return undefined;
        throw error;
      });
      if (reply?.status !== 200) {
        await this.#pause(5);
        continue;
      }
      const boot = readBootScript(reply.body.toString("utf8"));
      if (boot.do === "kernel" || boot.do === "disk") return boot;
      if (boot.do === "chain") {
        if (boot.afterSeconds > 0) await this.#pause(boot.afterSeconds);
        url = boot.url;
      } else {
        this.doing = `told to wait: ${boot.why}`;
        await this.#pause(boot.afterSeconds);
        this.reboot();
      }
    }
  }

  /** However fast time runs here, nobody is asked more than five times a second. */
  async #pause(seconds: number): Promise<void> {
    await sleep(Math.max(200, (seconds * 1000) / this.world.speed), undefined, { signal: this.signal });
  }

  /** Its size, and its beginning: what the content is does not matter to a machine that runs nothing. */
  async #fetch(step: "kernel" | "initrd" | "squashfs", url: string): Promise<void> {
    await this.step(step);
    if (step === "squashfs" && this.has("download", "stalls")) await this.net.stall(url);
    const head = await this.net.ask(url, { method: "HEAD" });
    const sizeBytes = Number(head.headers["content-length"] ?? 0);
    if (sizeBytes === 0) throw new Error(`${step} is empty`);
    await this.net.ask(url, { headers: { range: "bytes=0-4095" } });
  }
}
