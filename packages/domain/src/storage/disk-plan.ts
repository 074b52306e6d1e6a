import { invalidField } from "../errors.ts";
import {
  ALIGNMENT_BYTES,
  firstPartitionIndex,
  maxPartitionBytes,
  needsBiosGrub,
  roundDown,
  usableBytes,
} from "./geometry.ts";
import type { Filesystem, LayoutMachine, Partition, PartitionTable, StorageDisk } from "./model.ts";
import { describeBytes } from "./size.ts";

type NewFilesystem = Pick<Filesystem, "fstype" | "label" | "mountPoint" | "mountOptions">;

/** Fills one GPT disk from its start with partitions that each carry a filesystem. */
export class DiskPlan {
  readonly table: PartitionTable;
  readonly partitions: Partition[] = [];
  readonly filesystems: Filesystem[] = [];
  readonly #disk: StorageDisk;
  readonly #usableBytes: number;
  readonly #newUuid: () => string;
  #nextIndex: number;

  constructor(disk: StorageDisk, machine: LayoutMachine, isBootDisk: boolean, newUuid: () => string) {
    this.#disk = disk;
    this.#newUuid = newUuid;
    this.#usableBytes = usableBytes(disk.sizeBytes, machine);
    this.#nextIndex = firstPartitionIndex(machine, isBootDisk);
    this.table = { diskId: disk.id, type: "gpt", biosGrub: needsBiosGrub(machine) };
  }

  freeBytes(): number {
    const taken = this.partitions.reduce((sum, partition) => sum + partition.sizeBytes, 0);
    return Math.min(this.#usableBytes - taken, maxPartitionBytes(this.table.type));
  }

  /**
   * A partition of `sizeBytes`, rounded down to the alignment. A request that exceeds the free space by at most one disk block is shrunk to fit.
   * @throws DomainError `invalid_fields` naming `field` when it does not fit
   */
  add(sizeBytes: number, bootable: boolean, filesystem: NewFilesystem, field: string): void {
    const free = this.freeBytes();
    const fits = sizeBytes <= free + this.#disk.blockSizeBytes;
    const size = roundDown(Math.min(sizeBytes, free));
    if (!fits || size < ALIGNMENT_BYTES) {
      const wanted = `${filesystem.mountPoint ?? filesystem.label} needs ${describeBytes(Math.max(sizeBytes, ALIGNMENT_BYTES))}`;
      throw invalidField(field, `${wanted}, and ${this.#disk.name} has ${describeBytes(Math.max(0, free))} left`);
    }
    const index = this.#nextIndex;
    this.#nextIndex += 1;
    this.partitions.push({ diskId: this.#disk.id, index, sizeBytes: size, uuid: this.#newUuid(), bootable });
    const on = { kind: "partition", diskId: this.#disk.id, index } as const;
    this.filesystems.push({ on, uuid: this.#newUuid(), ...filesystem });
  }
}
