/** `script/rack`: a rack controller alone in its process. */
import { mkdir, readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { parseRackOptions, type RackProcessOptions, rackUsage } from "./options.ts";
import { startRack } from "./rack.ts";

async function main(): Promise<number> {
  const options = parseRackOptions(process.argv.slice(2), { home: homedir(), root: process.getuid?.() === 0 });
  if (options === "help") {
    process.stdout.write(rackUsage);
    return 0;
  }
  const ended = Promise.withResolvers<void>();
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => ended.resolve());
  return await run(options, ended.promise);
}

async function run(options: RackProcessOptions, ended: Promise<void>): Promise<number> {
  const log = pino({ level: options.logLevel }, pino.destination({ dest: 2, sync: true }));
  const { version } = JSON.parse(await readFile(join(import.meta.dirname, "..", "package.json"), "utf8")) as {
    version: string;
  };
  await mkdir(options.bootloaderDir, { recursive: true });
  const rack = await startRack({ ...options, inRegion: false, log, version });
  log.info({ httpBootPort: rack.httpBootPort, tftpPort: rack.tftpPort }, "the rack controller serves");
  rack.ready.then(
    () => log.info({ region: options.regionUrl }, "the region has answered"),
    () => undefined, // stopped before
  );
  await ended;
  await rack.stop();
  log.info("the rack controller has stopped");
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`script/rack: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
process.exit();
