/** Lives of emulated machines while processes are killed; counted at the end. */
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { inspect } from "node:util";
import type { UpRoom } from "@rackwright/controller/up-process";
import { survey } from "@rackwright/db/testing/survey";
import { Gate } from "@rackwright/testkit/fleet/gate";
import type { World } from "@rackwright/testkit/fleet/machine";
import { until } from "@rackwright/testkit/until";
import { type Bmc, Bmcs } from "./bmcs.ts";
import { Client } from "./client.ts";
import { Follower } from "./follower.ts";
import { live, phases, Unfulfilled } from "./life.ts";
import { planKills, type Victim, victims } from "./plan.ts";
import { wrongOrders } from "./power-journal.ts";
import { type Kills, startRoom } from "./room.ts";

export interface KillOptions {
  seed: string;
  kills: number;
  machines: number;
  /** Mean time between two kills. */
  everyMs: number;
  /** Times as fast as real machines. */
  speed: number;
  /** Of one phase of one machine. */
  limitMs: number;
  log: (line: string) => void;
  /** A directory for what the processes say. */
  logs?: string;
  /** Breaks the run off. */
  signal?: AbortSignal;
}

export interface Counted {
  kills: Record<Victim, number>;
  released: number;
  seconds: number;
  starts: { controller: number; rack: number };
  unanswered: number;
  broken: Map<string, number>;
  orders: number;
  ordersWithoutEffect: number;
  changes: number;
  /** What must not be, by kind: empty when all is well. */
  wrong: Record<string, string[]>;
}

/** Everything a killed process may still have in hand shows within so long. */
const QUIET_MS = 5000;
/** From a kill until everything serves again, with two processors for it alone. */
const USUAL_START_MS = 2500;
const QUEUE_LIMIT_MS = 60_000;

/** @throws what kept the run from its end, after it was logged; all processes have ended then */
export async function killRun(room: UpRoom, options: KillOptions): Promise<Counted> {
  const { seed, machines, log, speed } = options;
  const began = performance.now();
  const at = () => ((performance.now() - began) / 1000).toFixed(1).padStart(6);
  const say = (line: string) => log(`${at()} s  ${line}`);
  const plan = planKills(options);
  const processes = await startRoom(room, { log: say, logs: options.logs });
  const bmcs = new Bmcs(seed);
  await bmcs.listen();
  const ending = new AbortController();
  const { signal } = ending;
  options.signal?.addEventListener("abort", () => ending.abort(options.signal?.reason));
  const { promise: broken, reject: breakOff } = Promise.withResolvers<never>();
  broken.catch(() => undefined);
  signal.addEventListener("abort", () => breakOff(signal.reason));
  const client = new Client(processes.url, processes.apiKey, signal);
  const follower = new Follower(client);
  const world: World = {
    bootUrl: processes.bootUrl,
    speed,
    gate: new Gate(64),
    onSignal: () => {},
    onEnlisted: async () => {},
    tell: (machine, text) => say(`${machine.mac}: ${text}`),
  };
  const wrong: Record<string, string[]> = {
    lost: [],
    stuck: [],
    failed: [],
    "power wrong": [],
    "addresses doubled": [],
    "changes missed": [],
    "changes repeated": [],
    "jobs left": [],
    "power actions left": [],
    "ended unasked": processes.unwanted,
    "processes left": [],
  };
  const blame = (kind: string, text: string) => {
    say(`${kind}: ${text}`);
    wrong[kind]?.push(text);
  };
  const held = new Map<string, string>();
  let released = 0;
  const lead = async (bmc: Bmc) => {
    try {
      await live({
        client,
        follower,
        bmc,
        limitMs: options.limitMs,
        held,
        onDuplicate: (text) => blame("addresses doubled", text),
      });
      released++;
    } catch (error) {
      if (signal.aborted) return; // its end says nothing about it
      const kind = error instanceof Unfulfilled ? error.kind : "failed";
      blame(kind, error instanceof Error ? error.message : String(error));
      bmc.phase = "given up";
      for (const { at, wanted, did, doing, phase } of bmc.orders)
        say(`  ${new Date(at).toISOString()} order in ${phase}: ${wanted}${did ? "" : " without effect"} (${doing})`);
      if (error instanceof Unfulfilled && error.systemId !== undefined)
        for (const { at, source, text } of await client.timeline(error.systemId)) say(`  ${at} ${source}: ${text}`);
    }
  };
  const all = Array.from({ length: machines }, (_, i) => bmcs.add(i, world, signal));
  const kills = Object.fromEntries(victims.map((victim) => [victim, 0])) as Record<Victim, number>;
  try {
    options.signal?.throwIfAborted();
    // So that "stuck" shows soon.
    await client.ask("POST", "maas/?op=set_config", { name: "node_timeout", value: "3" });
    follower.follow();
    // By the number of kills that must be past.
    const waiting = all.map((bmc, i) => ({ bmc, after: plan.pluggedInAfter[i] ?? 0 }));
    const lives: Promise<void>[] = [];
    const plugIn = (killed: number) => {
      while (waiting[0] && waiting[0].after <= killed) lives.push(lead(waiting.shift()!.bmc));
    };
    for (const [index, { victim, whenServing, afterMs }] of plan.kills.entries()) {
      plugIn(index);
      // On a host that is busy with other things machines get as much further between two kills as on an idle one.
      const slowness = whenServing
        ? Math.max(1, (await Promise.race([processes.serving(), broken])) / USUAL_START_MS)
        : 1;
      await sleep(afterMs * slowness, undefined, { signal });
      say(`kill -9 ${victim} (${released} of ${machines} through)`);
      processes.kill(victim);
      kills[victim]++;
    }
    plugIn(Number.POSITIVE_INFINITY);
    say("no more kills");
    await Promise.race([Promise.all(lives), broken]);
    say("all lives are over");
    await sleep(QUIET_MS, undefined, { signal });
    const left = await settled(processes);
    wrong["jobs left"]?.push(...left.jobs);
    wrong["power actions left"]?.push(...left.powerActions);
    wrong["addresses doubled"]?.push(...left.duplicates);
    if (left.machines !== machines) blame("lost", `${machines} machines were plugged in, ${left.machines} are known`);
    judgePower(all, blame);
    await follower.finish();
    ending.abort(new Error("all is over"));
    judgeChanges(follower.read, left.changes, blame);
  } catch (error) {
    // Before anything is ended: that may take its time.
    say(`broken off: ${inspect(error)}\n${processes.tails()}`);
    throw error;
  } finally {
    ending.abort(new Error("all is over"));
    bmcs.close();
    for (const what of await processes.stop()) blame("processes left", what);
  }
  const orders = all.flatMap((bmc) => bmc.orders);
  return {
    kills,
    released,
    seconds: Math.round((performance.now() - began) / 1000),
    starts: processes.starts(),
    unanswered: client.unanswered,
    broken: client.broken,
    orders: orders.length,
    ordersWithoutEffect: orders.filter((order) => !order.did).length,
    changes: follower.read.length,
    wrong,
  };
}

/** The database, when no job is on its way any more; or as it is when that takes too long. */
async function settled({ postgres }: Kills) {
  const look = async () => {
    const password = (await readFile(postgres.passwordFile, "utf8")).trim();
    return survey({ host: postgres.socketDir, user: "rackwright", password, database: "rackwright" });
  };
  const quiet = async () => {
    const found = await look().catch(() => undefined);
    return found && found.jobs.length + found.powerActions.length === 0 ? found : undefined;
  };
  return until(quiet, { timeoutMs: QUEUE_LIMIT_MS, everyMs: 1000 }).catch(look);
}

function judgePower(all: readonly Bmc[], blame: (kind: string, text: string) => void): void {
  for (const { machine, orders, foundOn } of all)
    for (const [phase, given] of Object.entries(phases)) {
      const wish = given === "cycle" && foundOn.has(phase) ? "cycle or none" : given;
      const mine = orders.filter((order) => order.phase === phase);
      if (orders.some((order) => order.phase === "given up")) continue; // counted already
      for (const what of wrongOrders(mine, wish)) blame("power wrong", `${machine.mac} (${phase}): ${what}`);
    }
}

function judgeChanges(read: readonly string[], there: readonly string[], blame: (kind: string, text: string) => void) {
  const seen = new Set<string>();
  for (const place of read) {
    if (seen.has(place)) blame("changes repeated", place);
    seen.add(place);
  }
  // Whatever is written behind the reader's last page is not missed.
  const upTo = there.indexOf(read.at(-1) ?? "");
  for (const place of there.slice(0, upTo + 1)) if (!seen.has(place)) blame("changes missed", place);
}
