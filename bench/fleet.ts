/**
 * Emulated machines at once on one controller, from enlisting to release: how long each part took, how long a signal took there and back,
 * how much processor time and memory controller, PostgreSQL and machines needed. The machines are played by this process, on the same
 * processors; their requests wait in a line of their own, which is no part of a signal's time.
 * usage: node bench/fleet.ts [MACHINES] [SPEED] [REQUESTS AT ONCE]
 */
import { readdirSync, readFileSync } from "node:fs";
import { loadavg } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { upRoom } from "@rackwright/controller/up-process";
import { Fleet } from "@rackwright/testkit/fleet/fleet";
import { RegionApi } from "@rackwright/testkit/fleet/region-api";
import { until } from "@rackwright/testkit/until";

const count = Number(process.argv[2] ?? 1000);
const speed = Number(process.argv[3] ?? 10);
/** More of them make nothing faster, and each of them slower: this many keep two processors busy (three times as many: the same throughput). */
const requests = Number(process.argv[4] ?? 8);
/** Of the whole; what is not through by then is stuck. */
const LIMIT_MS = 30 * 60_000;

interface Machine {
  system_id: string;
  status_name: string;
  status_message: string;
}

const quantile = (sorted: readonly number[], q: number): number =>
  Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN);

/** MiB. VmHWM of proc(5): the most that was ever in memory. */
function peakMib(pid: number): number {
  const kib = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Math.round(Number(kib) / 1024);
}

/** MiB of a process tree now, shared pages counted once: Pss of proc(5). */
function treeMib(root: number): number {
  const kib = treeOf(root).map((pid) => {
    try {
      return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1] ?? 0);
    } catch {
      return 0; // it has ended
    }
  });
  return Math.round(kib.reduce((sum, one) => sum + one, 0) / 1024);
}

/** Fields of proc_pid_stat(5) after the name. */
const statOf = (pid: number): string[] =>
  readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];

function treeOf(root: number): number[] {
  const children = readdirSync("/proc")
    .map(Number)
    .filter((pid) => {
      try {
        return pid > 0 && Number(statOf(pid)[1]) === root;
      } catch {
        return false;
      }
    });
  return [root, ...children];
}

const TICKS_A_SECOND = 100;
/** Seconds of processor time: its own, of living children, of children that have ended. */
function processorSeconds(root: number, children: boolean): number {
  const [, ...living] = children ? treeOf(root) : [root];
  const spent = (pid: number, ...fields: number[]) => {
    try {
      const stat = statOf(pid);
      return fields.reduce((sum, field) => sum + Number(stat[field]), 0) / TICKS_A_SECOND;
    } catch {
      return 0;
    }
  };
  const [utime, stime, cutime, cstime] = [11, 12, 13, 14];
  const own = children ? spent(root, utime, stime, cutime, cstime) : spent(root, utime, stime);
  return living.reduce((sum, pid) => sum + spent(pid, utime, stime), own);
}

const began = performance.now();
const ending = new AbortController();
await using room = upRoom();
const up = await room.up(["--simulated", "--log-level", "warn"]);
const api = new RegionApi(up.url, up.api_key);
const bootUrl = await until(() => api.bootUrl(), { what: "a rack" });
const fleet = new Fleet({ api, bootUrl, speed, requests, faults: [], signal: ending.signal, tell: console.error });
const postgres = room.postgresPid();
let postgresMib = 0;
const watching = setInterval(() => (postgresMib = Math.max(postgresMib, treeMib(postgres))), 5000);
const spent = () => [
  processorSeconds(up.pid, false),
  processorSeconds(postgres, true),
  processorSeconds(process.pid, false),
];
const playing = fleet.play();

const list = (filter: string) => api.call("GET", `machines/?${filter}`) as Promise<Machine[]>;
/** How many machines are not `status`. A number alone: reading them all would be a good part of what is measured. */
async function lateFor(status: string): Promise<number> {
  const path = `machines/?op=search_counts&by=status&filter=${encodeURIComponent(`-status:${status}`)}`;
  return ((await api.call("GET", path)) as { total: number }).total;
}

async function phase(name: string, status: string, work: () => Promise<unknown>): Promise<void> {
  const start = performance.now();
  const before = fleet.signalMs.length;
  const spentBefore = spent();
  await work();
  for (;;) {
    const late = await lateFor(status);
    if (late === 0) break;
    if (performance.now() - began > LIMIT_MS) {
      for (const machine of (await list(`not_status=${status}`)).slice(0, 10))
        console.error(`${machine.system_id}: ${machine.status_name}: ${machine.status_message}`);
      throw new Error(`${late} of ${count} machines are stuck: ${name}`);
    }
    await sleep(300);
  }
  const took = fleet.signalMs.slice(before).sort((a, b) => a - b);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const [controller, database, machines] = spent().map((now, i) => (now - (spentBefore[i] ?? 0)).toFixed(0));
  const signals = took.length === 0 ? "" : `, p50 ${quantile(took, 0.5)} ms, p99 ${quantile(took, 0.99)} ms`;
  console.log(
    `${name.padEnd(11)} ${seconds.padStart(6)} s, ${took.length} signals${signals}; processor: controller ${controller} s, PostgreSQL ${database} s, machines ${machines} s; load ${loadavg()[0]?.toFixed(1)}`,
  );
}

/** So many calls of an administrator at once. */
async function forAll(ids: readonly string[], call: (id: string) => Promise<unknown>): Promise<void> {
  const waiting = [...ids];
  const worker = async () => {
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) await call(id);
  };
  await Promise.all(Array.from({ length: 16 }, worker));
}

try {
  console.log(
    `${count} machines, ${speed} times as fast as real ones, ${requests} requests at once, load ${loadavg()[0]?.toFixed(1)}`,
  );
  const mac = (i: number) =>
    `0a:be:${[24, 16, 8, 0].map((bits) => ((i >> bits) & 255).toString(16).padStart(2, "0")).join(":")}`;
  await phase("enlist", "new", () => Promise.all(Array.from({ length: count }, (_, i) => fleet.enlist(mac(i)))));
  const ids = (await list("")).map(({ system_id }) => system_id);
  if (ids.length !== count) throw new Error(`${ids.length} of ${count} machines were enlisted`);
  await phase("commission", "ready", () => forAll(ids, (id) => api.call("POST", `machines/${id}/?op=commission`)));
  await phase("deploy", "deployed", () =>
    forAll(ids, async (id) => {
      await api.call("POST", "machines/?op=allocate", [["system_id", id]]);
      await api.call("POST", `machines/${id}/?op=deploy`);
    }),
  );
  await phase("release", "ready", () =>
    forAll(ids, (id) => api.call("POST", "machines/?op=release", [["machines", id]])),
  );
  const all = fleet.signalMs.toSorted((a, b) => a - b);
  const wall = ((performance.now() - began) / 1000).toFixed(1);
  console.log(`all ${wall} s, ${all.length} signals, p50 ${quantile(all, 0.5)} ms, p99 ${quantile(all, 0.99)} ms`);
  console.log(
    `at most in memory: controller ${peakMib(up.pid)} MiB, PostgreSQL ${postgresMib} MiB, machines ${peakMib(process.pid)} MiB`,
  );
} finally {
  clearInterval(watching);
  ending.abort();
  await playing;
}
