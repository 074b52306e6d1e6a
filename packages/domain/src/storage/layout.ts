import { invalidField } from "../errors.ts";
import { flatLayout } from "./flat.ts";
import { bootDisk } from "./boot-disk.ts";
import type { LayoutMachine, LayoutParams, StorageModel } from "./model.ts";

type Layout = (machine: LayoutMachine, params: LayoutParams, newUuid: () => string) => StorageModel;

/** The layouts that can be made. A further one is a file of its own and a line here. */
const layouts = { flat: flatLayout, blank: blankLayout } as const satisfies Record<string, Layout>;

export type LayoutName = keyof typeof layouts;
export const layoutNames = Object.keys(layouts) as LayoutName[];

/**
 * The storage of a machine after layout `name` was put on it; whatever was planned before is gone.
 * `newUuid` is called once per partition and filesystem, in the order of the result.
 * @throws DomainError `invalid_fields` for an unknown layout, an impossible parameter or too small a disk
 */
export function applyLayout(
  name: string,
  machine: LayoutMachine,
  newUuid: () => string,
  params: LayoutParams = {},
): StorageModel {
  if (!Object.hasOwn(layouts, name)) {
    throw invalidField("storage_layout", `there is no layout '${name}': choose ${layoutNames.join(" or ")}`);
  }
  return layouts[name as LayoutName](machine, params, newUuid);
}

/** Nothing on any disk: the user partitions by hand before deploying. */
function blankLayout(machine: LayoutMachine): StorageModel {
  return {
    disks: machine.disks,
    bootDiskId: bootDisk(machine)?.id,
    partitionTables: [],
    partitions: [],
    filesystems: [],
  };
}
