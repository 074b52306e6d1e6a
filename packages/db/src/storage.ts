/** A node's storage model in tables: read as a whole, and stored by what differs. */
import type { StorageModel } from "@rackwright/domain/storage/model";
import { type Kysely, sql } from "kysely";
import type { Tx } from "./connect.ts";
import type { Schema } from "./schema.ts";
import { storageModelOf } from "./storage-rows.ts";

/** Filesystems that are members of something larger: nobody mounts them, so nobody gets a copy. */
const MEMBERS = sql`array['lvm-pv', 'raid', 'raid-spare', 'bcache-cache', 'bcache-backing', 'vmfs6']`;

/**
 * What stands on a node's disks. `acquired`: the copies that belong to whoever holds the machine, instead of the originals.
 * @throws Error when there is no such node
 */
export async function loadStorageModel(
  db: Kysely<Schema>,
  nodeId: number,
  options: { acquired: boolean },
): Promise<StorageModel> {
  const [node, devices, partitions, filesystems, groups, cacheSets] = await Promise.all([
    db
      .selectFrom("node")
      .select(["architecture", "bios_boot_method", "boot_disk_id"])
      .where("id", "=", nodeId)
      .executeTakeFirstOrThrow(),
    db.selectFrom("block_device").selectAll().where("node_id", "=", nodeId).orderBy("id").execute(),
    db
      .selectFrom("partition as p")
      .innerJoin("block_device as b", "b.id", "p.block_device_id")
      .selectAll("p")
      .where("b.node_id", "=", nodeId)
      .orderBy("p.block_device_id")
      .orderBy("p.index")
      .execute(),
    db
      .selectFrom("filesystem")
      .selectAll()
      .where("node_id", "=", nodeId)
      // In brackets: "and" binds closer, and members of all nodes would be this one's.
      .where(sql<boolean>`(acquired = ${options.acquired} or fstype = any(${MEMBERS}))`)
      .orderBy("id")
      .execute(),
    db.selectFrom("storage_group").selectAll().where("node_id", "=", nodeId).orderBy("id").execute(),
    db.selectFrom("cache_set").select("id").where("node_id", "=", nodeId).orderBy("id").execute(),
  ]);
  return storageModelOf(node, { devices, partitions, filesystems, groups, cacheSets });
}

/** Forget what was planned for a node's disks: filesystems and their copies, partitions, groups. The disks stay. */
export async function clearStorageRows(tx: Tx, nodeId: number): Promise<void> {
  await tx.deleteFrom("filesystem").where("node_id", "=", nodeId).execute();
  await tx.deleteFrom("storage_group").where("node_id", "=", nodeId).execute();
  await tx.deleteFrom("cache_set").where("node_id", "=", nodeId).execute();
  await tx.deleteFrom("block_device").where("node_id", "=", nodeId).where("type", "<>", "physical").execute();
  const disks = tx.selectFrom("block_device").select("id").where("node_id", "=", nodeId);
  await tx.deleteFrom("partition").where("block_device_id", "in", disks).execute();
  await tx
    .updateTable("block_device")
    .set({ partition_table_type: null })
    .where("node_id", "=", nodeId)
    .where("partition_table_type", "is not", null)
    .execute();
}

/** Give the holder of a node filesystems of their own to edit and mount: copies that vanish at release. */
export async function copyFilesystems(tx: Tx, nodeId: number): Promise<void> {
  await dropFilesystemCopies(tx, nodeId);
  await sql`
    insert into filesystem (node_id, block_device_id, partition_id, fstype, uuid, label, mount_point, mount_options, acquired)
    select node_id, block_device_id, partition_id, fstype, uuid, label, mount_point, mount_options, true
    from filesystem where node_id = ${nodeId} and not acquired and fstype <> all(${MEMBERS})
    order by id`.execute(tx);
}

export async function dropFilesystemCopies(tx: Tx, nodeId: number): Promise<void> {
  await tx.deleteFrom("filesystem").where("node_id", "=", nodeId).where("acquired", "=", true).execute();
}
