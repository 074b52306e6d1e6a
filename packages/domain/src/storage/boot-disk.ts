import { MIN_BOOT_DISK_BYTES } from "./geometry.ts";
import type { LayoutMachine, StorageDisk } from "./model.ts";

/** The disk to start from: the configured one, else the lowest id of at least 512 MiB. */
export function bootDisk(machine: Pick<LayoutMachine, "disks" | "bootDiskId">): StorageDisk | undefined {
  const configured = machine.disks.find((disk) => disk.id === machine.bootDiskId);
  if (configured) return configured;
  return [...machine.disks].sort((a, b) => a.id - b.id).find((disk) => disk.sizeBytes >= MIN_BOOT_DISK_BYTES);
}
