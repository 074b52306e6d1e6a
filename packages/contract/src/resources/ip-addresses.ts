import { action, resource } from "../action.ts";
import { flag, requiredText, text } from "../params.ts";

export const ipAddresses = resource({
  name: "IPAddresses",
  path: "/ipaddresses/",
  doc: "Addresses that users reserved for themselves.",
  actions: {
    read: action({
      method: "GET",
      doc: "List addresses\n\nThose that the caller reserved.",
      params: {
        ip: text("This one alone."),
        all: flag("Every address, whoever has it. Administrators only."),
        owner: text("Those of this user. Administrators only."),
      },
      returns: "StaticIPAddress[]",
      errors: { 400: "ip is no address", 403: "all and owner need an administrator" },
    }),
    reserve: action({
      method: "POST",
      doc: "Reserve an address\n\nThe one that is named, or a free one of the subnet. With a MAC address DHCP gives it to whatever has that.",
      params: {
        subnet: text("Subnet: an id, `cidr:10.0.0.0/24`, a name. Default: the one that the address is in."),
        ip: text("The address. Default: a free one."),
        ip_address: text("As ip, by its older name."),
        hostname: text("Name for it; a fully qualified one says the domain.", { max: 255 }),
        mac: text("MAC address of what shall have it."),
      },
      returns: "StaticIPAddress",
      errors: {
        400: "neither subnet nor ip makes sense, or the MAC address is a known interface's",
        403: "the address is in a dynamic range",
        404: "the address is not in its subnet, or the domain is unknown",
        409: "the address is in use",
        503: "the subnet has no free address",
      },
    }),
    release: action({
      method: "POST",
      doc: "Give an address back",
      params: {
        ip: requiredText("The address."),
        force: flag("Also one that is another user's, or an interface's. Administrators only."),
        discovered: flag("One that was merely observed. With force."),
      },
      returns: "",
      success: 204,
      errors: { 400: "there is no such address that the caller may release", 403: "force needs an administrator" },
    }),
  },
});
