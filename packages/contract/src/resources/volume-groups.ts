import { action, resource } from "../action.ts";
import { MAX_INT, requiredInteger, requiredText, text } from "../params.ts";
import { firstMembers, groupRefused, groupSeen, groupUuid, memberChanges } from "./storage-groups.ts";

const seen = groupSeen("volume group");
const refusals = groupRefused("volume group", "members or name are refused");

export const volumeGroups = resource({
  name: "VolumeGroups",
  path: "/nodes/{system_id}/volume-groups/",
  doc: "The LVM volume groups of a machine.",
  actions: {
    read: action({ method: "GET", doc: "List volume groups", returns: "VolumeGroup[]", errors: seen }),
    create: action({
      method: "POST",
      access: "admin",
      doc: "Make a volume group\n\nOf block devices and partitions that carry nothing.",
      params: {
        name: requiredText("Name."),
        uuid: groupUuid,
        ...firstMembers,
      },
      returns: "VolumeGroup",
      errors: refusals,
    }),
  },
});

export const volumeGroup = resource({
  name: "VolumeGroup",
  path: "/nodes/{system_id}/volume-group/{id}/",
  pathAliases: ["/nodes/{system_id}/volume-groups/{id}/"],
  doc: "One volume group, by its id or name.",
  actions: {
    read: action({ method: "GET", doc: "Read a volume group", returns: "VolumeGroup", errors: seen }),
    update: action({
      method: "PUT",
      access: "admin",
      doc: "Change a volume group",
      params: {
        name: text("Name."),
        uuid: groupUuid,
        ...memberChanges,
      },
      returns: "VolumeGroup",
      errors: refusals,
    }),
    delete: action({
      method: "DELETE",
      access: "admin",
      success: 204,
      doc: "Delete a volume group\n\nIts members are free then.",
      errors: groupRefused("volume group", "it has logical volumes"),
    }),
    create_logical_volume: action({
      method: "POST",
      access: "admin",
      doc: "Make a logical volume",
      params: {
        name: requiredText("Name, without that of the group."),
        uuid: groupUuid,
        size: text("Size in bytes; K, M, G or T may follow. Default: all that is left. Rounded down to 4 MiB."),
      },
      returns: "BlockDevice",
      errors: groupRefused("volume group", "name or size is refused"),
    }),
    delete_logical_volume: action({
      method: "POST",
      access: "admin",
      success: 204,
      doc: "Delete a logical volume",
      params: { id: requiredInteger("Id of the volume.", { min: 0, max: MAX_INT }) },
      errors: groupRefused("volume group", "no id is given"),
    }),
  },
});
