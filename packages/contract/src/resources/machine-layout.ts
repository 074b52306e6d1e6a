/** The storage layout of one machine. */
import { action } from "../action.ts";
import { flag, integer, MAX_INT, requiredText, text } from "../params.ts";

/** Of the resource Machine. */
export const layoutActions = {
  set_storage_layout: action({
    method: "POST",
    access: "admin",
    doc: "Lay out the disks of a machine\n\nPuts a layout in place of all that was planned for its disks. Sizes are bytes; K, M, G, T may follow, or % of the disk.",
    params: {
      storage_layout: requiredText(
        "flat, lvm, bcache, vmfs6, vmfs7, custom (as a commissioning script said), or blank: nothing, to be planned by hand.",
      ),
      boot_size: text("Size of /boot, where there is to be one."),
      root_size: text("Size of the root partition. Default: the rest of the disk."),
      root_device: integer("Id of the disk of the root partition. Default: the one to start from.", {
        min: 0,
        max: MAX_INT,
      }),
      vg_name: text("Volume group, of the layout lvm."),
      lv_name: text("Logical volume, of the layout lvm."),
      lv_size: text("Size of the logical volume, of the layout lvm."),
      cache_device: integer("Id of the disk of the cache, of the layout bcache.", { min: 0, max: MAX_INT }),
      cache_mode: text("Mode of the cache, of the layout bcache."),
      cache_size: text("Size of the cache, of the layout bcache."),
      cache_no_part: flag("Cache on the bare disk, of the layout bcache."),
    },
    returns: "Machine",
    errors: {
      400: "there is no such layout, or the disks do not allow it",
      403: "the caller is not an administrator, or the machine is locked",
      404: "there is no such machine",
      409: "the machine is not Ready",
    },
  }),
} as const;
