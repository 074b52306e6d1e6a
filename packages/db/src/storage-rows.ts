/** Rows to the storage model. */
import type { CacheMode, Filesystem, FilesystemType, GroupType, StorageModel } from "@rackwright/domain/storage/model";
import type { Selectable } from "kysely";
import type { BlockDeviceTable, FilesystemTable, NodeTable, PartitionTable, StorageGroupTable } from "./schema.ts";

export interface StorageRows {
  readonly devices: readonly Selectable<BlockDeviceTable>[];
  readonly partitions: readonly Selectable<PartitionTable>[];
  readonly filesystems: readonly Selectable<FilesystemTable>[];
  readonly groups: readonly Selectable<StorageGroupTable>[];
  readonly cacheSets: readonly { id: number }[];
}

type NodeRow = Pick<Selectable<NodeTable>, "architecture" | "bios_boot_method" | "boot_disk_id">;

/** @param rows of one node, each kind in the order of its ids, partitions in that of their numbers */
export function storageModelOf(node: NodeRow, rows: StorageRows): StorageModel {
  return {
    architecture: node.architecture ?? "amd64/generic",
    biosBootMethod: node.bios_boot_method ?? "pxe",
    bootDiskId: node.boot_disk_id,
    devices: rows.devices.map((b) => ({
      id: b.id,
      type: b.type === "physical" ? "physical" : "virtual",
      name: b.name,
      sizeBytes: b.size_bytes,
      blockSizeBytes: b.block_size_bytes,
      uuid: b.uuid,
      model: b.model,
      serial: b.serial,
      idPath: b.id_path,
      numaNode: b.numa_node,
      firmwareVersion: b.firmware_version,
      tags: b.tags,
      table: b.partition_table_type === "gpt" || b.partition_table_type === "mbr" ? b.partition_table_type : null,
      groupId: b.group_id,
    })),
    partitions: rows.partitions.map((p) => ({
      id: p.id,
      deviceId: p.block_device_id,
      index: p.index,
      sizeBytes: p.size_bytes,
      uuid: p.uuid,
      bootable: p.bootable,
      tags: p.tags,
    })),
    filesystems: rows.filesystems.map((f) => ({
      id: f.id,
      on: filesystemPlace(f.block_device_id, f.partition_id),
      fstype: f.fstype as FilesystemType,
      uuid: f.uuid,
      label: f.label,
      mountPoint: f.mount_point,
      mountOptions: f.mount_options,
      groupId: f.group_id,
      cacheSetId: f.cache_set_id,
    })),
    groups: rows.groups.map((g) => ({
      id: g.id,
      type: g.type as GroupType,
      name: g.name,
      uuid: g.uuid,
      cacheMode: g.cache_mode as CacheMode | null,
      cacheSetId: g.cache_set_id,
    })),
    cacheSets: rows.cacheSets.map(({ id }) => ({ id })),
  };
}

function filesystemPlace(deviceId: number | null, partitionId: number | null): Filesystem["on"] {
  if (partitionId !== null) return { kind: "partition", id: partitionId };
  return deviceId === null ? { kind: "nothing" } : { kind: "device", id: deviceId };
}
