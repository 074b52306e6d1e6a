import { action, resource } from "../action.ts";
import { optionalList, requiredText, text } from "../params.ts";
import { storageChange } from "./storage.ts";

const seen = { 403: "the caller may not see this machine", 404: "there is no such machine or RAID" } as const;
const refusals = { 400: "members, name or level are refused", ...storageChange("RAID") } as const;
const words = (doc: string) => optionalList(doc, { split: "comma" });
const names = { name: text("Name. Default: md0, md1 ..."), uuid: text("UUID. Default: a new one.") } as const;

export const raids = resource({
  name: "Raids",
  path: "/nodes/{system_id}/raids/",
  doc: "The RAIDs of a machine.",
  actions: {
    read: action({ method: "GET", doc: "List RAIDs", returns: "RAID[]", errors: seen }),
    create: action({
      method: "POST",
      access: "admin",
      doc: "Make a RAID\n\nOf block devices and partitions that carry nothing. With the boot disk among them, whole disks are partitioned first.",
      params: {
        ...names,
        level: requiredText("raid-0, raid-1, raid-5, raid-6 or raid-10."),
        block_devices: words("Block devices, by id or name. May be repeated."),
        partitions: words("Partitions, by id or name. May be repeated."),
        spare_devices: words("Block devices that stand by. May be repeated."),
        spare_partitions: words("Partitions that stand by. May be repeated."),
      },
      returns: "RAID",
      errors: refusals,
    }),
  },
});

export const raid = resource({
  name: "Raid",
  path: "/nodes/{system_id}/raid/{id}/",
  doc: "One RAID, by its id or name.",
  actions: {
    read: action({ method: "GET", doc: "Read a RAID", returns: "RAID", errors: seen }),
    update: action({
      method: "PUT",
      access: "admin",
      doc: "Change a RAID",
      params: {
        ...names,
        add_block_devices: words("Block devices that join."),
        remove_block_devices: words("Block devices that leave."),
        add_spare_devices: words("Block devices that join to stand by."),
        remove_spare_devices: words("Block devices that stand by no more."),
        add_partitions: words("Partitions that join."),
        remove_partitions: words("Partitions that leave."),
        add_spare_partitions: words("Partitions that join to stand by."),
        remove_spare_partitions: words("Partitions that stand by no more."),
      },
      returns: "RAID",
      errors: refusals,
    }),
    delete: action({
      method: "DELETE",
      access: "admin",
      success: 204,
      doc: "Delete a RAID\n\nWith what was planned on it. Its members are free then.",
      errors: { 400: "it is part of another group", ...storageChange("RAID") },
    }),
  },
});
