/**
 * A system that runs from memory: cloud-init fetches preseed, metadata and user-data. The user-data decides what follows, unless it is the
 * owner's own system, deployed in memory.
 */
import { METADATA_VERSION, type Preseed, readPreseed, readUserData } from "./cloud-config.ts";
import { bootFromMemory } from "./installed.ts";
import { install } from "./installer.ts";
import type { EmulatedMachine } from "./machine.ts";
import { Reporter } from "./report.ts";
import { Runner } from "./runner.ts";

export async function bootEphemeral(machine: EmulatedMachine, preseedUrl: string, kernel: string[]): Promise<void> {
  await machine.step("preseed");
  const preseed = readPreseed((await machine.net.ask(preseedUrl)).body.toString("utf8"));
  if (kernel.includes("netroot_deployed=1")) {
    return bootFromMemory(machine, preseed);
  }
  const reporter = new Reporter(machine, preseed.reportUrl, preseed.credentials);
  await reporter.start("init-network", "searching for network datasources");
  const userData = await fetchMetadata(machine, preseed);
  await reporter.finish("init-network", "searching for network datasources", "SUCCESS");
  switch (userData.kind) {
    case "runner":
      await machine.step("runner");
      if (machine.has("cloudInit", "dawdles")) await dawdle(machine, reporter);
      // By this report the region knows that release scripts are over, and gives the machine back.
      if (await new Runner(machine, preseed.credentials, preseedUrl, kernel).run())
        await reporter.finish("modules-final", "running modules for final", "SUCCESS");
      break;
    case "installer": {
      const installed = await install(machine, userData.plan);
      if (!installed) return machine.idle(); // it stays on, to be looked at
      if (userData.plan.powerAction === "reboot") return machine.reboot();
      break;
    }
    case "poweroff":
      return;
    case "other":
      throw new Error("user-data of the ephemeral system is nothing that it can run");
  }
  await machine.wait(2);
  if (preseed.afterwards === "reboot") machine.reboot();
  if (preseed.afterwards === undefined) await machine.idle();
}

/** Packages from a far mirror, a resolver that does not answer: minutes for each module. */
async function dawdle(machine: EmulatedMachine, reporter: Reporter): Promise<void> {
  for (let i = 0; i < 1000; i++) {
    const [name, description] = [`modules-config/config-${i}`, `running config-${i} with frequency once-per-instance`];
    await reporter.start(name, description);
    await machine.wait(100);
    await reporter.finish(name, description, "SUCCESS");
  }
}

async function fetchMetadata(
  machine: EmulatedMachine,
  { credentials }: Preseed,
): Promise<ReturnType<typeof readUserData>> {
  const base = `${credentials.metadataUrl}${METADATA_VERSION}`;
  await machine.step("metadata");
  const items = (await machine.net.ask(`${base}/meta-data/`, { as: credentials })).body.toString("utf8").split("\n");
  for (const item of items.filter((name) => name !== ""))
    await machine.net.ask(`${base}/meta-data/${item}`, { as: credentials });
  await machine.step("user-data");
  return readUserData((await machine.net.ask(`${base}/user-data`, { as: credentials })).body.toString("utf8"));
}
