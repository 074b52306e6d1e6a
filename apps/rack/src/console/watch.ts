/** The serial consoles that this rack reads now: those that the region named last, for as long as its word holds. */
import { isDeepStrictEqual } from "node:util";
import { CONSOLE_LEASE_MS, type EvidenceItem, type WatchedConsole } from "@rackwright/contract/rack-protocol";
import { readConsole } from "@rackwright/power/console";
import { powerDriverNamed } from "@rackwright/power/registry";
import { holdConsole } from "./hold.ts";

/** Read one until `signal` ends it or it ends itself. @throws PowerError when it could not be opened */
export type ConsoleSource = (
  machine: WatchedConsole,
  onText: (text: string) => void,
  signal: AbortSignal,
) => Promise<void>;

export interface ConsoleWatchOptions {
  onEvidence: (item: Omit<EvidenceItem, "at">) => void;
  /** The machine's BMC, unless a test has another. */
  source?: ConsoleSource;
  leaseMs?: number;
  /** Pauses after a console that could not be opened, or was closed. */
  retryMs?: { first: number; most: number };
}

interface Held {
  machine: WatchedConsole;
  ended: AbortController;
  done: Promise<void>;
}

const ofBmc: ConsoleSource = (machine, onText, signal) =>
  readConsole({ driver: powerDriverNamed(machine.powerType), settings: machine.parameters, signal, onText });

export class ConsoleWatch {
  readonly #options: ConsoleWatchOptions;
  readonly #held = new Map<string, Held>();
  /** Sessions that are being closed: the BMC lets nobody in before. */
  readonly #closing = new Map<string, Promise<void>>();
  #lease: NodeJS.Timeout | undefined;

  constructor(options: ConsoleWatchOptions) {
    this.#options = options;
  }

  /** From now on these. What is held already goes on, unless its BMC or boot is another. */
  watch(machines: readonly WatchedConsole[]): void {
    const wanted = new Map(machines.map((machine) => [machine.systemId, machine]));
    for (const [systemId, held] of this.#held) {
      const machine = wanted.get(systemId);
      if (!isDeepStrictEqual(machine, held.machine)) this.#release(systemId, held);
    }
    for (const machine of wanted.values()) if (!this.#held.has(machine.systemId)) this.#hold(machine);
    clearTimeout(this.#lease);
    if (wanted.size > 0)
      this.#lease = setTimeout(() => this.watch([]), this.#options.leaseMs ?? CONSOLE_LEASE_MS).unref();
  }

  async close(): Promise<void> {
    this.watch([]);
    await Promise.all(this.#closing.values());
  }

  #hold(machine: WatchedConsole): void {
    const { source = ofBmc, retryMs = { first: 30_000, most: 300_000 }, onEvidence } = this.#options;
    const { systemId, bootEpoch } = machine;
    const ended = new AbortController();
    const before = this.#closing.get(systemId) ?? Promise.resolve();
    const say = (text: string, detail: Record<string, unknown>) =>
      onEvidence({ source: "console", mac: null, address: null, text, detail: { systemId, bootEpoch, ...detail } });
    const done = before.then(() =>
      holdConsole({
        read: (onText, signal) => source(machine, onText, signal),
        say,
        secrets: Object.entries(machine.parameters).flatMap(([name, value]) => (isSecret(name) ? [value] : [])),
        signal: ended.signal,
        retryMs,
      }),
    );
    this.#held.set(systemId, { machine, ended, done });
  }

  #release(systemId: string, { ended, done }: Held): void {
    this.#held.delete(systemId);
    ended.abort();
    const closed = done.finally(() => {
      if (this.#closing.get(systemId) === closed) this.#closing.delete(systemId);
    });
    this.#closing.set(systemId, closed);
  }
}

/** Names of the parameters whose values are never said. */
const isSecret = (name: string): boolean => /pass|k_g|token|secret/i.test(name);
