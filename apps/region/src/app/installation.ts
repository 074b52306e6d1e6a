/** How this installation was made, and what can be turned while it runs. */
import { type DatabaseFacts, databaseFacts } from "@rackwright/db/overview";
import type { Region } from "../context.ts";

export interface Installation {
  version: string;
  simulated: boolean;
  servesDhcp: boolean;
  logLevel: string;
  database: DatabaseFacts;
}

export async function installation(region: Region): Promise<Installation> {
  const { version, simulated, servesDhcp, log } = region;
  return { version, simulated, servesDhcp, logLevel: log.level, database: await databaseFacts(region.db.kysely) };
}

/** Until the region is started again, which says its own. */
export function setLogLevel(region: Region, level: "debug" | "info" | "warn" | "error"): void {
  region.log.level = level;
  region.log.warn({ level }, "the log's level was changed from the region's host");
}
