/** script/demo: a lab of machines goes from power-on to deployed systems, with progress that a person can follow. */
import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { buildImage } from "@rackwright/images/build";
import { imageCacheDir } from "@rackwright/images/cache-dir";
import { forwardPort } from "@rackwright/lab/forward";
import type { LabMachineSpec } from "@rackwright/lab/spec";
import { dirname } from "node:path";
import { type JourneyResult, StageError, stages, takeThroughLife } from "./journey.ts";
import { progressDisplay } from "./progress.ts";
import { type Site, startSite } from "./site.ts";
import { timelineLines } from "./timeline-text.ts";
import { makeWorkDir } from "./work-dir.ts";

const usage = `Usage: script/demo [--machines N] [--keep] [--json] [--dir DIR]
Takes machines of a virtual rack from power-on to a deployed system and back: one with BIOS, one with UEFI.
Ends with the timeline of the slowest machine, and the seconds of each stage.

  --machines N   how many (2); BIOS and UEFI in turn
  --keep         leave controller and lab running afterwards, until Ctrl-C
  --json         one JSON document with the result on stdout
  --dir DIR      where disks, serial logs and the controller's data go (a new directory)
`;

/** Machines that boot at once: two emulated processors saturate with two or three machines. */
const AT_ONCE = 2;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      machines: { type: "string", default: "2" },
      keep: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      dir: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(usage);
    return 0;
  }
  const count = Number(values.machines);
  if (!Number.isInteger(count) || count < 1 || count > 50)
    throw new Error(`--machines ${values.machines}: use a number from 1 to 50`);
  const abort = new AbortController();
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.once(name, () => abort.abort(new Error("interrupted")));
  const began = performance.now();
  const display = progressDisplay(process.stderr);
  const dir = values.dir ?? (await makeWorkDir("rackwright-demo-"));
  await mkdir(dir, { recursive: true });
  let site: Site | undefined;
  try {
    const imageDir = await image(display.say, abort.signal);
    display.say(`starting controller and lab (${count} machines, everything in ${dir})`);
    const password = randomBytes(9).toString("base64url");
    site = await startSite({ dir, machines: specs(count), imageDir, adminPassword: password, log: display.detail });
    const results = await all(site, display, abort);
    display.end();
    const seconds = (performance.now() - began) / 1000;
    const slowest = results.reduce((a, b) => (total(b) > total(a) ? b : a));
    const timeline = await site.api.timeline(slowest.systemId);
    if (values.json) {
      const document = {
        deployed: results.length,
        seconds,
        machines: results,
        timeline: { machine: slowest.machine, powered_on: slowest.poweredOn, items: timeline },
        dir,
      };
      process.stdout.write(`${JSON.stringify(document)}\n`);
    } else {
      const lines = timelineLines(timeline, slowest.poweredOn);
      process.stdout.write(
        `\n${slowest.machine}, the slowest, since power-on:\n\n${lines.join("\n")}\n\n${table(results)}\ndeployed ${results.length} machines in ${Math.round(seconds)} s\n`,
      );
    }
    if (values.keep) await keep(site, password, abort.signal);
    return 0;
  } catch (error) {
    display.end();
    if (abort.signal.aborted) process.stderr.write("interrupted: removing the lab\n");
    else report(error, site, dir);
    return 1;
  } finally {
    await site?.stop();
  }
}

function specs(count: number): LabMachineSpec[] {
  return Array.from({ length: count }, (_, i) => ({
    name: `node${i + 1}`,
    firmware: i % 2 === 0 ? "bios" : "uefi",
    memoryMib: 2048,
  }));
}

async function image(say: (line: string) => void, signal: AbortSignal): Promise<string> {
  const cacheDir = imageCacheDir();
  await mkdir(cacheDir, { recursive: true });
  say("looking for the image (built once, some two minutes)");
  const manifest = await buildImage({ flavour: "cloud", cacheDir, progress: say, signal });
  const [file] = manifest.files;
  if (!file) throw new Error("the image has no files");
  return dirname(file.path);
}

async function all(
  site: Site,
  display: ReturnType<typeof progressDisplay>,
  abort: AbortController,
): Promise<JourneyResult[]> {
  const waiting = [...site.lab.machines];
  const results: JourneyResult[] = [];
  const worker = async () => {
    for (let machine = waiting.shift(); machine; machine = waiting.shift()) {
      results.push(await takeThroughLife(site, machine, { onProgress: display.progress, signal: abort.signal }));
      display.done(machine.name);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results.sort((a, b) => a.machine.localeCompare(b.machine, undefined, { numeric: true }));
}

const total = (r: JourneyResult): number => stages.reduce((sum, s) => sum + (r.seconds[s] ?? 0), 0);

function table(results: readonly JourneyResult[]): string {
  const gone = stages.filter((s) => results.some((r) => r.seconds[s] !== undefined));
  const rows = [
    ["machine", ...gone, "all", "root"],
    ...results.map((r) => [
      r.machine,
      ...gone.map((s) => `${Math.round(r.seconds[s] ?? 0)} s`),
      `${Math.round(total(r))} s`,
      r.rootDevice,
    ]),
  ];
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

function report(error: unknown, site: Site | undefined, dir: string): void {
  process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`);
  if (error instanceof StageError) process.stderr.write(`serial log: ${error.serialLog}\n`);
  process.stderr.write(`controller's log: ${site?.controllerLog ?? join(dir, "controller.log")}\n`);
}

async function keep(site: Site, password: string, signal: AbortSignal): Promise<void> {
  const port = await forwardPort({ port: 5240, unixSocket: site.socket });
  try {
    const url = `http://localhost:${port.port}/MAAS/`;
    process.stdout.write(
      `\nController and lab go on until Ctrl-C.\nURL:      ${url}\nUser:     ${site.username}\nPassword: ${password}\nAPI key:  ${site.apiKey}\n\n  bin/maas login demo ${url} ${site.apiKey}\n  bin/maas demo machines read\n\n`,
    );
    const { promise, resolve } = Promise.withResolvers<void>();
    signal.addEventListener("abort", () => resolve(), { once: true });
    await promise;
  } finally {
    await port.close();
  }
}

process.exitCode = await main().catch((error: unknown) => {
  process.stderr.write(`script/demo: ${error instanceof Error ? error.message : String(error)}\n`);
  return 1;
});
process.exit();
