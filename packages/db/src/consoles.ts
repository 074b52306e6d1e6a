/** Machines whose serial console is worth reading. */
import { failedStatus, type MachineStatus, statusCode } from "@rackwright/domain/machine/status";
import type { Kysely } from "kysely";
import type { NodeRow } from "./machines.ts";
import type { Schema } from "./schema.ts";

/** Exactly those that wait have something to say that somebody waits for. */
const waiting = Object.keys(failedStatus).map((status) => statusCode[status as MachineStatus]);

export type ConsoleRow = Pick<
  NodeRow,
  "id" | "system_id" | "boot_epoch" | "boot_rack_id" | "power_type" | "power_parameters"
>;

/** Machines in a status that waits, of these power types; those that began last come first. */
export async function machinesWithConsole(
  db: Kysely<Schema>,
  options: { powerTypes: readonly string[]; limit: number },
): Promise<ConsoleRow[]> {
  return db
    .selectFrom("node")
    .select(["id", "system_id", "boot_epoch", "boot_rack_id", "power_type", "power_parameters"])
    .where("node_type", "=", 0)
    .where("status_deadline", "is not", null) // so does every one that waits; these are indexed
    .where("status", "in", waiting)
    .where("power_type", "in", [...options.powerTypes])
    .orderBy("status_since", "desc")
    .orderBy("id")
    .limit(options.limit)
    .execute();
}
