import { action, resource } from "../action.ts";
import { list } from "../params.ts";

const withdrawn = { 403: "the caller is not an administrator", 410: "always: use subnets" } as const;
const none = { 404: "there is no such subnet" } as const;

/** What networks were in API 1.0, to be read by programs that have not changed to subnets. */
export const networks = resource({
  name: "Networks",
  path: "/networks/",
  doc: "Subnets, as they were shown before there were fabrics and VLANs. Use subnets.",
  actions: {
    read: action({
      method: "GET",
      doc: "List subnets as networks",
      params: { node: list("System id: only networks that this node is on. May be repeated.") },
      returns: "Network[]",
      errors: { 400: "there is no such node" },
    }),
    create: action({
      method: "POST",
      access: "admin",
      doc: "Withdrawn: create subnets",
      returns: "string",
      success: 410,
      errors: withdrawn,
    }),
  },
});

export const network = resource({
  name: "Network",
  path: "/networks/{name}/",
  doc: "One subnet, by `subnet-ID`. Use subnet.",
  actions: {
    read: action({ method: "GET", doc: "Read a subnet as a network", returns: "Network", errors: none }),
    update: action({
      method: "PUT",
      access: "admin",
      doc: "Withdrawn: change the subnet",
      returns: "string",
      success: 410,
      errors: withdrawn,
    }),
    delete: action({
      method: "DELETE",
      access: "admin",
      doc: "Withdrawn: delete the subnet",
      returns: "string",
      success: 410,
      errors: withdrawn,
    }),
    list_connected_macs: action({
      method: "GET",
      doc: "List the MAC addresses that are linked to the subnet\n\nOf nodes that the caller may see.",
      returns: "MACAddressEntry[]",
      errors: none,
    }),
    connect_macs: action({
      method: "POST",
      access: "admin",
      doc: "Withdrawn: link interfaces",
      returns: "string",
      success: 410,
      errors: withdrawn,
    }),
    disconnect_macs: action({
      method: "POST",
      access: "admin",
      doc: "Withdrawn: unlink interfaces",
      returns: "string",
      success: 410,
      errors: withdrawn,
    }),
  },
});
