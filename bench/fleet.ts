/**
 * Emulated machines at once on one controller, from enlisting to release: how long each part took, how long a signal took there and back,
 * how much memory the controller needed at most. The machines are played by this process, on the same processors.
 * usage: node bench/fleet.ts [MACHINES] [SPEED]
 */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { upRoom } from "@rackwright/controller/up-process";
import { Fleet } from "@rackwright/testkit/fleet/fleet";
import { RegionApi } from "@rackwright/testkit/fleet/region-api";
import { until } from "@rackwright/testkit/until";

const count = Number(process.argv[2] ?? 1000);
const speed = Number(process.argv[3] ?? 10);
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

const began = performance.now();
const ending = new AbortController();
await using room = upRoom();
const up = await room.up(["--simulated", "--log-level", "warn"]);
const api = new RegionApi(up.url, up.api_key);
const bootUrl = await until(() => api.bootUrl(), { what: "a rack" });
const fleet = new Fleet({ api, bootUrl, speed, faults: [], signal: ending.signal, tell: console.error });
const playing = fleet.play();

const list = (filter: string) => api.call("GET", `machines/?${filter}`) as Promise<Machine[]>;

async function phase(name: string, statuses: string[], work: () => Promise<unknown>): Promise<void> {
  const start = performance.now();
  const before = fleet.signalMs.length;
  await work();
  for (;;) {
    const late = await list(statuses.map((status) => `not_status=${status}`).join("&"));
    if (late.length === 0) break;
    if (performance.now() - began > LIMIT_MS) {
      for (const machine of late.slice(0, 10))
        console.error(`${machine.system_id}: ${machine.status_name}: ${machine.status_message}`);
      throw new Error(`${late.length} of ${count} machines are stuck: ${name}`);
    }
    await sleep(late.length > 100 ? 2000 : 300);
  }
  const took = fleet.signalMs.slice(before).sort((a, b) => a - b);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(
    `${name.padEnd(12)} ${seconds.padStart(7)} s  signals ${String(took.length).padStart(6)}  p50 ${quantile(took, 0.5)} ms  p99 ${quantile(took, 0.99)} ms`,
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
  console.log(`${count} machines, ${speed} times as fast as real ones`);
  const mac = (i: number) =>
    `0a:be:${[24, 16, 8, 0].map((bits) => ((i >> bits) & 255).toString(16).padStart(2, "0")).join(":")}`;
  await phase("enlist", ["new"], () => Promise.all(Array.from({ length: count }, (_, i) => fleet.enlist(mac(i)))));
  const ids = (await list("")).map(({ system_id }) => system_id);
  if (ids.length !== count) throw new Error(`${ids.length} of ${count} machines were enlisted`);
  await phase("commission", ["ready"], () => forAll(ids, (id) => api.call("POST", `machines/${id}/?op=commission`)));
  await phase("deploy", ["deployed"], () =>
    forAll(ids, async (id) => {
      await api.call("POST", "machines/?op=allocate", [["system_id", id]]);
      await api.call("POST", `machines/${id}/?op=deploy`);
    }),
  );
  await phase("release", ["ready"], () =>
    forAll(ids, (id) => api.call("POST", "machines/?op=release", [["machines", id]])),
  );
  const all = fleet.signalMs.toSorted((a, b) => a - b);
  const wall = ((performance.now() - began) / 1000).toFixed(1);
  console.log(`all ${wall} s, ${all.length} signals, p50 ${quantile(all, 0.5)} ms, p99 ${quantile(all, 0.99)} ms`);
  console.log(`controller at most ${peakMib(up.pid)} MiB in memory, this process ${peakMib(process.pid)} MiB`);
} finally {
  ending.abort();
  await playing;
}
