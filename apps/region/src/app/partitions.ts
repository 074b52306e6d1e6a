/** Partitions of a machine's block devices (reference: networking-storage, sections 11 and 14). */
import { checkTag, tagged } from "@rackwright/domain/storage/devices";
import { addPartition, deletePartition } from "@rackwright/domain/storage/partitions";
import type { Ctx } from "../context.ts";
import { bytesOf } from "./block-devices.ts";
import type { Volume } from "./filesystems.ts";
import { editStorage, makeStorage } from "./storage-edit.ts";
import { deviceOf, partitionOf } from "./storage-view.ts";

interface PartitionFields {
  size?: string | undefined;
  uuid?: string | undefined;
  bootable?: boolean | undefined;
}

/** @returns its id */
export function createPartition(ctx: Ctx, systemId: string, device: string, fields: PartitionFields): Promise<number> {
  return makeStorage(ctx, systemId, "partition", `Partitioned ${device}`, (edit) => {
    const { uuid, bootable } = fields;
    return addPartition(edit, deviceOf(edit, device), { sizeBytes: bytesOf("size", fields.size), uuid, bootable });
  });
}

export async function removePartition(ctx: Ctx, { systemId, device, partition = "" }: Volume): Promise<void> {
  await editStorage(ctx, systemId, "configure_storage", `Deleted partition ${partition} of ${device}`, (edit) =>
    deletePartition(edit, partitionOf(edit, device, partition)),
  );
}

export async function tagPartition(ctx: Ctx, volume: Volume, tag: string, on: boolean): Promise<void> {
  const { systemId, device, partition: word = "" } = volume;
  const done = `${on ? "Tagged" : "Untagged"} partition ${word} of ${device}`;
  await editStorage(ctx, systemId, "tag_partition", done, (edit) => {
    const partition = partitionOf(edit, device, word);
    edit.putPartition({ ...partition, tags: tagged(partition.tags, checkTag(tag), on) });
  });
}
