/** `script/up`: options, start, say so, wait for the end. */
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { createFirstAdmin, hasUser } from "@rackwright/region/app/accounts";
import { pino } from "pino";
import { adminPassword } from "./admin-password.ts";
import { type Controller, startController } from "./controller.ts";
import { parseOptions, type UpOptions, usage } from "./options.ts";

async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2), { home: homedir(), root: process.getuid?.() === 0 });
  if (options === "help") {
    process.stdout.write(usage);
    return 0;
  }
  const log = pino({ level: options.logLevel }, pino.destination({ dest: 2, sync: true }));
  const ended = Promise.withResolvers<number>();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => ended.resolve(0));
  const { version } = JSON.parse(await readFile(join(import.meta.dirname, "..", "package.json"), "utf8")) as {
    version: string;
  };
  const controller = await startController({
    ...options,
    version,
    log,
    onFailure: (reason) => {
      log.fatal(reason);
      ended.resolve(1);
    },
  });
  try {
    await greet(options, controller);
    return await ended.promise;
  } finally {
    await controller.stop();
  }
}

async function greet(options: UpOptions, controller: Controller): Promise<void> {
  const { region } = controller.running;
  const first = !(await hasUser(region, options.admin));
  const { password, generated } = first
    ? await adminPassword(options.adminPasswordFile, options.admin)
    : { password: "", generated: false };
  const apiKey = await createFirstAdmin(region, { username: options.admin, password });
  if (options.json) {
    process.stdout.write(
      `${JSON.stringify({ url: controller.url, username: options.admin, api_key: apiKey, ...(generated ? { password } : {}) })}\n`,
    );
    return;
  }
  process.stdout.write(`\nRackwright is ready at ${controller.url}\n`);
  if (first)
    process.stdout.write(
      `Administrator ${options.admin} was made${generated ? `, with the password ${password} (shown this once)` : ""}.\nAPI key: ${apiKey}\n`,
    );
  process.stdout.write(
    `Log in from the command line:  bin/maas login admin ${controller.url} ${first ? apiKey : "API_KEY"}\n\n`,
  );
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`script/up: ${error instanceof Error ? error.message : String(error)}\n`);
  if (process.env.RACKWRIGHT_TRACE) process.stderr.write(`${error instanceof Error ? error.stack : ""}\n`);
  process.exitCode = 1;
}
process.exit();
