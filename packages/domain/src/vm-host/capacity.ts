/** What a VM host has, what its machines take of it, and what is left. Pure. */

export interface StoragePool {
  id: string;
  name: string;
  type: string;
  path: string;
  totalBytes: number;
  /** As the host told it: others may use it too. */
  availableBytes: number;
}

export interface Disk {
  sizeBytes: number;
  /** Name of the storage pool; empty: of none that is known. */
  pool: string;
}

/** What one machine takes. */
export interface Guest {
  pinnedCores: readonly number[];
  unpinnedCores: number;
  memoryMib: number;
  disks: readonly Disk[];
}

export interface HostCapacity {
  cores: number;
  memoryMib: number;
  cpuOverCommitRatio: number;
  memoryOverCommitRatio: number;
  storagePools: readonly StoragePool[];
  /** Id of the pool for disks that name none; null: the first. */
  defaultPool: string | null;
}

export interface Resources {
  cores: number;
  memoryMib: number;
  storageBytes: number;
}

export interface PoolUse extends StoragePool {
  /** Set aside for machines. A disk that has not been written yet is there all the same. */
  usedBytes: number;
  /** Not set aside, and free by the host's own word. */
  freeBytes: number;
  isDefault: boolean;
}

const sum = (numbers: readonly number[]) => numbers.reduce((all, one) => all + one, 0);

export function usedResources(guests: readonly Guest[]): Resources {
  return {
    cores: sum(guests.map((guest) => guest.pinnedCores.length + guest.unpinnedCores)),
    memoryMib: sum(guests.map((guest) => guest.memoryMib)),
    storageBytes: sum(guests.flatMap((guest) => guest.disks.map((disk) => disk.sizeBytes))),
  };
}

export function totalResources(host: HostCapacity): Resources {
  return {
    cores: host.cores,
    memoryMib: host.memoryMib,
    storageBytes: sum(host.storagePools.map((pool) => pool.totalBytes)),
  };
}

/** Never below zero: a host that is over-committed has nothing left. */
export function availableResources(host: HostCapacity, guests: readonly Guest[]): Resources {
  const total = totalResources(host);
  const used = usedResources(guests);
  return {
    cores: Math.max(0, total.cores - used.cores),
    memoryMib: Math.max(0, total.memoryMib - used.memoryMib),
    storageBytes: sum(poolUses(host, guests).map((pool) => pool.freeBytes)),
  };
}

export function poolUses(host: HostCapacity, guests: readonly Guest[]): PoolUse[] {
  const [first] = host.storagePools;
  const known = host.storagePools.find((pool) => pool.id === host.defaultPool) ?? first;
  return host.storagePools.map((pool) => {
    const usedBytes = sum(
      guests.flatMap((guest) => guest.disks.filter((disk) => disk.pool === pool.name).map((disk) => disk.sizeBytes)),
    );
    const freeBytes = Math.max(0, Math.min(pool.totalBytes - usedBytes, pool.availableBytes));
    return { ...pool, usedBytes, freeBytes, isDefault: pool === known };
  });
}
