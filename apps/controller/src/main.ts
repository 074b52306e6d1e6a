/** `script/up`: options, start, say so, wait for the end. */
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { unlessAborted } from "@rackwright/region/unless-aborted";
import { type Logger, pino } from "pino";
import { startController } from "./controller.ts";
import { greeting } from "./greet.ts";
import { parseOptions, type UpOptions, usage } from "./options.ts";

/** Somebody wants us to end: nothing is wrong. */
class Asked extends Error {}

async function main(): Promise<void> {
  const databaseUri = process.env.RACKWRIGHT_DATABASE_URI;
  delete process.env.RACKWRIGHT_DATABASE_URI; // children need not see it
  const environment = { home: homedir(), root: process.getuid?.() === 0, databaseUri };
  const options = parseOptions(process.argv.slice(2), environment);
  if (options === "help") {
    process.stdout.write(usage);
    return;
  }
  const log = pino({ level: options.logLevel }, pino.destination({ dest: 2, sync: true }));
  const ending = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.once(signal, () => ending.abort(new Asked(signal)));
  // A bug of ours: PostgreSQL and the DHCP server must not be left behind by it.
  for (const event of ["uncaughtException", "unhandledRejection"] as const)
    process.on(event, (error: unknown) => {
      log.fatal({ err: error }, "an error that nobody handled: stopping");
      ending.abort(error instanceof Error ? error : new Error(String(error)));
    });
  try {
    await run(options, log, ending);
  } catch (error) {
    if (!(error instanceof Asked)) throw error;
  }
}

/** @throws the reason why it ended */
async function run(options: UpOptions, log: Logger, ending: AbortController): Promise<void> {
  const { signal } = ending;
  const { version } = JSON.parse(await readFile(join(import.meta.dirname, "..", "package.json"), "utf8")) as {
    version: string;
  };
  const onFailure = (reason: string) => ending.abort(new Error(reason));
  const controller = await startController({ ...options, version, log, onFailure, signal });
  try {
    process.stdout.write(await unlessAborted(greeting(options, controller, signal), signal));
    await unlessAborted(new Promise<never>(() => {}), signal);
  } finally {
    await controller.stop();
  }
}

/** The message; where that is empty (several addresses that did not answer), those it was made of. */
function said(error: unknown): string {
  if (error instanceof AggregateError && error.message === "") return error.errors.map(said).join("; ");
  if (error instanceof SuppressedError) return said(error.suppressed);
  return error instanceof Error ? error.message : String(error);
}

try {
  await main();
  process.exitCode = 0;
} catch (error) {
  process.stderr.write(`script/up: ${said(error)}\n`);
  if (process.env.RACKWRIGHT_TRACE) process.stderr.write(`${error instanceof Error ? error.stack : ""}\n`);
  process.exitCode = 1;
}
process.exit();
