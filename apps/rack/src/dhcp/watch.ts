/** Looks now and then for DHCP servers on the rack's networks that are not this rack: they give machines addresses that boot nothing. */
import type { RackInterface } from "@rackwright/contract/rack-protocol";
import type { BootLog } from "../boot-files.ts";
import { probeDhcp, type ProbedInterface } from "./probe.ts";

export interface DhcpWatchOptions {
  interfaces(): RackInterface[];
  /** Servers that answered on one interface; without this rack's own addresses. */
  report(found: { interface: string; servers: string[] }): Promise<unknown>;
  log: BootLog;
  probe?: (on: ProbedInterface, options: { signal: AbortSignal }) => Promise<string[]>;
  everyMs?: number;
  /** Between two looks, however often one is asked for. */
  restMs?: number;
}

export interface DhcpWatch {
  /** Look now: something was seen that another server would explain. */
  look(): void;
  stop(): Promise<void>;
}

const EVERY_MS = 10 * 60_000;
const REST_MS = 30_000;

export function startDhcpWatch(options: DhcpWatchOptions): DhcpWatch {
  const { log, probe = probeDhcp, everyMs = EVERY_MS, restMs = REST_MS } = options;
  const ending = new AbortController();
  const { signal } = ending;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> | undefined;
  let lastAt = Number.NEGATIVE_INFINITY;
  let complained = "";

  const all = async (): Promise<void> => {
    const interfaces = options.interfaces();
    const own = new Set(interfaces.flatMap((i) => ipv4(i)));
    for (const on of interfaces) {
      const [address] = ipv4(on);
      if (address === undefined) continue;
      const found = await probe({ mac: on.mac, address }, { signal });
      await options.report({ interface: on.name, servers: found.filter((server) => !own.has(server)) });
    }
  };
  const run = (): void => {
    clearTimeout(timer);
    lastAt = performance.now();
    running ??= all()
      .then(() => {
        complained = "";
      })
      .catch((error: unknown) => {
        if (signal.aborted || String(error) === complained) return;
        complained = String(error);
        log.warn({ err: error }, "cannot look for other DHCP servers: trying again later");
      })
      .finally(() => {
        running = undefined;
        if (!signal.aborted) timer = setTimeout(run, everyMs);
      });
  };

  return {
    look() {
      if (signal.aborted || running) return;
      const wait = lastAt + restMs - performance.now();
      if (wait <= 0) return run();
      clearTimeout(timer);
      timer = setTimeout(run, wait);
    },
    async stop() {
      ending.abort();
      clearTimeout(timer);
      await running;
    },
  };
}

const ipv4 = ({ addresses }: RackInterface): string[] =>
  addresses.flatMap((cidr) => (cidr.includes(":") ? [] : (cidr.split("/")[0] ?? [])));
