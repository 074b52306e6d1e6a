/** The documentation's session as far as it needs no machine that runs: the real controller, the real maas command. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { CONTROLLER, endProcess, startController } from "./controller-process.ts";
import { sessionWithoutMachine } from "./seeds-session.ts";
import { makeWorkDir } from "./work-dir.ts";

test("the documentation's session without a machine", { timeout: 300_000 }, async (t) => {
  const dir = await makeWorkDir("rackwright-seeds-");
  try {
    await inController(dir, (controller) => sessionWithoutMachine(t, { home: join(dir, "home"), ...controller }));
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});

async function inController(
  dir: string,
  body: (controller: { host: string; apiKey: string }) => Promise<void>,
): Promise<void> {
  const { child, ready } = await startController({
    command: [
      process.execPath,
      CONTROLLER,
      "--data",
      join(dir, "controller"),
      "--host",
      "127.0.0.1",
      "--port",
      "0",
      "--no-dhcp",
      "--json",
    ],
    adminPassword: "not-a-secret-in-a-test",
    logFile: join(dir, "controller.log"),
  });
  try {
    await body({ host: ready.url.replace(/\/$/, ""), apiKey: ready.api_key });
  } finally {
    await endProcess(child);
  }
}
