import { action, resource } from "../action.ts";
import { flag, requiredText } from "../params.ts";

const admin = { 403: "the caller is not an administrator" } as const;

export const discoveries = resource({
  name: "Discoveries",
  path: "/discovery/",
  doc: "Hosts that were seen on our networks: strangers that our DHCP served.",
  actions: {
    read: action({ method: "GET", doc: "List discovered hosts, the last seen first", returns: "Discovery[]" }),
    by_unknown_ip: action({
      method: "GET",
      doc: "List discovered hosts whose address nobody has",
      returns: "Discovery[]",
    }),
    by_unknown_mac: action({
      method: "GET",
      doc: "List discovered hosts whose MAC address nobody has",
      returns: "Discovery[]",
    }),
    by_unknown_ip_and_mac: action({
      method: "GET",
      doc: "List discovered hosts whose address and MAC address nobody has",
      returns: "Discovery[]",
    }),
    clear: action({
      method: "POST",
      access: "admin",
      doc: "Forget what was discovered\n\nIt comes back as it is seen again.",
      params: {
        mdns: flag("The names by which hosts announce themselves."),
        neighbours: flag("The hosts that were seen."),
        all: flag("Both."),
      },
      returns: "",
      success: 204,
      errors: { 400: "none of the three is true", ...admin },
    }),
    clear_by_mac_and_ip: action({
      method: "POST",
      access: "admin",
      doc: "Forget one discovered host",
      params: { ip: requiredText("Its address."), mac: requiredText("Its MAC address.") },
      returns: "",
      success: 204,
      errors: { 400: "ip or mac is missing, or none", ...admin, 410: "nothing was seen with both" },
    }),
  },
});

export const discovery = resource({
  name: "Discovery",
  path: "/discovery/{discovery_id}/",
  doc: "One discovered host, by its discovery_id.",
  actions: {
    read: action({
      method: "GET",
      doc: "Read a discovered host",
      returns: "Discovery",
      errors: { 404: "there is no such discovery" },
    }),
  },
});
