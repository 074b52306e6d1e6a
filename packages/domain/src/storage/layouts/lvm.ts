import { onDevice, type StorageEdit } from "../edit.ts";
import { EFI_BYTES } from "../geometry.ts";
import { createVolume, createVolumeGroup, volumeGroupBytes } from "../lvm.ts";
import { parseSize } from "../size.ts";
import { basePartitions, type LayoutParams, MIN_ROOT_BYTES, within } from "./sizes.ts";

/** As flat, with a logical volume in place of the root partition. */
export function lvmLayout(edit: StorageEdit, params: LayoutParams): void {
  const { boot, root, rootBytes, bootBytes } = basePartitions(edit, params);
  const name = params.vgName ?? "vgroot";
  const group = createVolumeGroup(edit, { name, partitions: [String(root.id)] }, "vg_name");
  const most = volumeGroupBytes(edit, group);
  let sizeBytes: number | undefined;
  if (params.lvSize !== undefined) {
    const base = rootBytes ?? boot.sizeBytes - EFI_BYTES - bootBytes;
    const wanted = parseSize("lv_size", params.lvSize, base);
    within("lv_size", wanted, MIN_ROOT_BYTES, base, name);
    // LVM keeps one extent of the partition for itself.
    sizeBytes = Math.min(wanted, most);
  }
  const volume = createVolume(edit, group, { name: params.lvName ?? "lvroot", sizeBytes }, "lv_name");
  edit.addFilesystem({ on: onDevice(volume), fstype: "ext4", label: "root", mountPoint: "/" });
}
