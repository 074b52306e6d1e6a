/** Replies of the API, field by field (reference: objects-2.0.json). */
import { z } from "zod";

export const Filesystem = z.object({
  fstype: z.string(),
  label: z.string().nullable(),
  uuid: z.string(),
  mount_point: z.string().nullable(),
  mount_options: z.string().nullable(),
});
export type Filesystem = z.infer<typeof Filesystem>;

export const Partition = z.object({
  system_id: z.string(),
  device_id: z.int(),
  id: z.int(),
  uuid: z.string().nullable(),
  path: z.string(),
  type: z.string(),
  size: z.int(),
  bootable: z.boolean(),
  filesystem: Filesystem.nullable(),
  used_for: z.string(),
  tags: z.array(z.string()),
  resource_uri: z.string(),
});
export type Partition = z.infer<typeof Partition>;

export const BlockDevice = z.object({
  system_id: z.string(),
  id: z.int(),
  name: z.string(),
  uuid: z.string().nullable(),
  type: z.string(),
  path: z.string(),
  model: z.string().nullable(),
  serial: z.string().nullable(),
  id_path: z.string().nullable(),
  size: z.int(),
  block_size: z.int(),
  available_size: z.int(),
  used_size: z.int(),
  used_for: z.string(),
  tags: z.array(z.string()),
  filesystem: Filesystem.nullable(),
  partition_table_type: z.string().nullable(),
  partitions: z.array(Partition),
  firmware_version: z.string().nullable().optional(),
  storage_pool: z.string().nullable(),
  numa_node: z.int().nullable(),
  resource_uri: z.string(),
});
export type BlockDevice = z.infer<typeof BlockDevice>;

/** What a group is made of. */
export const StorageDevice = z.union([Partition, BlockDevice]);
export type StorageDevice = z.infer<typeof StorageDevice>;

const groupFields = {
  system_id: z.string().nullable(),
  id: z.int(),
  uuid: z.string(),
  name: z.string(),
};
const sized = { size: z.int(), human_size: z.string() };

export const RAID = z.object({
  ...groupFields,
  level: z.string(),
  devices: z.array(StorageDevice),
  spare_devices: z.array(StorageDevice),
  ...sized,
  virtual_device: BlockDevice,
  resource_uri: z.string(),
});
export type RAID = z.infer<typeof RAID>;

export const VolumeGroup = z.object({
  ...groupFields,
  devices: z.array(StorageDevice),
  ...sized,
  available_size: z.int(),
  human_available_size: z.string(),
  used_size: z.int(),
  human_used_size: z.string(),
  logical_volumes: z.array(BlockDevice),
  resource_uri: z.string(),
});
export type VolumeGroup = z.infer<typeof VolumeGroup>;

export const CacheSet = z.object({
  system_id: z.string().nullable(),
  id: z.int(),
  name: z.string(),
  cache_device: StorageDevice.nullable(),
  resource_uri: z.string(),
});
export type CacheSet = z.infer<typeof CacheSet>;

export const Bcache = z.object({
  ...groupFields,
  cache_set: CacheSet.nullable(),
  backing_device: StorageDevice,
  ...sized,
  virtual_device: BlockDevice,
  cache_mode: z.string().nullable(),
  resource_uri: z.string(),
});
export type Bcache = z.infer<typeof Bcache>;

export const VMFSDatastore = z.object({
  ...groupFields,
  devices: z.array(StorageDevice),
  ...sized,
  filesystem: z.object({ fstype: z.string(), mount_point: z.string().nullable() }).nullable(),
  resource_uri: z.string(),
});
export type VMFSDatastore = z.infer<typeof VMFSDatastore>;

export const StorageStub = z.object({
  system_id: z.string(),
  id: z.int(),
  __incomplete__: z.boolean(),
});
export type StorageStub = z.infer<typeof StorageStub>;
