/** Region and rack controller in one process: what `script/up` runs and tests start. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { lockDirectory } from "@rackwright/db/postgres/lock";
import { cannotListen } from "@rackwright/rack/listening";
import { type Rack, startRack } from "@rackwright/rack/rack";
import { type RunningRegion, startRegion } from "@rackwright/region/region";
import { unlessAborted } from "@rackwright/region/unless-aborted";
import type { Logger } from "pino";
import { openDatabases } from "./database.ts";
import { registerImages } from "./images.ts";
import type { UpOptions } from "./options.ts";
import { originFor } from "./origin.ts";
import { checkMark, registerEmulatedImage, writeMark } from "./simulated.ts";
import { teardown } from "./teardown.ts";

export interface Controller {
  running: RunningRegion;
  rack: Rack | null;
  url: string;
  stop(): Promise<void>;
}

/** This installation's own files. */
const PROJECT = join(import.meta.dirname, "..", "..", "..");

/** @throws Error of what could not be started, or the signal's reason; everything that was started before has ended then */
export async function startController(
  options: UpOptions & { version: string; log: Logger; onFailure: (reason: string) => void; signal: AbortSignal },
): Promise<Controller> {
  const { dataDir, host, log, signal, simulated, version } = options;
  const started = teardown(log);
  try {
    await mkdir(join(dataDir, "run"), { recursive: true, mode: 0o711 });
    const lock = await lockDirectory(dataDir);
    started.add("the lock", () => lock.release());
    await checkMark(dataDir, simulated);
    const databases = await openDatabases({
      dataDir,
      uri: options.databaseUri,
      dhcp: options.dhcp,
      log: (line) => log.info(line),
      onExit: options.onFailure,
    });
    // PostgreSQL has its own limits, and is ended the hard way after them.
    started.add("PostgreSQL", () => databases.stop(), 120_000);
    signal.throwIfAborted();
    const starting = startRegion({
      connection: databases.connection,
      kea: databases.kea,
      dataDir,
      machineDir: join(PROJECT, "machine"),
      listen: { host, port: options.port },
      log,
      version,
      simulated,
      signal,
    }).catch((error: unknown) => {
      throw cannotListen(error, "The API", options, "choose another port with --port");
    });
    // Also one whose start was given up: PostgreSQL is not ended under it.
    started.add("the region", async () => (await starting.catch(() => undefined))?.stop());
    const running = await unlessAborted(starting, signal);
    await writeMark(dataDir, simulated);
    if (simulated) await registerEmulatedImage(running.region, join(dataDir, "emulated-image"));
    const bootloaders = await registerImages(running.region, options.images, join(dataDir, "bootloaders"));
    let rack: Rack | null = null;
    if (options.rack) {
      const mine = await startRack({
        regionUrl: originFor(host, running.port, "127.0.0.1"),
        enrolmentSecret: running.enrolmentSecret,
        dataDir: join(dataDir, "rack"),
        httpBoot: { host, port: options.rackHttpPort },
        tftp: options.dhcp ? { host, port: 69 } : null,
        dhcp: options.dhcp,
        bootloaderDir: options.bootloaders ?? bootloaders,
        inRegion: true,
        log,
        version,
      });
      started.add("the rack", () => mine.stop());
      await unlessAborted(mine.ready, signal);
      rack = mine;
    }
    return {
      running,
      rack,
      url: `${originFor(host, running.port, "localhost")}/MAAS/`,
      stop: () => started.run(),
    };
  } catch (error) {
    await started.run();
    throw error;
  }
}
