import { action, resource } from "../action.ts";
import { flag, text } from "../params.ts";
import { formatActions, storageChange, tagParam } from "./storage.ts";

const seen = {
  403: "the caller may not see this machine",
  404: "there is no such machine, block device or partition",
} as const;

export const partitions = resource({
  name: "Partitions",
  path: "/nodes/{system_id}/blockdevices/{device_id}/partitions/",
  doc: "The partitions of a block device.",
  actions: {
    read: action({ method: "GET", doc: "List partitions", returns: "Partition[]", errors: seen }),
    create: action({
      method: "POST",
      access: "admin",
      doc: "Add a partition\n\nBehind those that are there. A device without a partition table gets a GPT.",
      params: {
        size: text("Size in bytes; K, M, G or T may follow. Default: all that is left. Rounded down to 4 MiB."),
        uuid: text("UUID. Default: a new one."),
        bootable: flag("Whether it is flagged for starting."),
      },
      returns: "Partition",
      errors: {
        400: "size or uuid is refused, or the device carries something else",
        ...storageChange("block device"),
      },
    }),
  },
});

const tagging = {
  400: "no tag is given",
  403: "the caller is not an administrator, or the machine is locked",
  404: "there is no such machine or partition",
} as const;

export const partition = resource({
  name: "Partition",
  path: "/nodes/{system_id}/blockdevices/{device_id}/partition/{id}",
  pathAliases: ["/nodes/{system_id}/blockdevices/{device_id}/partitions/{id}"],
  doc: "One partition, by its id or name.",
  actions: {
    read: action({ method: "GET", doc: "Read a partition", returns: "Partition", errors: seen }),
    delete: action({
      method: "DELETE",
      access: "admin",
      success: 204,
      doc: "Delete a partition\n\nThose behind it move down by one.",
      errors: { 400: "it is part of a group", ...storageChange("partition") },
    }),
    ...formatActions("Partition", "partition"),
    add_tag: action({
      method: "POST",
      access: "admin",
      doc: "Tag a partition",
      params: tagParam,
      returns: "Partition",
      errors: tagging,
    }),
    remove_tag: action({
      method: "POST",
      access: "admin",
      doc: "Take a tag off a partition",
      params: tagParam,
      returns: "Partition",
      errors: tagging,
    }),
  },
});
