/** Hosts of virtual machines (reference: objects-2.0.json). */
import { z } from "zod";
import { ResourcePool, Zone } from "./common.ts";

/** Memory in MiB, storage in bytes. */
export const VMHostResources = z.object({ cores: z.int(), memory: z.int(), local_storage: z.int() });
export type VMHostResources = z.infer<typeof VMHostResources>;

export const VMHostStoragePool = z.object({
  id: z.string(),
  name: z.string(),
  type: z.string(),
  path: z.string(),
  total: z.int(),
  used: z.int(),
  available: z.int(),
  default: z.boolean(),
});
export type VMHostStoragePool = z.infer<typeof VMHostStoragePool>;

export const VMHost = z.object({
  name: z.string(),
  version: z.string(),
  architectures: z.array(z.string()),
  capabilities: z.array(z.string()),
  pool: ResourcePool.nullable(),
  zone: Zone,
  tags: z.array(z.string()),
  cpu_over_commit_ratio: z.number(),
  memory_over_commit_ratio: z.number(),
  default_macvlan_mode: z.string().nullable(),
  id: z.int(),
  type: z.string(),
  total: VMHostResources,
  used: VMHostResources,
  available: VMHostResources,
  storage_pools: z.array(VMHostStoragePool),
  host: z.object({ system_id: z.string().nullable(), __incomplete__: z.literal(true) }),
  resource_uri: z.string(),
});
export type VMHost = z.infer<typeof VMHost>;

export const ComposedMachine = z.object({ system_id: z.string(), resource_uri: z.string() });
export type ComposedMachine = z.infer<typeof ComposedMachine>;

export const VMClusterStoragePool = z.object({
  free: z.int(),
  total: z.int(),
  allocated_tracked: z.int(),
  allocated_other: z.int(),
  path: z.string(),
  backend: z.string(),
});

export const VMCluster = z.object({
  name: z.string(),
  project: z.string(),
  id: z.int(),
  vmhost_count: z.int(),
  vm_count: z.int(),
  version: z.string(),
  total: VMHostResources,
  used: VMHostResources,
  available: VMHostResources,
  storage_pools: z.record(z.string(), VMClusterStoragePool),
  resource_uri: z.string(),
});
export type VMCluster = z.infer<typeof VMCluster>;

export const VM = z.object({
  identifier: z.string(),
  pinned_cores: z.array(z.int()),
  unpinned_cores: z.int(),
  memory: z.int(),
  hugepages_backed: z.boolean(),
  project: z.string(),
  id: z.int(),
  machine_id: z.int().nullable(),
  bmc_id: z.int(),
  resource_uri: z.string(),
});
export type VM = z.infer<typeof VM>;
