/** The measured side of machines-read.ts: a region that says of itself how much memory it took, and how long it was deaf. */
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { MachinesPage } from "@rackwright/contract/objects/machine-search";
import { machines } from "@rackwright/contract/resources/machines";
import { addManyMachines } from "@rackwright/db/testing/many-machines";
import { allRoutes } from "@rackwright/region/api/routes";
import { wireMachine } from "@rackwright/region/api/wire/machine";
import { searchMachines } from "@rackwright/region/app/machine-view";
import { jsonText } from "@rackwright/region/http/reply";
import { testRegion } from "@rackwright/region/testing/region";
import { until } from "@rackwright/testkit/until";
import { plaintextHeader } from "@rackwright/region/testing/request";

export type Command =
  | { do: "seed"; machines: number }
  | { do: "begin"; kind: "streamed" | "in one piece" }
  | { do: "end" }
  /** Wait until all that was made is kept. */
  | { do: "settle" }
  | { do: "search"; calls: number }
  | { do: "stop" };

/** Milliseconds. `plain`: half of the times, of a handler that loads and encodes those machines as they are. */
export interface Search {
  what: string;
  rows: number;
  p50: number;
  p99: number;
  worst: number;
  plain: number;
}

export interface Reply {
  url?: string;
  headers?: Record<string, string>;
  peakMib?: number;
  stallMs?: number;
  searches?: Search[];
}

const t = await testRegion();
const delay = monitorEventLoopDelay({ resolution: 2 });
/** What GET /machines/ was before it was streamed. */
const plain = createServer((_request, reply) => {
  void searchMachines(t.admin.ctx, {}).then((views) => {
    reply.writeHead(200, { "content-type": "application/json" }).end(jsonText(views.map(wireMachine)));
  });
}).listen(0, "127.0.0.1");

const statusMib = (field: string) =>
  Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync("/proc/self/status", "utf8"))?.[1]) / 1024;

/** Filters that people type: common and rare, by each kind of index; and one page far back. */
const searches: { filter: string; sort?: string; from?: number }[] = [
  { filter: "" },
  { filter: "", from: 0.6 },
  { filter: "", sort: "-since" },
  { filter: "status:ready" },
  { filter: "status:deployed mem:>=64G -tag:tag-3" },
  { filter: "tag:=tag-3 pool:pool-2" },
  { filter: "zone:(zone-1,zone-2) cpu:>=16", sort: "cpu" },
  { filter: "owner:=owner-3", sort: "-since" },
  { filter: "host" },
  { filter: "host-0077" },
  { filter: "host-007777" },
  { filter: "10.7.1.23" },
  { filter: "SN1234" },
  { filter: "no-such-machine" },
];

const at = (times: readonly number[], q: number) =>
  times.toSorted((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * q))] ?? Number.NaN;

/** The first ones, which prepare statements, are not counted. */
async function timesOf(calls: number, call: () => Promise<string>): Promise<number[]> {
  const times: number[] = [];
  for (let i = -10; i < calls; i++) {
    const began = performance.now();
    await call();
    if (i >= 0) times.push(performance.now() - began);
  }
  return times;
}

async function search(calls: number): Promise<Search[]> {
  const bound = allRoutes().get(machines.actions.search);
  const results: Search[] = [];
  for (const { filter, sort = "name", from } of searches) {
    const params: Record<string, unknown> = { filter, sort };
    const count = (await t.db.pool.query<{ n: number }>("select count(*)::int as n from node")).rows[0]?.n ?? 0;
    if (from !== undefined) {
      const offset = `select lower(hostname) as name, id from node order by lower(hostname) collate "C" offset ${Math.floor(count * from)} limit 1`;
      const [place] = (await t.db.pool.query<{ name: string; id: number }>(offset)).rows;
      params.after = `name:${place?.id}:${place?.name}`;
    }
    const page = async () => (await bound?.handler({ ctx: t.admin.ctx, params } as never)) as MachinesPage;
    const times = await timesOf(calls, async () => jsonText(await page()));
    const names = (await page()).machines.map((m) => m.system_id);
    const plain = await timesOf(Math.min(calls, 50), async () => {
      const views = names.length === 0 ? [] : await searchMachines(t.admin.ctx, { id: names });
      return jsonText(views.map(wireMachine));
    });
    const what = `${JSON.stringify(filter)}${sort === "name" ? "" : ` by ${sort}`}${from === undefined ? "" : ", from the middle"}`;
    const [p50, p99, worst] = [at(times, 0.5), at(times, 0.99), at(times, 1)];
    results.push({ what, rows: names.length, p50, p99, worst, plain: at(plain, 0.5) });
  }
  return results;
}

async function nothingKept(): Promise<number> {
  const { rows } = await t.db.pool.query<{ n: number }>(
    "select count(*)::int as n from machine_label l where not exists (select from machine_document d where d.node_id = l.node_id and d.label = l.label)",
  );
  return rows[0]?.n ?? 0;
}

let seeded = 0;
async function obey(command: Command): Promise<Reply> {
  switch (command.do) {
    case "seed":
      await addManyMachines(t.db, command.machines, seeded++ === 0 ? "host" : "more");
      return {};
    case "begin": {
      // 5: forget the peak (proc(5), clear_refs).
      writeFileSync("/proc/self/clear_refs", "5");
      delay.enable();
      delay.reset();
      const timestamp = Math.floor(Date.now() / 1000);
      const headers = { authorization: plaintextHeader(t.admin.token, { timestamp }) };
      const plainUrl = `http://127.0.0.1:${(plain.address() as AddressInfo).port}/`;
      return { url: command.kind === "streamed" ? `${t.url}/MAAS/api/2.0/machines/` : plainUrl, headers };
    }
    case "end":
      delay.disable();
      return { peakMib: statusMib("VmHWM"), stallMs: delay.max / 1e6 };
    case "settle":
      await until(async () => (await nothingKept()) === 0, { what: "all machines to be kept", timeoutMs: 60_000 });
      return {};
    case "search":
      return { searches: await search(command.calls) };
    case "stop":
      plain.close();
      await t.close();
      process.disconnect();
      return {};
  }
}

process.on("message", (command: Command) => {
  obey(command).then(
    (reply) => process.connected && process.send?.(reply),
    (error: unknown) => {
      console.error(error);
      process.exit(1);
    },
  );
});
