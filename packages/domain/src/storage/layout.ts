import { invalidField } from "../errors.ts";
import { StorageEdit } from "./edit.ts";
import { bcacheLayout } from "./layouts/bcache.ts";
import { customLayout } from "./layouts/custom.ts";
import { flatLayout } from "./layouts/flat.ts";
import { lvmLayout } from "./layouts/lvm.ts";
import type { LayoutParams } from "./layouts/sizes.ts";
import { vmfs6Layout, vmfs7Layout } from "./layouts/vmfs.ts";
import type { StorageModel } from "./model.ts";

type Layout = (edit: StorageEdit, params: LayoutParams) => void;

/** Every layout by its name in the API and in the setting `default_storage_layout`: one is a file of its own and a line here. */
const layouts: Record<string, Layout> = {
  flat: flatLayout,
  lvm: lvmLayout,
  bcache: bcacheLayout,
  vmfs6: vmfs6Layout,
  vmfs7: vmfs7Layout,
  custom: (edit, params) => customLayout(edit, params.custom),
  // Nothing: the user partitions by hand before deploying.
  blank: () => {},
};

export const layoutNames = Object.keys(layouts);

/**
 * The storage of a machine after layout `name` was put on it; whatever was planned before is gone.
 * `newUuid` is called once per partition, filesystem and group, in the order of the result.
 * @throws DomainError `invalid_fields` for an unknown layout, an impossible parameter or too small a disk
 */
export function applyLayout(
  name: string,
  model: StorageModel,
  newUuid: () => string,
  params: LayoutParams = {},
): StorageModel {
  const layout = Object.hasOwn(layouts, name) ? layouts[name] : undefined;
  if (!layout) throw invalidField("storage_layout", `there is no layout '${name}': choose ${layoutNames.join(", ")}`);
  const edit = new StorageEdit(model, newUuid);
  edit.clear();
  layout(edit, params);
  return edit.result();
}
