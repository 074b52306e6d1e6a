/** How the region is, for whoever looks after its host. */
import { imageCounts, machineCounts } from "@rackwright/db/overview";
import { statusFromCode, statusLabel } from "@rackwright/domain/machine/status";
import type { Region } from "../context.ts";

export interface Overview {
  version: string;
  uptimeSeconds: number;
  database: "ok" | "unreachable";
  racks: { systemId: string; hostname: string; connectedAt: string }[];
  /** How many machines are in each status, by its name; null while the database does not answer. */
  machines: Record<string, number> | null;
  images: { images: number; incomplete: number } | null;
}

export async function overview(region: Region, uptimeSeconds: number): Promise<Overview> {
  const racks = region.racks.connected().map(({ systemId, hostname, connectedAt }) => ({
    systemId,
    hostname,
    connectedAt: connectedAt.toISOString(),
  }));
  const known = { version: region.version, uptimeSeconds, racks };
  try {
    const counts = await machineCounts(region.db.kysely);
    const machines = Object.fromEntries(counts.map((c) => [statusLabel[statusFromCode(c.status)], c.count]));
    return { ...known, database: "ok", machines, images: await imageCounts(region.db.kysely) };
  } catch (error) {
    region.log.warn({ err: error }, "the database did not answer when the region's state was asked for");
    return { ...known, database: "unreachable", machines: null, images: null };
  }
}
