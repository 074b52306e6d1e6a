/** Emulated machines under the region's hand: switched on and off as it says, told of what they did. */
import { setTimeout as sleep } from "node:timers/promises";
import type { DhcpSeen } from "./dhcp.ts";
import { type ChosenFaults, faultsOf } from "./faults.ts";
import { Gate } from "./gate.ts";
import { hardwareOf, loopbackAddress } from "./hardware.ts";
import { EmulatedMachine, type Prints, type World } from "./machine.ts";
import { ApiError, type RegionApi, type Work } from "./region-api.ts";
import { chance } from "./seed.ts";

export interface FleetOptions {
  api: RegionApi;
  bootUrl: string;
  speed: number;
  faults: ChosenFaults;
  /** HTTP of the rack that this machine boots through, where it is another than bootUrl. */
  bootUrlOf?: (mac: string) => string | undefined;
  /** Play DHCP too: what its server would log of the machines is told to the region. */
  dhcp?: boolean;
  /** What scripts end with, where it is another thing than on any emulated machine. */
  prints?: Prints;
  /** Real seconds from one heartbeat of a machine to the next; default: 30. */
  heartbeatSeconds?: number;
  /** A fault has struck a machine. */
  struck?: (mac: string) => void;
  /** Requests of all machines at once. */
  requests?: number;
  tell?: (text: string) => void;
  signal: AbortSignal;
}

interface Run {
  start: number;
  power: AbortController;
  ended: Promise<void>;
}

const LOOK_MS = 200;
/** Of DHCP, told at once. */
const MOST_LINES = 500;
/** Places of machines in 100.64.0.0/10 and on loopback. */
const PLACES = 2 ** 22 - 2;

export class Fleet {
  /** Each signal's way there and back, in milliseconds. */
  readonly signalMs: number[] = [];
  readonly #options: FleetOptions;
  readonly #world: World;
  readonly #byMac = new Map<string, EmulatedMachine>();
  readonly #bySystemId = new Map<string, EmulatedMachine>();
  readonly #places = new Set<number>();
  /** The last start of each that was played. */
  readonly #started = new Map<EmulatedMachine, number>();
  readonly #runs = new Map<EmulatedMachine, Run>();
  /** SYSTEM_ID:START of those that went off themselves. */
  readonly #off: string[] = [];
  /** What a DHCP server would have logged, and the region has not heard. */
  readonly #dhcp: DhcpSeen[] = [];

  constructor(options: FleetOptions) {
    this.#options = options;
    this.#world = {
      bootUrl: options.bootUrl,
      dhcp: options.dhcp ?? false,
      prints: options.prints,
      onDhcp: (seen) => void this.#dhcp.push(seen),
      onStruck: (machine) => options.struck?.(machine.mac),
      speed: options.speed,
      heartbeatSeconds: options.heartbeatSeconds,
      gate: new Gate(options.requests ?? 64),
      onSignal: (tookMs) => void this.signalMs.push(tookMs),
      onEnlisted: (machine, systemId) => this.#enlisted(machine, systemId),
      tell: (machine, text) => options.tell?.(`${machine.systemId ?? machine.mac}: ${text}`),
    };
  }

  get machines(): EmulatedMachine[] {
    return [...this.#byMac.values()];
  }

  /** What machines that are on are doing, with how many do it. */
  doing(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const machine of this.#runs.keys()) {
      const what = machine.doing.split(" ", 1)[0] ?? "";
      counts.set(what, (counts.get(what) ?? 0) + 1);
    }
    return counts;
  }

  /** Plug in a machine that the region does not know. @returns when it has gone off again */
  async enlist(mac: string): Promise<EmulatedMachine> {
    const machine = this.#machine([mac], null);
    this.#run(machine, 0);
    await this.#runs.get(machine)?.ended;
    return machine;
  }

  /** Play whatever the region wants, until the signal. */
  async play(): Promise<void> {
    const { api, signal, tell } = this.#options;
    let again = true;
    while (!signal.aborted) {
      try {
        const work = await api.take(again);
        again = false;
        const faulty = await Promise.all(work.map((one) => this.#obey(one)));
        const obeyed = work.map((one) => `${one.system_id}:${one.start}:${one.wanted}`);
        await this.#report({ obeyed, bmc: faulty.flat() });
      } catch (error) {
        if (error instanceof ApiError && error.status < 500 && error.status !== 429) throw error;
        tell?.(`the region does not answer: ${error instanceof Error ? error.message : String(error)}; asking again`);
        await sleep(1000, undefined, { signal }).catch(() => undefined);
      }
      await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
    }
    await this.stop();
  }

  /** Cut everybody's power. */
  async stop(): Promise<void> {
    const runs = [...this.#runs.values()];
    for (const { power } of runs) power.abort(new Error("the simulator stops"));
    await Promise.all(runs.map(({ ended }) => ended));
  }

  async #report(told: { obeyed: string[]; bmc: string[] }): Promise<void> {
    const off = this.#off.slice();
    const dhcp = this.#dhcp.slice(0, MOST_LINES);
    if (off.length + told.obeyed.length + told.bmc.length + dhcp.length === 0) return;
    await this.#options.api.report({ ...told, off, dhcp: dhcp.map((seen) => JSON.stringify(seen)) });
    this.#off.splice(0, off.length);
    this.#dhcp.splice(0, dhcp.length);
  }

  /** @returns words about its BMC that the region has not heard */
  async #obey(work: Work): Promise<string[]> {
    const known = this.#bySystemId.get(work.system_id) ?? this.#byMac.get(work.mac_addresses[0] ?? "");
    if (work.wanted === "off") {
      if (known && (this.#started.get(known) ?? 0) <= work.start) await this.#cut(known);
      return [];
    }
    // Handed out once more: that it was obeyed did not reach the region.
    if (known && this.#started.get(known) === work.start) return [];
    if (work.mac_addresses.length === 0) {
      this.#options.tell?.(`${work.system_id}: has no network card, so nothing of it boots`);
      return [];
    }
    const machine = known ?? this.#machine(work.mac_addresses, work);
    machine.systemId = work.system_id;
    this.#bySystemId.set(work.system_id, machine);
    await this.#cut(machine);
    this.#run(machine, work.start);
    return known ? [] : bmcWords(machine);
  }

  async #cut(machine: EmulatedMachine): Promise<void> {
    const run = this.#runs.get(machine);
    run?.power.abort(new Error("power was cut"));
    await run?.ended;
  }

  #run(machine: EmulatedMachine, start: number): void {
    const power = new AbortController();
    const run: Run = { start, power, ended: Promise.resolve() };
    this.#runs.set(machine, run);
    this.#started.set(machine, start);
    run.ended = machine.powerOn(AbortSignal.any([power.signal, this.#options.signal])).then((end) => {
      this.#runs.delete(machine);
      if (end === "off" && machine.systemId !== undefined) this.#off.push(`${machine.systemId}:${run.start}`);
    });
  }

  #machine(macs: readonly string[], work: Work | null): EmulatedMachine {
    const [mac = ""] = macs;
    const hardware = hardwareOf(macs, this.#place(mac));
    const onLoopback = new URL(this.#options.bootUrl).hostname.startsWith("127.");
    const machine = new EmulatedMachine(this.#world, {
      hardware,
      faults: faultsOf(mac, this.#options.faults),
      bootUrl: this.#options.bootUrlOf?.(mac),
      address: onLoopback ? loopbackAddress(hardware.place) : undefined,
      platform: work?.bios_boot_method === "uefi" ? "efi" : "pcbios",
    });
    this.#byMac.set(mac, machine);
    return machine;
  }

  /** Its own, by its MAC where nobody else has that. */
  #place(mac: string): number {
    let place = chance(`place ${mac}`).between(1, PLACES);
    while (this.#places.has(place)) place = (place % PLACES) + 1;
    this.#places.add(place);
    return place;
  }

  async #enlisted(machine: EmulatedMachine, systemId: string): Promise<void> {
    machine.systemId = systemId;
    this.#bySystemId.set(systemId, machine);
    const starts = await this.#stubborn(() => this.#options.api.report({ on: [systemId], bmc: bmcWords(machine) }));
    const run = this.#runs.get(machine);
    if (!run) return;
    run.start = starts[systemId] ?? run.start;
    this.#started.set(machine, run.start);
  }

  /** Until the region answers. */
  async #stubborn<T>(ask: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (error instanceof ApiError && error.status < 500 && error.status !== 429) throw error;
      }
      await sleep(1000, undefined, { signal: this.#options.signal });
    }
  }
}

function bmcWords(machine: EmulatedMachine): string[] {
  return machine.faults.flatMap(({ bmc }) => (bmc ? [`${machine.systemId}:${bmc}`] : []));
}
