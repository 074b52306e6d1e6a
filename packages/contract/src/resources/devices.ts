import { action, resource } from "../action.ts";
import { list, optionalFlag, requiredText, text } from "../params.ts";
import { machineFilters } from "./filters.ts";
import { machines } from "./machines.ts";

const fields = {
  hostname: text("Host name; a fully qualified one sets the domain too.", { max: 255 }),
  description: text("Free text."),
  domain: text("Domain, by name or id."),
  parent: text("System id of the node that it is a part of, and goes with; empty for none."),
  zone: text("Zone, by name or id."),
  swap_size: text("Means nothing for a device: ignored."),
  disable_ipv4: optionalFlag("Means nothing since 2.0: ignored."),
} as const;
const onDevice = { 403: "the device is another user's", 404: "there is no such device" } as const;
const adminOn = { 403: "the caller is not an administrator", 404: "there is no such device" } as const;
const annotations = {
  wildcard: "",
  wildcardDoc: { name: "KEY", doc: "Value to keep under this key of the caller's choice; empty to remove it." },
} as const;

export const devices = resource({
  name: "Devices",
  path: "/devices/",
  doc: "Devices: what has names and addresses and is not deployed, such as printers, switches and containers.",
  actions: {
    read: action({
      method: "GET",
      aliases: ["list"],
      doc: "List devices\n\nThose that the caller may see, narrowed by any of the filters.",
      params: machineFilters,
      returns: "Device[]",
      unknown: "refuse",
      errors: { 400: "an unknown filter, or a value that makes no sense" },
    }),
    create: action({
      method: "POST",
      doc: "Add a device\n\nIt is the caller's.",
      params: {
        ...fields,
        mac_addresses: list("MAC addresses of its interfaces. May be repeated.", {
          split: "comma-or-blank",
          required: true,
        }),
      },
      returns: "Device",
      errors: { 400: "a MAC address is missing, malformed or in use, or another field was refused" },
    }),
    set_zone: action({
      method: "POST",
      doc: "Put devices into a zone\n\nNeeds an administrator. Nothing is changed when one of them cannot be.",
      params: {
        zone: requiredText("Name of the zone."),
        nodes: list("System ids. May be repeated.", { split: "comma-or-blank", required: true }),
      },
      returns: "null",
      errors: { 400: "zone or system id is unknown, or the caller does not administer a device" },
    }),
    is_registered: machines.actions.is_registered,
    is_action_in_progress: machines.actions.is_action_in_progress,
  },
});

export const device = resource({
  name: "Device",
  path: "/devices/{system_id}/",
  doc: "One device, by its system id.",
  actions: {
    read: action({ method: "GET", doc: "Read a device", returns: "Device", errors: onDevice }),
    update: action({
      method: "PUT",
      doc: "Change a device",
      params: fields,
      returns: "Device",
      errors: { 400: "a field was refused", ...onDevice },
    }),
    delete: action({
      method: "DELETE",
      doc: "Delete a device",
      returns: "",
      success: 204,
      errors: onDevice,
    }),
    details: action({
      method: "GET",
      doc: "Read the hardware of a device\n\nA BSON document. Devices are not commissioned: nothing is in it.",
      returns: "bytes",
      errors: onDevice,
    }),
    power_parameters: action({
      method: "GET",
      access: "admin",
      doc: "Read the power parameters of a device\n\nDevices have none.",
      returns: "PowerParameters",
      errors: adminOn,
    }),
    restore_default_configuration: action({
      method: "POST",
      access: "admin",
      doc: "Restore the configuration of a device\n\nAs restore_networking_configuration: nothing else of a device is configured.",
      returns: "Device",
      errors: adminOn,
    }),
    restore_networking_configuration: action({
      method: "POST",
      access: "admin",
      doc: "Restore the network configuration of a device\n\nRemoves bonds, bridges and VLAN interfaces, and all links.",
      returns: "Device",
      errors: adminOn,
    }),
    set_workload_annotations: action({
      method: "POST",
      doc: "Annotate a device\n\nThose not named stay; an empty value removes its key.",
      ...annotations,
      returns: "Device",
      errors: { ...onDevice, 409: "the device is not the caller's" },
    }),
    set_owner_data: action({
      method: "POST",
      doc: "Annotate a device, by the older name\n\nSee set_workload_annotations.",
      ...annotations,
      returns: "Device",
      errors: { ...onDevice, 409: "the device is not the caller's" },
    }),
  },
});
