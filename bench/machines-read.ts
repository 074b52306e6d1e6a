/**
 * How long it takes to read many machines, each with 3 interfaces and 2 disks: GET /machines/ as a client sees it, when nothing is kept of
 * them yet and when all is, beside a handler that loads, encodes and sends them in one piece; and pages of `machines search`, from the call
 * of the handler to its text, beside one that loads and encodes the same machines as they are. A region in a process of its own, by HTTP, on
 * the PostgreSQL of the tests (no fsync: only reads are measured).
 * usage: node bench/machines-read.ts [MACHINES IN THE LIST] [MACHINES TO SEARCH] [CALLS OF EACH SEARCH]
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { get } from "node:http";
import { cpus, loadavg } from "node:os";
import type { Command, Reply } from "./machines-read-server.ts";

const [list = 10_000, most = 100_000, calls = 200] = process.argv.slice(2).map(Number);

const server = fork(new URL("machines-read-server.ts", import.meta.url));
async function ask(command: Command): Promise<Reply> {
  server.send(command);
  const [reply] = (await once(server, "message")) as [Reply];
  return reply;
}

/** Milliseconds to the first byte and to the last, and MiB. */
async function fetched(url: string, headers: Record<string, string>) {
  const began = performance.now();
  return new Promise<{ firstMs: number; totalMs: number; mib: number }>((resolve, reject) => {
    get(url, { headers }, (reply) => {
      let firstMs = 0;
      let bytes = 0;
      if (reply.statusCode !== 200) reject(new Error(`GET ${url} was answered ${reply.statusCode}`));
      reply.on("data", (chunk: Buffer) => {
        if (bytes === 0) firstMs = performance.now() - began;
        bytes += chunk.length;
      });
      reply.once("error", reject);
      reply.once("end", () => resolve({ firstMs, totalMs: performance.now() - began, mib: bytes / 2 ** 20 }));
    }).once("error", reject);
  });
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`;
const ms = (n: number) => n.toFixed(1).padStart(7);

async function measureList(): Promise<void> {
  console.log(`GET /machines/ of ${list} machines`);
  console.log("               first byte      total    peak memory   longest stall");
  const results = [];
  // The one that needs less memory first: what a process once took it keeps.
  for (const what of ["made anew", "kept", "in one piece"] as const) {
    const kind = what === "in one piece" ? what : "streamed";
    if (what === "kept") await ask({ do: "settle" });
    const { url, headers } = await ask({ do: "begin", kind });
    const got = await fetched(url ?? "", headers ?? {});
    const { peakMib = 0, stallMs = 0 } = await ask({ do: "end" });
    results.push({ ...got, peakMib, stallMs });
    console.log(
      `${what.padEnd(14)} ${ms(got.firstMs)} ms ${seconds(got.totalMs).padStart(10)} ${peakMib.toFixed(0).padStart(9)} MiB ${ms(stallMs)} ms   (${got.mib.toFixed(0)} MiB sent)`,
    );
  }
  const [, a, b] = results;
  if (!a || !b) return;
  const ratio = (x: number, y: number) => (x / y).toFixed(3).padStart(8);
  console.log(
    `kept/one piece ${ratio(a.firstMs, b.firstMs)}   ${ratio(a.totalMs, b.totalMs)}    ${ratio(a.peakMib, b.peakMib)}      ${ratio(a.stallMs, b.stallMs)}\n`,
  );
}

async function measureSearch(count: number): Promise<void> {
  console.log(`search among ${count} machines: milliseconds in the server, ${calls} pages of 50 each`);
  const { searches = [] } = await ask({ do: "search", calls });
  for (const { what, rows, p50, p99, worst, plain } of searches)
    console.log(
      `${what.padEnd(40)} ${String(rows).padStart(3)} rows   p50 ${ms(p50)}   p99 ${ms(p99)}   worst ${ms(worst)}   plain ${ms(plain)}` +
        (rows === 0 ? "" : `   ratio ${(p50 / plain).toFixed(3)}`),
    );
  console.log();
}

try {
  console.log(`${cpus().length} processors, load ${loadavg()[0]?.toFixed(1)} before; Node ${process.version}\n`);
  await ask({ do: "seed", machines: list });
  await measureList();
  await measureSearch(list);
  if (most > list) {
    await ask({ do: "seed", machines: most - list });
    await measureSearch(most);
  }
  console.log(`load ${loadavg()[0]?.toFixed(1)} after`);
} finally {
  server.send({ do: "stop" } satisfies Command);
  await once(server, "exit");
}
