/** Scans of the rack's networks: one at a time, told as hosts answer, chunk by chunk, so that the kernel's table of neighbours holds. */
import { setTimeout as sleep } from "node:timers/promises";
import type { RackInterface, RackMethods } from "@rackwright/contract/rack-protocol";
import { parseCidr } from "@rackwright/domain/addressing/ip";
import { addressesOf, type ScanTarget, scanTargets } from "@rackwright/domain/discovery/targets";
import { DomainError } from "@rackwright/domain/errors";
import type { BootLog } from "../boot-files.ts";
import { askByArp, canPing, ping } from "./ask.ts";
import { type Neighbour, neighbours } from "./neighbours.ts";

/** gc_thresh1 of net.ipv4.neigh is 128 where nobody changed it: the kernel forgets none of so few. */
const CHUNK = 128;
/** What nmap is told where it is to be slow: packets in a second. */
const SLOW_PER_SECOND = 9;
const THREADS = 16;
const LOOK_EVERY_MS = 300;
/** Three requests, a second apart (mcast_solicit, retrans_time). */
const ANSWER_MS = 3_500;
/** As above, after delay_first_probe_time (5 s): for what was heard of before. */
const HEARD_BEFORE_MS = 9_000;
/** A /16 takes half of it. Nobody else can scan meanwhile. */
const LONGEST_MS = 3600_000;

type Request = RackMethods["scanNetworks"]["params"];
export interface Seen {
  interface: string;
  ip: string;
  mac: string;
}

export interface ScannerOptions {
  interfaces(): RackInterface[];
  report(seen: Seen[]): Promise<unknown>;
  log: BootLog;
}

export class Scanner {
  readonly #options: ScannerOptions;
  readonly #ending = new AbortController();
  #running: Promise<void> | undefined;

  constructor(options: ScannerOptions) {
    this.#options = options;
  }

  /**
   * Returns when it has begun, with the interfaces that it goes out of.
   * @throws DomainError conflict while another one runs; bad_request without the program it needs
   */
  async start(request: Request): Promise<string[]> {
    const asked = request.cidrs.flatMap((text) => parseCidr(text) ?? []);
    const targets = scanTargets(this.#options.interfaces(), asked);
    if (targets.length === 0) return [];
    if (request.alwaysUsePing && !(await canPing()))
      throw new DomainError("bad_request", "there is no program ping: install iputils-ping, or scan without it");
    if (this.#running) throw new DomainError("conflict", "a scan is running already: try again when it is done");
    this.#running = this.#scan(targets, request).finally(() => (this.#running = undefined));
    return [...new Set(targets.map((target) => target.interface))];
  }

  /** Resolves when no scan runs. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async stop(): Promise<void> {
    this.#ending.abort(new Error("the rack is stopping"));
    await this.#running;
  }

  async #scan(targets: readonly ScanTarget[], request: Request): Promise<void> {
    const signal = AbortSignal.any([this.#ending.signal, AbortSignal.timeout(LONGEST_MS)]);
    for (const target of targets)
      try {
        for (const chunk of chunks(addressesOf(target), request)) {
          const found = request.alwaysUsePing
            ? await byPing(target, chunk, request, signal)
            : await byArp(target, chunk, signal);
          if (found.length > 0) await this.#options.report(found);
          if (request.slow) await sleep(1000, undefined, { signal });
        }
      } catch (error) {
        if (this.#ending.signal.aborted) return;
        this.#options.log.warn(
          { err: error, interface: target.interface },
          "a network could not be scanned to its end",
        );
        if (signal.aborted) return;
      }
  }
}

function* chunks(addresses: readonly string[], { slow }: Request): Generator<string[]> {
  const size = slow ? SLOW_PER_SECOND : CHUNK;
  for (let at = 0; at < addresses.length; at += size) yield addresses.slice(at, at + size);
}

async function byArp(target: ScanTarget, addresses: readonly string[], signal: AbortSignal): Promise<Seen[]> {
  const known = await neighbours(target.interface, signal);
  await askByArp(target.from, addresses);
  const started = performance.now();
  for (;;) {
    await sleep(LOOK_EVERY_MS, undefined, { signal });
    const table = await neighbours(target.interface, signal);
    const took = performance.now() - started;
    const waiting = addresses.some((ip) => {
      const heard = known.get(ip)?.mac !== undefined;
      return table.get(ip)?.state === "pending" && took < (heard ? HEARD_BEFORE_MS : ANSWER_MS);
    });
    if (!waiting) return seen(target, addresses, table);
  }
}

/** Those that answered have their MAC address in the table, whatever its state is by now. */
async function byPing(
  target: ScanTarget,
  addresses: readonly string[],
  { threads }: Request,
  signal: AbortSignal,
): Promise<Seen[]> {
  const alive: string[] = [];
  const queue = [...addresses];
  const worker = async () => {
    for (let ip = queue.shift(); ip !== undefined; ip = queue.shift()) {
      signal.throwIfAborted();
      if (await ping(target.from, ip, signal)) alive.push(ip);
    }
  };
  await Promise.all(Array.from({ length: Math.min(threads ?? THREADS, addresses.length) }, worker));
  const table = await neighbours(target.interface, signal);
  return alive.flatMap((ip) => {
    const mac = table.get(ip)?.mac;
    return mac === undefined ? [] : [{ interface: target.interface, ip, mac }];
  });
}

function seen(target: ScanTarget, addresses: readonly string[], table: ReadonlyMap<string, Neighbour>): Seen[] {
  return addresses.flatMap((ip) => {
    const { state, mac } = table.get(ip) ?? {};
    return state === "reachable" && mac !== undefined ? [{ interface: target.interface, ip, mac }] : [];
  });
}
