import { action, resource } from "../action.ts";
import { integer, list, requiredText, text } from "../params.ts";

const admin = { 403: "the caller is not an administrator" } as const;
const none = { 404: "there is no such network" } as const;
const refused = { 400: "a value was refused, or the addresses are another network's" } as const;
const noMac = { 400: "no node has one of these MAC addresses" } as const;

const NAME = {
  max: 255,
  pattern: /^[\w-]+$/,
  patternHint: "Use letters, digits, dashes and underscores only.",
};
const further = {
  vlan_tag: integer("VLAN tag, 1 to 4094; 0 or nothing: none.", { min: 0, max: 4094 }),
  description: text("Free text."),
  default_gateway: text("Address of the gateway."),
  dns_servers: text("Addresses of name servers, with blanks between."),
} as const;
const macs = list("MAC address of a node's interface. May be repeated.");

export const networks = resource({
  name: "Networks",
  path: "/networks/",
  doc: "Networks that nodes are on.",
  actions: {
    read: action({
      method: "GET",
      doc: "List networks\n\nBy name.",
      params: { node: list("System id: only networks that this node is on. May be repeated: that all are on.") },
      returns: "Network[]",
      errors: { 400: "there is no such node" },
    }),
    create: action({
      method: "POST",
      access: "admin",
      doc: "Define a network",
      params: {
        name: requiredText("Name.", NAME),
        ip: requiredText("An address of the network."),
        netmask: requiredText("Netmask."),
        ...further,
      },
      returns: "Network",
      errors: { ...refused, ...admin },
    }),
  },
});

export const network = resource({
  name: "Network",
  path: "/networks/{name}/",
  doc: "One network, by its name.",
  actions: {
    read: action({ method: "GET", doc: "Read a network", returns: "Network", errors: none }),
    update: action({
      method: "PUT",
      access: "admin",
      doc: "Change a network",
      params: {
        name: text("Another name.", NAME),
        ip: text("An address of the network."),
        netmask: text("Netmask."),
        ...further,
      },
      returns: "Network",
      errors: { ...refused, ...admin, ...none },
    }),
    delete: action({
      method: "DELETE",
      access: "admin",
      doc: "Delete a network\n\nOne that is gone already is no error.",
      returns: "",
      success: 204,
      errors: { 400: "DHCP hands out its addresses", ...admin, 409: "nodes are on it" },
    }),
    list_connected_macs: action({
      method: "GET",
      doc: "List the MAC addresses that are on the network\n\nOf nodes that the caller may see.",
      returns: "MacAddress[]",
      errors: none,
    }),
    connect_macs: action({
      method: "POST",
      access: "admin",
      doc: "Connect MAC addresses to the network\n\nOnes that are on it already stay as they are.",
      params: { macs },
      returns: "null",
      errors: { ...noMac, ...admin, ...none },
    }),
    disconnect_macs: action({
      method: "POST",
      access: "admin",
      doc: "Disconnect MAC addresses from the network\n\nOnes that are not on it are no error.",
      params: { macs },
      returns: "null",
      errors: { ...noMac, ...admin, ...none },
    }),
  },
});
