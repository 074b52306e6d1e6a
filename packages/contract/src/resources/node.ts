import { action, resource } from "../action.ts";

const none = { 404: "there is no such node" } as const;
const seen = { 403: "the caller may not see this node", ...none } as const;
const admin = { 403: "the caller is not an administrator", ...none } as const;

export const node = resource({
  name: "Node",
  path: "/nodes/{system_id}/",
  doc: "One machine, device or controller, by its system id.",
  actions: {
    read: action({ method: "GET", doc: "Read a node", returns: "Node", errors: seen }),
    delete: action({
      method: "DELETE",
      access: "admin",
      doc: "Delete a machine or device\n\nForgets it. Its power and its disks are left as they are.",
      returns: "",
      success: 204,
      errors: { 400: "it is a controller", ...admin },
    }),
    details: action({
      method: "GET",
      doc: "Read the node's hardware as it was captured\n\nA BSON document with lshw's and lldpctl's XML.",
      returns: "bytes",
      errors: seen,
    }),
    power_parameters: action({
      method: "GET",
      access: "admin",
      doc: "Read the node's power parameters\n\nPasswords included.",
      returns: "PowerParameters",
      errors: admin,
    }),
  },
});
