import { action, resource } from "../action.ts";
import { flag, integer, list, requiredText } from "../params.ts";

const admin = { 403: "the caller is not an administrator" } as const;

export const discoveries = resource({
  name: "Discoveries",
  path: "/discovery/",
  doc: "Hosts that were seen on our networks: strangers that our DHCP served, and who answered a scan.",
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
    scan: action({
      method: "POST",
      doc: "Scan networks for hosts\n\nBy the rack controllers that are on them. Answers when that has begun; what they find is in the list as it answers. IPv4 alone.",
      params: {
        cidr: list(
          "Networks to scan, up to a /16 each. May be repeated. Default: all that rack controllers are on, with force.",
        ),
        force: flag("Scan all networks, where none is named."),
        always_use_ping: flag("Ask by ping instead of by ARP: hosts that do not answer it are not found."),
        slow: flag("Ask for nine addresses in a second."),
        threads: integer("So many pings at once. Default 16.", { min: 1, max: 256 }),
      },
      returns: "ScanResult",
      errors: {
        400: "a network is none, too large or of IPv6, or none was named without force, or network discovery is switched off",
      },
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
