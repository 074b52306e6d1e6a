/** The installed system: cloud-init asks for its data, says that it is up, and stays up. */
import { METADATA_VERSION } from "./cloud-config.ts";
import type { EmulatedMachine, Installed } from "./machine.ts";
import { syncHardware } from "./hardware-sync.ts";
import { RequestFailed } from "./net.ts";
import { Reporter } from "./report.ts";

export async function bootInstalled(machine: EmulatedMachine, disk: Installed): Promise<void> {
  const { credentials, reportUrl } = disk;
  await machine.step("first-boot");
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
    machine.world.tell(machine, `the installed system has no data source: ${error.message}`);
  }
  machine.doing = "installed system";
  if (disk.sync) await syncHardware(machine, disk.sync);
  await machine.idle();
}
