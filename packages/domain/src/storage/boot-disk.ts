import { MIN_BOOT_DISK_BYTES } from "./geometry.ts";
import { type Device, physicalDisks, type StorageModel } from "./model.ts";

/** The disk to start from: the configured one, else the lowest id of at least 512 MiB. */
export function bootDisk(model: Pick<StorageModel, "devices" | "bootDiskId">): Device | undefined {
  const disks = physicalDisks(model);
  const configured = disks.find((disk) => disk.id === model.bootDiskId);
  if (configured) return configured;
  return disks.sort((a, b) => a.id - b.id).find((disk) => disk.sizeBytes >= MIN_BOOT_DISK_BYTES);
}
