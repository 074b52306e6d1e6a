import { hardwareTypeAliases } from "@rackwright/domain/scripts/words";
import { action, resource } from "../action.ts";
import { choice, text } from "../params.ts";

const seen = { 403: "the caller may not see this node" } as const;
const one = {
  400: "id is neither a number nor bus:device nor a PCI address",
  404: "there is no such node, or it has no such device",
} as const;

export const nodeDevices = resource({
  name: "NodeDevices",
  path: "/nodes/{system_id}/devices/",
  doc: "Devices on the PCI and USB buses of a node, as commissioning found them.",
  actions: {
    read: action({
      method: "GET",
      doc: "List the devices of a node",
      params: {
        bus: choice("pcie or usb.", ["pcie", "usb"], { "1": "pcie", "2": "usb" }),
        hardware_type: choice(
          "What it is part of: node, cpu, memory, storage, network, gpu.",
          ["node", "cpu", "memory", "storage", "network", "gpu"],
          hardwareTypeAliases,
        ),
        vendor_id: text("Four hexadecimal digits."),
        product_id: text("Four hexadecimal digits."),
        vendor_name: text("As shown; case does not matter."),
        product_name: text("As shown; case does not matter."),
        commissioning_driver: text("Driver that it had while commissioning."),
      },
      returns: "NodeDevice[]",
      errors: { 400: "bus or hardware_type is unknown", ...seen, 404: "there is no such node" },
    }),
  },
});

export const nodeDevice = resource({
  name: "NodeDevice",
  path: "/nodes/{system_id}/devices/{id}/",
  doc: "One device of a node: by its id, as BUS:DEVICE of USB, or by its PCI address.",
  actions: {
    read: action({ method: "GET", doc: "Read a device of a node", returns: "NodeDevice", errors: { ...seen, ...one } }),
    delete: action({
      method: "DELETE",
      access: "admin",
      doc: "Forget a device of a node\n\nCommissioning finds it again, if it is still there.",
      returns: "",
      success: 204,
      errors: { 403: "the caller is not an administrator", ...one },
    }),
  },
});
