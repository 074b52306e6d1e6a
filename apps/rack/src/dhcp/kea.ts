import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { renderKeaConfig, type KeaBootstrap } from "@rackwright/domain/dhcp/bootstrap";
import { DomainError } from "@rackwright/domain/errors";
import { startChild, type KeaChild } from "./child.ts";
import { keaCommand, type KeaReply } from "./control.ts";
import { existingInterfaces, findKea, keaAccount } from "./install.ts";
import type { DhcpEvidence, KeaLogLine } from "./log.ts";
import { writePrivate } from "./private-file.ts";

/** What the rack decides. Interfaces that do not exist are left out until `reconfigure` or a restart finds them. */
export type KeaWanted = Omit<KeaBootstrap, "controlSocket" | "hooksDir">;

export interface KeaOptions {
  /** A directory for Kea's files alone: configuration, socket, pid files. The path plus 16 bytes must fit a socket name (107 bytes). */
  directory: string;
  wanted: KeaWanted;
  onEvidence?: (evidence: DhcpEvidence) => void;
  onLog?: (line: KeaLogLine) => void;
}

export interface KeaStatus {
  state: "serving" | "starting" | "waiting" | "stopped";
  pid: number | undefined;
  restarts: number;
  /** Of the running configuration. */
  interfaces: string[];
  /** The last error or fatal line, or how the last child ended. */
  lastError: string | undefined;
}

export interface Kea {
  /** Resolves when Kea answers commands. */
  ready(timeoutMs?: number): Promise<void>;
  /** Read what the region wrote: networks, subnets, options. Reservations need no pull. */
  pull(): Promise<void>;
  /** @returns false when there was no such lease */
  deleteLease(ip: string): Promise<boolean>;
  status(): KeaStatus;
  setInterfaces(interfaces: readonly string[]): Promise<void>;
  /** Change what is in the file. Costs a `config-set`, in which some packets are lost; nothing happens when the file would be the same. */
  reconfigure(change: Partial<KeaWanted>): Promise<void>;
  stop(): Promise<void>;
}

const READY_MS = 10_000;
const CONNECTION_LOST = /fatal database error or connectivity lost|no connection/i;
/** Half of the bootstrap file's reconnect-wait-time. */
const RECONNECT_MS = 250;

/**
 * Supervise one kea-dhcp4. Returns when it has been started once; it keeps being started whatever happens, for example while PostgreSQL is
 * down. @throws DomainError `rack_unavailable` when Kea is not installed
 */
export async function startKea(options: KeaOptions): Promise<Kea> {
  const install = await findKea();
  const account = await keaAccount();
  const directory = resolve(options.directory);
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const controlSocket = `${directory}/kea4.sock`;
  const configFile = `${directory}/kea-dhcp4.json`;
  let wanted = options.wanted;
  /** Text and interfaces of the file on disk: the last configuration that Kea accepted or was started with. */
  let current = { text: "", interfaces: [] as string[] };

  const render = async (from: KeaWanted) => {
    const existing = await existingInterfaces();
    const interfaces = from.interfaces.filter((name) => existing.includes(name));
    return { text: renderKeaConfig({ ...from, interfaces, controlSocket, hooksDir: install.hooksDir }), interfaces };
  };
  const save = async (next: typeof current) => {
    await writePrivate(configFile, next.text, account);
    current = next;
  };

  const child: KeaChild = await startChild({
    binary: install.binary,
    directory,
    configFile,
    controlSocket,
    account,
    beforeStart: async () => save(await render(wanted)),
    ...(options.onEvidence ? { onEvidence: options.onEvidence } : {}),
    ...(options.onLog ? { onLog: options.onLog } : {}),
  });

  // One command at a time: Kea serves no packets during one, and a pull must not meet a half-set configuration.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = last.then(work, work);
    last = mine.catch(() => undefined);
    return mine;
  };
  const command = async (name: string, args?: object): Promise<KeaReply> => {
    await child.ready(READY_MS);
    return await keaCommand(controlSocket, name, args);
  };

  const apply = async (change: Partial<KeaWanted>): Promise<void> => {
    const candidate = { ...wanted, ...change };
    const next = await render(candidate);
    if (next.text !== current.text) {
      // A test does not look for new interfaces, only a set does: so it is made with those that Kea knows.
      const known = await render({ ...candidate, interfaces: current.interfaces });
      const test = await command("config-test", JSON.parse(known.text) as object);
      if (test.result !== 0) throw refused("config-test", test);
      const set = await command("config-set", JSON.parse(next.text) as object);
      if (set.result !== 0) {
        // Kea has closed its sockets by now and stays deaf until a configuration is accepted.
        const reload = await command("config-reload");
        // Not even that: the database holds what Kea cannot read, or is away. Starting anew is repeated until it is right.
        if (reload.result !== 0) child.restart();
        throw refused("config-set", set);
      }
      await save(next);
    }
    wanted = candidate;
  };

  return {
    ready: async (timeoutMs = READY_MS) => child.ready(timeoutMs),
    pull: async () =>
      inTurn(async () => {
        const until = performance.now() + READY_MS;
        let reply = await command("config-backend-pull");
        // After an outage of PostgreSQL Kea notices only now that this connection of its three is broken, and renews it.
        while (reply.result !== 0 && CONNECTION_LOST.test(reply.text) && performance.now() < until) {
          await delay(RECONNECT_MS);
          reply = await command("config-backend-pull");
        }
        if (reply.result !== 0) throw refused("config-backend-pull", reply);
      }),
    deleteLease: async (ip) =>
      inTurn(async () => {
        const reply = await command("lease4-del", { "ip-address": ip });
        if (reply.result === 1 || reply.result === 2) throw refused(`lease4-del of ${ip}`, reply);
        return reply.result === 0;
      }),
    status: () => ({ ...child.status(), interfaces: [...current.interfaces] }),
    setInterfaces: async (interfaces) => inTurn(async () => apply({ interfaces: [...interfaces] })),
    reconfigure: async (change) => inTurn(async () => apply(change)),
    stop: async () => child.stop(),
  };
}

function refused(what: string, reply: KeaReply): DomainError {
  const text = reply.text.replace(/ ?Statement is <.*$/s, ""); // two kilobytes of SQL
  return new DomainError(
    "rack_unavailable",
    `the DHCP server refused ${what}: ${text}. It goes on with its earlier configuration.`,
  );
}
