/**
 * The rack's file services on loopback. HTTP: our streamer and nginx (package nginx-light; skipped when missing) take turns in one run,
 * so that the ratio means something on a noisy machine. TFTP: an independent Python client, lockstep and with a window.
 * usage: node bench/tftp-and-http.ts [ROUNDS]
 */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, open, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { directoryBootFiles } from "@rackwright/rack/boot-files";
import { startHttpBoot } from "@rackwright/rack/httpboot/server";
import { startTftp } from "@rackwright/rack/tftp/server";

const run = promisify(execFile);
const rounds = Number(process.argv[2] ?? 5);
const largeMb = 500;
const smallMb = 100;
const log = { info() {}, warn: console.error, error: console.error };
const median = (values: number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const dir = await mkdtemp(join(tmpdir(), "rackwright-bench-"));
const stop: (() => Promise<unknown> | void)[] = [() => rm(dir, { recursive: true, force: true })];
try {
  await chmod(dir, 0o755);
  for (const [name, mb] of [
    ["large", largeMb],
    ["small", smallMb],
  ] as const) {
    const file = await open(join(dir, name), "w");
    for (let i = 0; i < mb; i++) await file.write(Buffer.alloc(1_000_000, i));
    await file.close();
  }
  await benchHttp();
  await benchTftp();
} finally {
  for (const end of stop.reverse()) await end();
}

async function benchHttp(): Promise<void> {
  const ours = await startHttpBoot({ host: "127.0.0.1", port: 0, files: directoryBootFiles(dir), log });
  stop.push(() => ours.close());
  const nginx = { "nginx sendfile on": await startNginx("on"), "nginx sendfile off": await startNginx("off") };
  for (const clients of [1, 4]) {
    const speeds = new Map<string, number[]>();
    for (let round = 0; round < rounds; round++) {
      for (const [name, port] of Object.entries({ ours: ours.port, ...nginx })) {
        if (port !== undefined) speeds.set(name, [...(speeds.get(name) ?? []), await fetchAll(port, clients)]);
      }
    }
    const reference = Math.max(...[...speeds].filter(([name]) => name !== "ours").map(([, values]) => median(values)));
    for (const [name, values] of speeds) {
      const range = `${Math.min(...values).toFixed(0)} to ${Math.max(...values).toFixed(0)}`;
      console.log(`HTTP ${largeMb} MB, ${clients} client(s), ${name}: ${median(values).toFixed(0)} MB/s (${range})`);
    }
    if (reference > 0)
      console.log(
        `HTTP ${clients} client(s): ours / better nginx = ${(median(speeds.get("ours") ?? []) / reference).toFixed(2)}`,
      );
  }
}

async function fetchAll(port: number, clients: number): Promise<number> {
  const startedAt = performance.now();
  const one = () =>
    run("curl", ["-sSf", "-o", "/dev/null", "-w", "%{size_download}", `http://127.0.0.1:${port}/large`]);
  for (const { stdout } of await Promise.all(Array.from({ length: clients }, one))) {
    if (Number(stdout) !== largeMb * 1_000_000) throw new Error(`port ${port} sent ${stdout} bytes of ${largeMb} MB`);
  }
  return (clients * largeMb * 1000) / (performance.now() - startedAt);
}

/** Port of an nginx with one worker; undefined when nginx is not installed. */
async function startNginx(sendfile: "on" | "off"): Promise<number | undefined> {
  const found = await run("nginx", ["-v"], { env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` } }).catch(
    () => undefined,
  );
  if (!found) {
    console.error("nginx is missing (script/lib/packages.sh nginx-light): no ratio");
    return undefined;
  }
  const port = await freePort();
  const config = join(dir, `nginx-${sendfile}.conf`);
  await writeFile(
    config,
    `daemon off; worker_processes 1; pid ${config}.pid; error_log stderr; events {}
http { access_log off; sendfile ${sendfile}; tcp_nopush on; client_body_temp_path ${config}.body; proxy_temp_path ${config}.proxy;
fastcgi_temp_path ${config}.fastcgi; uwsgi_temp_path ${config}.uwsgi; scgi_temp_path ${config}.scgi;
server { listen 127.0.0.1:${port}; root ${dir}; } }\n`,
  );
  const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` };
  const child = spawn("nginx", ["-e", "stderr", "-c", config], { stdio: ["ignore", "ignore", "inherit"], env });
  const exited = once(child, "exit");
  stop.push(async () => {
    child.kill("SIGTERM");
    await exited;
  });
  while (!(await answers(port))) {
    if (child.exitCode !== null) throw new Error(`nginx ended with ${child.exitCode}; its words are above`);
    await sleep(20);
  }
  return port;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new Error("a TCP server has no port");
  return address.port;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    }).on("error", () => resolve(false));
  });
}

async function benchTftp(): Promise<void> {
  const server = await startTftp({ host: "127.0.0.1", port: 0, files: directoryBootFiles(dir), log });
  stop.push(() => server.close());
  const client = join(import.meta.dirname, "../apps/rack/src/tftp/fixtures/tftp_get.py");
  for (const [blockSize, window] of [
    [1468, 1],
    [8192, 1],
    [1468, 4],
    [1468, 16],
    [1468, 64],
  ] as const) {
    const speeds: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const { stdout } = await run("python3", [
        client,
        "127.0.0.1",
        String(server.port),
        "small",
        String(blockSize),
        String(window),
      ]);
      speeds.push(smallMb / Number(stdout.split(" ")[2]));
    }
    const range = `${Math.min(...speeds).toFixed(0)} to ${Math.max(...speeds).toFixed(0)}`;
    console.log(
      `TFTP ${smallMb} MB, blksize ${blockSize}, windowsize ${window}: ${median(speeds).toFixed(0)} MB/s (${range})`,
    );
  }
}
