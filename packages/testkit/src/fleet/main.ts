/** `script/simulate`: options, machines, a line that says how they fare, the end. */
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { Fleet } from "./fleet.ts";
import { parseOptions, type SimulateOptions, usage } from "./options.ts";
import { RegionApi } from "./region-api.ts";
import { chance } from "./seed.ts";

const RACK_WAIT_MS = 30_000;

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2), process.env);
  delete process.env.MAAS_APIKEY;
  if (options === "help") {
    process.stdout.write(usage);
    return;
  }
  const ending = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => ending.abort(new Error(signal)));
  const api = new RegionApi(options.url, options.apiKey);
  const bootUrl = options.bootUrl ?? (await findRack(api, ending.signal));
  const fleet = new Fleet({
    api,
    bootUrl,
    speed: options.speed,
    faults: options.faults,
    requests: options.requests,
    dhcp: options.dhcp,
    tell: (text) => process.stderr.write(`${clear()}${text}\n`),
    signal: ending.signal,
  });
  const stopLine = progressLine(fleet);
  try {
    const playing = options.playAll ? fleet.play() : Promise.resolve();
    await Promise.all([playing, enlist(fleet, options)]);
  } catch (error) {
    if (!ending.signal.aborted) throw error;
  } finally {
    ending.abort(new Error("the simulator ends"));
    await fleet.stop();
    stopLine();
  }
}

/** @throws Error when there is none, or the region is not for emulated machines */
async function findRack(api: RegionApi, signal: AbortSignal): Promise<string> {
  const deadline = performance.now() + RACK_WAIT_MS;
  for (;;) {
    const url = await api.bootUrl();
    if (url !== undefined) return url;
    if (performance.now() > deadline)
      throw new Error("no rack controller is connected to the region: machines have nothing to boot from");
    await sleep(500, undefined, { signal });
  }
}

async function enlist(
  fleet: Fleet,
  { machines, seed = randomBytes(8).toString("hex") }: SimulateOptions,
): Promise<void> {
  // 0a: locally administered, of nobody (IEEE 802c).
  const mac = (index: number) =>
    `0a:${chance(`${seed} ${index}`)
      .hex(10)
      .replace(/..(?!$)/g, "$&:")}`;
  const enlisted = await Promise.all(Array.from({ length: machines }, (_, index) => fleet.enlist(mac(index))));
  if (machines > 0)
    process.stderr.write(
      `${clear()}${enlisted.filter((m) => m.systemId !== undefined).length} of ${machines} machines enlisted\n`,
    );
}

const clear = () => (process.stderr.isTTY ? "\r\u001b[K" : "");

function progressLine(fleet: Fleet): () => void {
  if (!process.stderr.isTTY) return () => {};
  const timer = setInterval(() => {
    const doing = [...fleet.doing()].sort((a, b) => b[1] - a[1]);
    const on = doing.reduce((sum, [, count]) => sum + count, 0);
    const what = doing.map(([name, count]) => `${name} ${count}`).join(", ");
    const line = `${on} of ${fleet.machines.length} on, ${fleet.signalMs.length} signals${what ? `: ${what}` : ""}`;
    process.stderr.write(`${clear()}${line.slice(0, (process.stderr.columns ?? 80) - 1)}`);
  }, 500);
  return () => {
    clearInterval(timer);
    process.stderr.write(clear());
  };
}

try {
  await main();
} catch (error) {
  process.stderr.write(`script/simulate: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
