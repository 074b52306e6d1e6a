import { action, resource } from "../action.ts";
import { requiredText, text } from "../params.ts";
import { firstMembers, groupRefused, groupSeen, groupUuid, memberList } from "./storage-groups.ts";

const seen = groupSeen("RAID");
const refusals = groupRefused("RAID", "members, name or level are refused");
const names = { name: text("Name. Default: md0, md1 ..."), uuid: groupUuid } as const;

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
        ...firstMembers,
        spare_devices: memberList("Block devices that stand by. May be repeated."),
        spare_partitions: memberList("Partitions that stand by. May be repeated."),
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
        add_block_devices: memberList("Block devices that join."),
        remove_block_devices: memberList("Block devices that leave."),
        add_spare_devices: memberList("Block devices that join to stand by."),
        remove_spare_devices: memberList("Block devices that stand by no more."),
        add_partitions: memberList("Partitions that join."),
        remove_partitions: memberList("Partitions that leave."),
        add_spare_partitions: memberList("Partitions that join to stand by."),
        remove_spare_partitions: memberList("Partitions that stand by no more."),
      },
      returns: "RAID",
      errors: refusals,
    }),
    delete: action({
      method: "DELETE",
      access: "admin",
      success: 204,
      doc: "Delete a RAID\n\nWith what was planned on it. Its members are free then.",
      errors: groupRefused("RAID", "it is part of another group"),
    }),
  },
});
