import { action, resource } from "../action.ts";

const onMachine = {
  403: "the caller may not see this machine",
  404: "there is no such machine or block device",
} as const;

export const blockDevices = resource({
  name: "BlockDevices",
  path: "/nodes/{system_id}/blockdevices/",
  doc: "The block devices of a machine.",
  actions: { read: action({ method: "GET", doc: "List block devices", returns: "BlockDevice[]", errors: onMachine }) },
});

export const blockDevice = resource({
  name: "BlockDevice",
  path: "/nodes/{system_id}/blockdevices/{id}/",
  doc: "One block device, by its id or name.",
  actions: { read: action({ method: "GET", doc: "Read a block device", returns: "BlockDevice", errors: onMachine }) },
});
