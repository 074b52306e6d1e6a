/** Region and rack controller in one process: what `script/up` runs and tests start. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { lockDirectory } from "@rackwright/db/postgres/lock";
import { type Rack, startRack } from "@rackwright/rack/rack";
import { type RunningRegion, startRegion } from "@rackwright/region/region";
import type { Logger } from "pino";
import { openDatabases } from "./database.ts";
import { registerImages } from "./images.ts";
import type { UpOptions } from "./options.ts";

export interface Controller {
  running: RunningRegion;
  rack: Rack | null;
  url: string;
  stop(): Promise<void>;
}

/** This installation's own files. */
const PROJECT = join(import.meta.dirname, "..", "..", "..");

export async function startController(
  options: UpOptions & { version: string; log: Logger; onFailure: (reason: string) => void },
): Promise<Controller> {
  const { dataDir, log } = options;
  await mkdir(join(dataDir, "run"), { recursive: true, mode: 0o711 });
  const undo: (() => Promise<void> | void)[] = [];
  const stop = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const lock = await lockDirectory(dataDir);
    undo.push(() => lock.release());
    const databases = await openDatabases({
      dataDir,
      uri: options.databaseUri,
      dhcp: options.dhcp,
      log: (line) => log.info(line),
      onExit: options.onFailure,
    });
    undo.push(() => databases.stop());
    const running = await startRegion({
      connection: databases.connection,
      kea: databases.kea,
      dataDir,
      machineDir: join(PROJECT, "machine"),
      listen: { host: options.host, port: options.port },
      log,
      version: options.version,
    });
    undo.push(() => running.stop());
    const bootloaders = await registerImages(running.region, options.images, join(dataDir, "bootloaders"));
    let rack: Rack | null = null;
    if (options.rack) {
      rack = await startRack({
        regionUrl: `http://127.0.0.1:${running.port}`,
        enrolmentSecret: running.enrolmentSecret,
        dataDir: join(dataDir, "rack"),
        httpBoot: { host: options.host, port: 5248 },
        tftp: options.dhcp ? { host: options.host, port: 69 } : null,
        dhcp: options.dhcp,
        bootloaderDir: options.bootloaders ?? bootloaders,
        inRegion: true,
        log,
        version: options.version,
      });
      undo.push(() => rack?.stop());
      await rack.ready;
    }
    return { running, rack, url: `http://localhost:${running.port}/MAAS/`, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
