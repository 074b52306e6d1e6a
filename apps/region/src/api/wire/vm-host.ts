/** VM hosts as the API shows them (reference: objects-2.0.json, VMHost). */
import type { VM, VMCluster, VMHost, VMHostResources } from "@rackwright/contract/objects/vm-host";
import { API_ROOT } from "@rackwright/contract/table";
import type { VirtualMachineRow, VmHostView } from "@rackwright/db/vm-hosts";
import {
  availableResources,
  type HostCapacity,
  poolUses,
  type Resources,
  totalResources,
  usedResources,
} from "@rackwright/domain/vm-host/capacity";
import type { VmClusterView } from "../../app/vm-clusters.ts";
import { poolObject, zoneObject } from "./machine.ts";

const resources = ({ cores, memoryMib, storageBytes }: Resources): VMHostResources => ({
  cores,
  memory: memoryMib,
  local_storage: storageBytes,
});

const capacityOf = ({ row, pools }: VmHostView): HostCapacity => ({
  cores: row.cores,
  memoryMib: row.memory_mib,
  cpuOverCommitRatio: row.cpu_over_commit_ratio,
  memoryOverCommitRatio: row.memory_over_commit_ratio,
  storagePools: pools,
  defaultPool: row.default_storage_pool,
});

export function wireVmHost(view: VmHostView): VMHost {
  const { row, guests } = view;
  const capacity = capacityOf(view);
  return {
    name: row.name,
    version: row.version,
    architectures: row.architectures,
    capabilities: row.capabilities,
    pool: poolObject(view.pool),
    zone: zoneObject(view.zone),
    tags: row.tags,
    cpu_over_commit_ratio: row.cpu_over_commit_ratio,
    memory_over_commit_ratio: row.memory_over_commit_ratio,
    default_macvlan_mode: row.default_macvlan_mode,
    id: row.id,
    type: row.type,
    total: resources(totalResources(capacity)),
    used: resources(usedResources(guests)),
    available: resources(availableResources(capacity, guests)),
    storage_pools: poolUses(capacity, guests).map((pool) => ({
      id: pool.id,
      name: pool.name,
      type: pool.type,
      path: pool.path,
      total: pool.totalBytes,
      used: pool.usedBytes,
      available: pool.freeBytes,
      default: pool.isDefault,
    })),
    host: { system_id: view.hostSystemId, __incomplete__: true },
    resource_uri: `${API_ROOT}/vm-hosts/${row.id}/`,
  };
}

export function wireVmCluster({ row, hosts }: VmClusterView): VMCluster {
  const add = (of: (host: VmHostView) => Resources) =>
    resources(
      hosts.map(of).reduce(
        (sum, one) => ({
          cores: sum.cores + one.cores,
          memoryMib: sum.memoryMib + one.memoryMib,
          storageBytes: sum.storageBytes + one.storageBytes,
        }),
        { cores: 0, memoryMib: 0, storageBytes: 0 },
      ),
    );
  const pools: VMCluster["storage_pools"] = {};
  for (const pool of hosts.flatMap((host) => poolUses(capacityOf(host), host.guests))) {
    const known = pools[pool.name];
    const all = pool.totalBytes - pool.freeBytes - pool.usedBytes;
    pools[pool.name] = {
      free: (known?.free ?? 0) + pool.freeBytes,
      total: (known?.total ?? 0) + pool.totalBytes,
      allocated_tracked: (known?.allocated_tracked ?? 0) + pool.usedBytes,
      allocated_other: (known?.allocated_other ?? 0) + Math.max(0, all),
      path: pool.path,
      backend: pool.type,
    };
  }
  return {
    name: row.name,
    project: row.project,
    id: row.id,
    vmhost_count: hosts.length,
    vm_count: hosts.reduce((sum, host) => sum + host.guests.length, 0),
    version: hosts[0]?.row.version ?? "",
    total: add((host) => totalResources(capacityOf(host))),
    used: add((host) => usedResources(host.guests)),
    available: add((host) => availableResources(capacityOf(host), host.guests)),
    storage_pools: pools,
    // Without a slash at the end, as the path has none.
    resource_uri: `${API_ROOT}/vm-clusters/${row.id}`,
  };
}

export const wireVirtualMachine = (row: VirtualMachineRow): VM => ({
  identifier: row.identifier,
  pinned_cores: row.pinned_cores,
  unpinned_cores: row.unpinned_cores,
  memory: row.memory_mib,
  hugepages_backed: row.hugepages_backed,
  project: row.project,
  id: row.id,
  machine_id: row.node_id,
  bmc_id: row.vm_host_id,
  resource_uri: `${API_ROOT}/virtual-machines/${row.id}`,
});
