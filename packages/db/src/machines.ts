/** Nodes as the lifecycle sees them: read, lock, write. */
import type { Decision, Machine, PowerState, WaitingFor } from "@rackwright/domain/machine/machine";
import { statusCode, statusFromCode } from "@rackwright/domain/machine/status";
import { type Kysely, type Selectable, sql } from "kysely";
import type { Tx } from "./connect.ts";
import type { NodeTable, Schema } from "./schema.ts";

export type NodeRow = Selectable<NodeTable>;

type Row = NodeRow & { interface_count: number; commissioning_passed: boolean; dynamic: boolean };

/** Passed, degraded, skipped, or suppressed: anything else in the current commissioning set means it has not passed. */
const commissioningPassed = sql<boolean>`coalesce((
  select count(*) > 0 and bool_and(r.suppressed or r.status in (2, 6, 9)) from script_result r where r.set_id = node.commissioning_set_id), false)`;

function machineQuery(db: Kysely<Schema>) {
  return db
    .selectFrom("node")
    .selectAll("node")
    .select([
      sql<number>`(select count(*) from interface i where i.node_id = node.id)`.as("interface_count"),
      commissioningPassed.as("commissioning_passed"),
      sql<boolean>`exists (select from virtual_machine vm where vm.node_id = node.id and vm.dynamic)`.as("dynamic"),
    ]);
}

function fromRow(row: Row): Machine {
  return {
    id: row.id,
    systemId: row.system_id,
    hostname: row.hostname,
    status: statusFromCode(row.status),
    previousStatus: statusFromCode(row.previous_status),
    statusSince: row.status_since,
    statusDeadline: row.status_deadline,
    waitingFor: row.waiting_for as WaitingFor | null,
    ownerId: row.owner_id,
    locked: row.locked,
    bootEpoch: row.boot_epoch,
    netboot: row.netboot,
    powerType: row.power_type,
    powerState: row.power_state as PowerState,
    osystem: row.osystem,
    distroSeries: row.distro_series,
    hweKernel: row.hwe_kernel,
    installKvm: row.install_kvm,
    agentName: row.agent_name,
    ephemeralDeploy: row.ephemeral_deploy,
    enableHwSync: row.enable_hw_sync,
    syncIntervalS: row.sync_interval_s,
    lastSync: row.last_sync,
    syncSilent: row.sync_silent,
    enableSsh: row.enable_ssh,
    skipNetworking: row.skip_networking,
    skipStorage: row.skip_storage,
    enlisting: row.enlisting,
    powerStateBefore: row.power_state_before as PowerState | null,
    errorDescription: row.error_description,
    interfaceCount: row.interface_count,
    commissioningSetId: row.commissioning_set_id,
    commissioningPassed: row.commissioning_passed,
    testingSetId: row.testing_set_id,
    installationSetId: row.installation_set_id,
    releaseSetId: row.release_set_id,
    dynamic: row.dynamic,
  };
}

/** A machine with what else its row holds. */
export interface LoadedMachine {
  machine: Machine;
  row: NodeRow;
}

const loaded = (row: Row): LoadedMachine => ({ machine: fromRow(row), row });

/** One machine, locked until `tx` ends; undefined when there is none. */
export async function lockMachine(tx: Tx, systemId: string): Promise<LoadedMachine | undefined> {
  const row = await machineQuery(tx)
    .where("system_id", "=", systemId)
    .where("node_type", "=", 0)
    .forUpdate("node")
    .executeTakeFirst();
  return row && loaded(row);
}

export async function lockMachineById(tx: Tx, id: number): Promise<LoadedMachine | undefined> {
  const row = await machineQuery(tx)
    .where("node.id", "=", id)
    .where("node_type", "=", 0)
    .forUpdate("node")
    .executeTakeFirst();
  return row && loaded(row);
}

/** Several machines, locked in the order of their ids, so that two callers cannot deadlock. Absent ones are left out. */
export async function lockMachines(tx: Tx, systemIds: readonly string[]): Promise<LoadedMachine[]> {
  const rows = await machineQuery(tx)
    .where("system_id", "=", sql<string>`any(${systemIds})`)
    .where("node_type", "=", 0)
    .orderBy("node.id")
    .forUpdate("node")
    .execute();
  return rows.map(loaded);
}

export async function readMachine(db: Kysely<Schema>, systemId: string): Promise<LoadedMachine | undefined> {
  const row = await machineQuery(db).where("system_id", "=", systemId).where("node_type", "=", 0).executeTakeFirst();
  return row && loaded(row);
}

export async function readMachineById(db: Kysely<Schema>, id: number): Promise<LoadedMachine | undefined> {
  const row = await machineQuery(db).where("node.id", "=", id).where("node_type", "=", 0).executeTakeFirst();
  return row && loaded(row);
}

/** The machine that has a physical interface with this MAC address. */
export async function machineIdByMac(db: Kysely<Schema>, macs: readonly string[]): Promise<number | undefined> {
  const row = await db
    .selectFrom("interface")
    .innerJoin("node", "node.id", "interface.node_id")
    .select("node.id")
    .where("interface.mac", "=", sql<string>`any(${macs}::macaddr[])`)
    .where("interface.type", "=", "physical")
    .where("node.node_type", "=", 0)
    .orderBy("node.id")
    .executeTakeFirst();
  return row?.id;
}

/** Column of each field that a decision may set. */
const columnOf = {
  hostname: "hostname",
  statusSince: "status_since",
  statusDeadline: "status_deadline",
  waitingFor: "waiting_for",
  ownerId: "owner_id",
  locked: "locked",
  bootEpoch: "boot_epoch",
  netboot: "netboot",
  powerType: "power_type",
  powerState: "power_state",
  osystem: "osystem",
  distroSeries: "distro_series",
  hweKernel: "hwe_kernel",
  installKvm: "install_kvm",
  agentName: "agent_name",
  ephemeralDeploy: "ephemeral_deploy",
  enableHwSync: "enable_hw_sync",
  syncIntervalS: "sync_interval_s",
  lastSync: "last_sync",
  syncSilent: "sync_silent",
  enableSsh: "enable_ssh",
  skipNetworking: "skip_networking",
  skipStorage: "skip_storage",
  enlisting: "enlisting",
  powerStateBefore: "power_state_before",
  errorDescription: "error_description",
  commissioningSetId: "commissioning_set_id",
  testingSetId: "testing_set_id",
  installationSetId: "installation_set_id",
  releaseSetId: "release_set_id",
} as const satisfies Partial<Record<keyof Decision["set"], keyof NodeTable>>;

/** Write the fields of a decision. Others of the row go in `more`. */
export async function updateMachine(
  tx: Tx,
  id: number,
  set: Decision["set"],
  more: Record<string, unknown> = {},
): Promise<void> {
  const columns: Record<string, unknown> = { ...more };
  for (const [field, value] of Object.entries(set)) {
    if (field === "status" || field === "previousStatus")
      columns[field === "status" ? "status" : "previous_status"] = statusCode[value as Machine["status"]];
    else columns[columnOf[field as keyof typeof columnOf]] = value;
  }
  if (Object.keys(columns).length === 0) return;
  await tx.updateTable("node").set(columns).where("id", "=", id).execute();
}

/** Waiting machines whose deadline has passed, oldest first. */
export async function overdueMachineIds(db: Kysely<Schema>, now: Date, limit: number): Promise<number[]> {
  const rows = await db
    .selectFrom("node")
    .select("id")
    .where("status_deadline", "<=", now)
    .where("node_type", "=", 0)
    .orderBy("status_deadline")
    .limit(limit)
    .execute();
  return rows.map((r) => r.id);
}

/** When the next deadline falls; undefined when nobody waits. */
export async function nextDeadline(db: Kysely<Schema>): Promise<Date | undefined> {
  const row = await db
    .selectFrom("node")
    .select((eb) => eb.fn.min("status_deadline").as("at"))
    .where("status_deadline", "is not", null)
    .executeTakeFirst();
  return row?.at ?? undefined;
}
