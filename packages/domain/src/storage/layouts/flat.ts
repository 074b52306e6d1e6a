import { onPartition, type StorageEdit } from "../edit.ts";
import { basePartitions, type LayoutParams } from "./sizes.ts";

/** One root filesystem over the rest of the disk. */
export function flatLayout(edit: StorageEdit, params: LayoutParams): void {
  const { root } = basePartitions(edit, params);
  edit.addFilesystem({ on: onPartition(root), fstype: "ext4", label: "root", mountPoint: "/" });
}
