/** Machines and disks for tests. */
import type { Device, StorageModel } from "./model.ts";

export function disk(id: number, name: string, sizeBytes: number, change: Partial<Device> = {}): Device {
  return {
    id,
    type: "physical",
    name,
    sizeBytes,
    blockSizeBytes: 512,
    uuid: null,
    model: null,
    serial: null,
    idPath: `/dev/disk/by-id/virtio-${name}`,
    numaNode: null,
    tags: [],
    table: null,
    groupId: null,
    ...change,
  };
}

/** With nothing on its disks. */
export function machine(devices: readonly Device[], change: Partial<StorageModel> = {}): StorageModel {
  return {
    architecture: "amd64/generic",
    biosBootMethod: "pxe",
    bootDiskId: null,
    devices,
    partitions: [],
    filesystems: [],
    groups: [],
    cacheSets: [],
    ...change,
  };
}

export function uuids(): () => string {
  let count = 0;
  return () => {
    count += 1;
    return `00000000-0000-4000-8000-${String(count).padStart(12, "0")}`;
  };
}
