import { invalidField } from "../../errors.ts";
import type { StorageEdit } from "../edit.ts";
import { ALIGNMENT_BYTES, roundDown } from "../geometry.ts";
import { ensureTable, freeBytes, pushPartition } from "../partitions.ts";
import { describeBytes } from "../size.ts";
import { createDatastore, type VmfsGeometry, vmfs6, vmfs7 } from "../vmfs.ts";
import { diskOf, type LayoutParams, startDisk } from "./sizes.ts";

/** What ESXi partitions a disk like: its own partitions by number and size, and a datastore on the rest. */
const layout = (geometry: VmfsGeometry) => (edit: StorageEdit, params: LayoutParams) => {
  const boot = startDisk(edit);
  const disk = ensureTable(edit, diskOf(edit, "root_device", params.rootDevice, boot));
  const fixed = geometry.partitions.reduce((sum, [, size]) => sum + (size ?? 0), 0);
  const rest = roundDown(freeBytes(edit, disk) - fixed);
  if (disk.sizeBytes < geometry.minDiskBytes || rest < ALIGNMENT_BYTES)
    throw invalidField(
      "storage_layout",
      `${disk.name} has ${describeBytes(disk.sizeBytes)}, and this layout needs more than ${describeBytes(Math.max(geometry.minDiskBytes, fixed))}`,
    );
  const made = geometry.partitions.map(([index, size]) => pushPartition(edit, disk, index, size ?? rest));
  const store = made[geometry.partitions.findIndex(([, size]) => size === null)];
  createDatastore(edit, { name: "datastore1", partitions: [String(store?.id)] });
};

export const vmfs6Layout = layout(vmfs6);
export const vmfs7Layout = layout(vmfs7);
