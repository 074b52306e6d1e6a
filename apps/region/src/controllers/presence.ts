/**
 * This region as a node: made when it first starts, the same one ever after, with version and interfaces as they are, and a sign of life
 * while it runs. One that was deleted meanwhile makes itself anew.
 */
import { randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import { arch, cpus, hostname, networkInterfaces, totalmem } from "node:os";
import { join } from "node:path";
import { hostArchitecture, hostFacts, hostInterfaces } from "@rackwright/contract/host-interfaces";
import { appendChange } from "@rackwright/db/change";
import { type Database, transaction } from "@rackwright/db/connect";
import { defaultDomainId } from "@rackwright/db/nodes";
import { insertRegion, lockRegions, markRegionSeen, regionNode, storeRegionStart } from "@rackwright/db/region-process";
import { type RackNode, storeRackReport } from "@rackwright/db/racks";
import { DomainError } from "@rackwright/domain/errors";
import { cleanHostname, generateSystemId } from "@rackwright/domain/machine/names";
import type { Logger } from "pino";
import { regionId } from "./region-id.ts";

/** A region that was not seen for three of these counts as gone (packages/db/src/region-process.ts). */
const BEAT_MS = 20_000;

export interface PresenceOptions {
  db: Database;
  dataDir: string;
  version: string;
  port: number;
  log: Logger;
  /** Default: this host's. */
  hostname?: string;
  beatMs?: number;
}

export interface RegionPresence {
  /** As it is now: another one after it was deleted. */
  readonly node: RackNode;
  /** Where it really listens. */
  listening(port: number): Promise<void>;
  stop(): Promise<void>;
}

export async function startPresence(options: PresenceOptions): Promise<RegionPresence> {
  const { db, log } = options;
  const id = regionId(join(options.dataDir, "region-id"));
  let { port } = options;
  let reported = "";
  let node = await register();
  let beating: Promise<void> = Promise.resolve();

  function facts() {
    return {
      version: options.version,
      architecture: hostArchitecture(arch()),
      interfaces: hostInterfaces(networkInterfaces()),
      host: thisHost(),
    };
  }

  async function register(): Promise<RackNode> {
    const report = facts();
    const name = cleanHostname(options.hostname ?? hostname());
    const made = await transaction(db, async (tx) => {
      await lockRegions(tx);
      let own = await regionNode(tx, { regionId: id, hostname: name });
      const domainId = await defaultDomainId(tx);
      for (let attempt = 1; !own; attempt++) {
        if (attempt > 50) throw new DomainError("conflict", `There are too many hosts with the name ${name}.`);
        const free = attempt === 1 ? name : `${name.slice(0, 58)}-${attempt}`;
        own = await insertRegion(tx, { systemId: generateSystemId(randomInt), hostname: free, domainId });
      }
      await storeRegionStart(tx, { regionId: id, nodeId: own.nodeId, port });
      await storeRackReport(tx, own.nodeId, report);
      await appendChange(tx, { kind: "update", entity: "rack", entityId: own.systemId });
      return own;
    });
    reported = JSON.stringify(report);
    return made;
  }

  async function beat(): Promise<void> {
    const report = facts();
    if (!(await markRegionSeen(db.kysely, id, port))) {
      node = await register();
      log.warn({ systemId: node.systemId }, "this region controller had been deleted, and is a new one");
    } else if (JSON.stringify(report) !== reported) {
      await transaction(db, async (tx) => {
        await storeRackReport(tx, node.nodeId, report);
        await appendChange(tx, { kind: "update", entity: "rack", entityId: node.systemId });
      });
      reported = JSON.stringify(report);
    }
  }

  const soon = (): Promise<void> =>
    (beating = beating.then(beat).catch((error: unknown) => {
      log.warn({ err: error }, "this region's sign of life could not be written: trying again");
    }));
  const timer = setInterval(() => void soon(), options.beatMs ?? BEAT_MS);
  return {
    get node() {
      return node;
    },
    listening(really) {
      port = really;
      return soon();
    },
    async stop() {
      clearInterval(timer);
      await beating;
      await markRegionSeen(db.kysely, id, null).catch(() => false); // it is missed soon enough
    },
  };
}

function thisHost(): ReturnType<typeof hostFacts> {
  let osRelease = "";
  try {
    osRelease = readFileSync("/etc/os-release", "utf8");
  } catch {
    // A system without it: it stays unknown.
  }
  return hostFacts({ cpuCount: cpus().length, memoryBytes: totalmem(), osRelease });
}
