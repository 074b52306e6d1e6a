/** The deployed system, from a disk or from memory: cloud-init asks for its data, says that it is up, and stays up. */
import { METADATA_VERSION, type Preseed, readVendorFiles } from "./cloud-config.ts";
import { syncFrom, syncHardware } from "./hardware-sync.ts";
import type { EmulatedMachine, Installed } from "./machine.ts";
import { RequestFailed } from "./net.ts";
import { Reporter } from "./report.ts";

export async function bootInstalled(machine: EmulatedMachine, disk: Installed): Promise<void> {
  await machine.step("first-boot");
  await askForData(machine, disk);
  machine.doing = "installed system";
  if (disk.sync) await syncHardware(machine, disk.sync);
  await machine.idle();
}

/** Deployed in memory: what an installer would have written comes with vendor-data, and is gone when it goes off. */
export async function bootFromMemory(
  machine: EmulatedMachine,
  { credentials, reportUrl = "" }: Preseed,
): Promise<void> {
  await machine.step("metadata");
  const vendor = await machine.net.ask(`${credentials.metadataUrl}${METADATA_VERSION}/meta-data/vendor-data`, {
    as: credentials,
  });
  const sync = syncFrom(readVendorFiles(vendor.body.toString("utf8")));
  await machine.step("first-boot");
  await askForData(machine, { credentials, reportUrl });
  machine.doing = "system in memory";
  if (sync) await syncHardware(machine, sync);
  await machine.idle();
}

async function askForData(
  machine: EmulatedMachine,
  { credentials, reportUrl }: Pick<Installed, "credentials" | "reportUrl">,
): Promise<void> {
  const reporter = new Reporter(machine, reportUrl, credentials);
  const base = `${credentials.metadataUrl}${METADATA_VERSION}`;
  try {
    await reporter.start("init-network", "searching for network datasources");
    await machine.net.ask(`${base}/meta-data/instance-id`, { as: credentials });
    await machine.net.ask(`${base}/meta-data/local-hostname`, { as: credentials });
    await machine.net.ask(`${base}/user-data`, { as: credentials }).catch((error: unknown) => {
      // Nobody gave it any.
      if (!(error instanceof RequestFailed && error.status === 404)) throw error;
    });
    await reporter.finish("modules-final", "running modules for final", "SUCCESS");
  } catch (error) {
    // Its owner has changed since: the system runs all the same.
    if (!(error instanceof RequestFailed)) throw error;
    machine.world.tell(machine, `the deployed system has no data source: ${error.message}`);
  }
}
