import { action, resource } from "../action.ts";
import { choice, integer, MAX_INT, requiredText, text } from "../params.ts";

const onMachine = {
  403: "the caller may not see this machine",
  404: "there is no such machine or block device",
} as const;
/** What every change can meet. */
export const storageChange = (what: string) =>
  ({
    403: "the caller is not an administrator, or the machine is locked",
    404: `there is no such machine or ${what}`,
    409: "the machine is not Ready",
  }) as const;

const deviceFields = {
  model: text("Model, as the disk tells it. With the serial number, what the installer finds the disk by."),
  serial: text("Serial number."),
  id_path: text("A path that stays, such as /dev/disk/by-id/...: in place of model and serial."),
  numa_node: integer("Index of the NUMA node that it belongs to.", { min: 0, max: MAX_INT }),
} as const;

export const blockDevices = resource({
  name: "BlockDevices",
  path: "/nodes/{system_id}/blockdevices/",
  doc: "The block devices of a machine.",
  actions: {
    read: action({ method: "GET", doc: "List block devices", returns: "BlockDevice[]", errors: onMachine }),
    create: action({
      method: "POST",
      access: "admin",
      doc: "Add a physical block device\n\nOne that commissioning did not find. Needs model and serial, or id_path.",
      params: {
        name: requiredText("Name, such as sda."),
        ...deviceFields,
        size: requiredText("Size in bytes; K, M, G or T may follow."),
        block_size: requiredText("Size of a block in bytes, at least 512."),
      },
      returns: "BlockDevice",
      errors: { 400: "a field is refused", ...storageChange("block device") },
    }),
  },
});

/** Of block devices and partitions alike. */
export const formatActions = (returns: string, what: string) => {
  const errors = {
    403: "the machine is locked or somebody else's, or Ready and the caller no administrator",
    404: `there is no such machine or ${what}`,
    409: "the machine is neither Ready nor Allocated",
  } as const;
  return {
    format: action({
      method: "POST",
      doc: `Put a filesystem on a ${what}\n\nIn place of the one that was planned before.`,
      params: {
        fstype: requiredText("ext2, ext4, xfs, fat32, vfat, btrfs, swap or zfsroot."),
        uuid: text("UUID of the filesystem. Default: a new one."),
        label: text("Label of the filesystem."),
      },
      returns,
      errors: { 400: "there is no such filesystem, or it is used otherwise", ...errors },
    }),
    unformat: action({
      method: "POST",
      doc: `Take the filesystem off a ${what}`,
      returns,
      errors: { 400: "it is not formatted, mounted, or part of a group", ...errors },
    }),
    mount: action({
      method: "POST",
      doc: `Mount the filesystem of a ${what}`,
      params: {
        mount_point: text("Absolute path. Not needed for swap."),
        mount_options: text("Options of mount, separated by commas."),
      },
      returns,
      errors: { 400: "it is not formatted or part of a group, or the path is refused or taken", ...errors },
    }),
    unmount: action({
      method: "POST",
      doc: `Unmount the filesystem of a ${what}`,
      returns,
      errors: { 400: "it is not formatted or not mounted", ...errors },
    }),
  } as const;
};

export const tagParam = { tag: requiredText("One word.") } as const;

export const blockDevice = resource({
  name: "BlockDevice",
  path: "/nodes/{system_id}/blockdevices/{id}/",
  doc: "One block device, by its id or name.",
  actions: {
    read: action({ method: "GET", doc: "Read a block device", returns: "BlockDevice", errors: onMachine }),
    update: action({
      method: "PUT",
      access: "admin",
      doc: "Change a block device\n\nOf a Deployed machine only what a disk is called: name, model, serial, id_path.",
      params: {
        name: text("Name."),
        ...deviceFields,
        size: text("Size, of a physical device or a logical volume."),
        block_size: text("Size of a block, of a physical device."),
        uuid: text("UUID, of a virtual device."),
        partition_table_type: choice("GPT or MBR, while it has no partitions.", ["GPT", "MBR"]),
      },
      returns: "BlockDevice",
      errors: {
        400: "a field is refused",
        ...storageChange("block device"),
        409: "the machine is neither Ready nor Deployed",
      },
    }),
    delete: action({
      method: "DELETE",
      access: "admin",
      success: 204,
      doc: "Delete a block device",
      errors: { 400: "it is part of a group", ...storageChange("block device") },
    }),
    ...formatActions("BlockDevice", "block device"),
    add_tag: action({
      method: "POST",
      access: "admin",
      doc: "Tag a block device",
      params: tagParam,
      returns: "BlockDevice",
      errors: { 400: "no tag is given", ...storageChange("block device") },
    }),
    remove_tag: action({
      method: "POST",
      access: "admin",
      doc: "Take a tag off a block device",
      params: tagParam,
      returns: "BlockDevice",
      errors: { 400: "no tag is given", ...storageChange("block device") },
    }),
    set_boot_disk: action({
      method: "POST",
      access: "admin",
      doc: "Start the machine from this disk\n\nA filesystem on the whole of it is forgotten.",
      returns: "string",
      errors: { 400: "it is virtual, or part of a group", ...storageChange("block device") },
    }),
  },
});
