import { action, resource } from "../action.ts";
import { MAX_INT, optionalList, requiredInteger, requiredText, text } from "../params.ts";
import { storageChange } from "./storage.ts";

const seen = { 403: "the caller may not see this machine", 404: "there is no such machine or volume group" } as const;
const changes = storageChange("volume group");
const refusals = { 400: "members or name are refused", ...changes } as const;
const words = (doc: string) => optionalList(doc, { split: "comma" });
const uuid = text("UUID. Default: a new one.");

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
        uuid,
        block_devices: words("Block devices, by id or name. May be repeated."),
        partitions: words("Partitions, by id or name. May be repeated."),
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
        uuid,
        add_block_devices: words("Block devices that join."),
        remove_block_devices: words("Block devices that leave."),
        add_partitions: words("Partitions that join."),
        remove_partitions: words("Partitions that leave."),
      },
      returns: "VolumeGroup",
      errors: refusals,
    }),
    delete: action({
      method: "DELETE",
      access: "admin",
      success: 204,
      doc: "Delete a volume group\n\nIts members are free then.",
      errors: { 400: "it has logical volumes", ...changes },
    }),
    create_logical_volume: action({
      method: "POST",
      access: "admin",
      doc: "Make a logical volume",
      params: {
        name: requiredText("Name, without that of the group."),
        uuid,
        size: text("Size in bytes; K, M, G or T may follow. Default: all that is left. Rounded down to 4 MiB."),
      },
      returns: "BlockDevice",
      errors: { 400: "name or size is refused", ...changes },
    }),
    delete_logical_volume: action({
      method: "POST",
      access: "admin",
      success: 204,
      doc: "Delete a logical volume",
      params: { id: requiredInteger("Id of the volume.", { min: 0, max: MAX_INT }) },
      errors: { 400: "no id is given", ...changes },
    }),
  },
});
