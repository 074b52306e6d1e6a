/** A node's hardware in tables: written from a report, whole tables of it in one statement each. */
import type { ReportedDevice, ReportedDisk, ReportedNumaNode } from "@rackwright/domain/hardware/report";
import { type Kysely, sql } from "kysely";
import type { Tx } from "./connect.ts";
import type { Schema } from "./schema.ts";

/** Ours, arbitrary. */
const [REPORT_LOCK, NETWORKS_LOCK] = [7_225_011, 7_225_012];

/** Reports that claim the same thing (a MAC address, a UUID) are applied one after the other; all others at once. */
export async function lockReports(tx: Tx, claims: readonly string[]): Promise<void> {
  // In one order, so that two reports cannot wait for each other.
  await sql`
    select pg_advisory_xact_lock(key)
    from (select distinct hashtextextended(claim, ${REPORT_LOCK}) as key from unnest(${claims}::text[]) claim order by key) keys`.execute(
    tx,
  );
}

/** Who finds networks that nobody described makes them; one report at a time. To be taken after `lockReports`. */
export async function lockNetworks(tx: Tx): Promise<void> {
  await sql`select pg_advisory_xact_lock(${NETWORKS_LOCK})`.execute(tx);
}

export interface HardwareRow {
  systemId: string;
  hostname: string;
  nodeType: number;
  architecture: string | null;
}

export function hardwareRow(db: Kysely<Schema>, nodeId: number): Promise<HardwareRow> {
  return db
    .selectFrom("node")
    .select(["system_id as systemId", "hostname", "node_type as nodeType", "architecture"])
    .where("id", "=", nodeId)
    .executeTakeFirstOrThrow();
}

export async function setHardware(
  tx: Tx,
  nodeId: number,
  set: { architecture: string; cpuCount: number; cpuSpeedMhz: number; memoryMib: number },
): Promise<void> {
  await tx
    .updateTable("node")
    .set({
      architecture: set.architecture,
      cpu_count: set.cpuCount,
      cpu_speed: set.cpuSpeedMhz,
      memory_mib: set.memoryMib,
    })
    .where("id", "=", nodeId)
    .execute();
}

/**
 * A UUID that two machines report names neither: both lose it.
 * @returns system ids of the others that lost theirs
 */
export async function setHardwareUuid(tx: Tx, nodeId: number, uuid: string | null): Promise<string[]> {
  const others =
    uuid === null
      ? []
      : await tx
          .updateTable("node")
          .set({ hardware_uuid: null })
          .where(sql`lower(hardware_uuid)`, "=", uuid)
          .where("id", "<>", nodeId)
          .returning("system_id")
          .execute();
  const own = others.length === 0 ? uuid : null;
  await tx.updateTable("node").set({ hardware_uuid: own }).where("id", "=", nodeId).execute();
  return others.map((other) => other.system_id);
}

/** Replace the metadata that reports write; what others wrote stays. */
export async function replaceMetadata(
  tx: Tx,
  nodeId: number,
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  await sql`
    delete from node_metadata where node_id = ${nodeId}
    and key ~ '^(system_(vendor|product|family|version|sku|serial)|mainboard_.*|chassis_.*|cpu_model)$'`.execute(tx);
  await sql`
    insert into node_metadata (node_id, key, value)
    select ${nodeId}, key, value from jsonb_each_text(${JSON.stringify(metadata)}::jsonb)
    on conflict (node_id, key) do update set value = excluded.value`.execute(tx);
}

export async function replaceNumaNodes(tx: Tx, nodeId: number, nodes: readonly ReportedNumaNode[]): Promise<void> {
  await tx.deleteFrom("numa_node").where("node_id", "=", nodeId).execute();
  await sql`
    insert into numa_node (node_id, index, memory_mib, cores, hugepages)
    select ${nodeId}, n."index", n."memoryMib", n.cores, n.hugepages
    from jsonb_to_recordset(${JSON.stringify(nodes)}::jsonb)
      as n("index" int, "memoryMib" bigint, cores int[], hugepages jsonb)`.execute(tx);
}

export async function replaceDevices(tx: Tx, nodeId: number, devices: readonly ReportedDevice[]): Promise<void> {
  await tx.deleteFrom("node_device").where("node_id", "=", nodeId).execute();
  await sql`
    insert into node_device (node_id, bus, hardware_type, vendor_id, product_id, vendor_name, product_name, driver,
      bus_number, device_number, pci_address, numa_node, mac, disk_name)
    select ${nodeId}, d.bus, d."hardwareType", d."vendorId", d."productId", d."vendorName", d."productName", d.driver,
      d."busNumber", d."deviceNumber", d."pciAddress", d."numaNode", d.mac, d."diskName"
    from jsonb_to_recordset(${JSON.stringify(devices)}::jsonb) as d(bus text, "hardwareType" smallint, "vendorId" text,
      "productId" text, "vendorName" text, "productName" text, driver text, "busNumber" int, "deviceNumber" int,
      "pciAddress" text, "numaNode" int, mac macaddr, "diskName" text)`.execute(tx);
}

/** Put a tag on the node or take it off; one that does not exist yet is made. @returns names of tags that were made */
export async function setNodeTags(
  tx: Tx,
  nodeId: number,
  tags: { on: readonly string[]; off: readonly string[] },
): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    insert into tag (name) select distinct unnest(${tags.on}::text[]) on conflict (name) do nothing returning name`.execute(
    tx,
  );
  await sql`
    insert into node_tag (node_id, tag_id) select ${nodeId}, id from tag where name = any(${tags.on}::text[])
    on conflict do nothing`.execute(tx);
  await sql`
    delete from node_tag where node_id = ${nodeId}
    and tag_id in (select id from tag where name = any(${tags.off}::text[]))`.execute(tx);
  return rows.map((row) => row.name);
}

export interface DiskRow {
  id: number;
  name: string;
  serial: string | null;
  idPath: string | null;
  tags: string[];
}

export function reportedDisks(db: Kysely<Schema>, nodeId: number): Promise<DiskRow[]> {
  return db
    .selectFrom("block_device")
    .select(["id", "name", "serial", "id_path as idPath", "tags"])
    .where("node_id", "=", nodeId)
    .where("type", "=", "physical")
    .orderBy("id")
    .execute();
}

export type DiskWrite = ReportedDisk & { id: number | null };

const diskRecord = sql.raw(
  `d(id bigint, name text, model text, serial text, "idPath" text, "sizeBytes" bigint, "blockSizeBytes" int,
    "firmwareVersion" text, "numaNode" int, tags text[])`,
);

/** Disks with an id are updated, those without inserted, `gone` are deleted with all that was planned on them. */
export async function writeDisks(
  tx: Tx,
  nodeId: number,
  disks: readonly DiskWrite[],
  gone: readonly number[],
): Promise<void> {
  await sql`delete from block_device where id = any(${gone}::bigint[])`.execute(tx);
  // Two disks may have changed names with each other: all give theirs up first.
  await sql`update block_device set name = '~' || id where node_id = ${nodeId} and type = 'physical'`.execute(tx);
  const json = JSON.stringify(disks);
  await sql`
    update block_device b set name = d.name, model = d.model, serial = d.serial, id_path = d."idPath", size_bytes = d."sizeBytes",
      block_size_bytes = d."blockSizeBytes", firmware_version = d."firmwareVersion", numa_node = d."numaNode", tags = d.tags
    from jsonb_to_recordset(${json}::jsonb) as ${diskRecord} where b.id = d.id`.execute(tx);
  await sql`
    insert into block_device (node_id, name, model, serial, id_path, size_bytes, block_size_bytes, firmware_version, numa_node, tags)
    select ${nodeId}, d.name, d.model, d.serial, d."idPath", d."sizeBytes", d."blockSizeBytes", d."firmwareVersion", d."numaNode", d.tags
    from jsonb_to_recordset(${json}::jsonb) as ${diskRecord} where d.id is null`.execute(tx);
}
