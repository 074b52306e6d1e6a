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

export const StorageStub = z.object({
  system_id: z.string(),
  id: z.int(),
  __incomplete__: z.boolean(),
});
export type StorageStub = z.infer<typeof StorageStub>;
