import { action, resource } from "../action.ts";
import { requiredText, text } from "../params.ts";

const admin = { 403: "the caller is not an administrator" } as const;
const none = { 404: "there is no such reserved IP" } as const;
const comment = text("Free text.", { max: 255 });

export const reservedIps = resource({
  name: "ReservedIps",
  path: "/reservedips/",
  doc: "Reserved IPs: addresses that are kept for a MAC address.",
  actions: {
    read: action({ method: "GET", doc: "List reserved IPs", returns: "ReservedIP[]" }),
    create: action({
      method: "POST",
      access: "admin",
      doc: "Reserve an address for a MAC address\n\nDHCP gives it to that interface, and an interface with that MAC address is linked with it; nobody else gets it.",
      params: {
        ip: requiredText("The address."),
        subnet: text("Subnet; default: the one that the address is in."),
        mac_address: requiredText("MAC address that gets it."),
        comment,
      },
      returns: "ReservedIP",
      errors: { 400: "the address is used, in a dynamic range, or outside of the subnet", ...admin },
    }),
  },
});

export const reservedIp = resource({
  name: "ReservedIp",
  path: "/reservedips/{id}/",
  doc: "One reserved IP, by its id.",
  actions: {
    read: action({ method: "GET", doc: "Read a reserved IP", returns: "ReservedIP", errors: none }),
    update: action({
      method: "PUT",
      access: "admin",
      doc: "Change the comment of a reserved IP\n\nAddress, subnet and MAC address stay: delete it and reserve anew.",
      params: {
        comment,
        ip: text("The address; it cannot be changed."),
        subnet: text("The subnet; it cannot be changed."),
        mac_address: text("The MAC address; it cannot be changed."),
      },
      returns: "ReservedIP",
      errors: { 400: "address, subnet or MAC address would change", ...admin, ...none },
    }),
    delete: action({
      method: "DELETE",
      access: "admin",
      doc: "Delete a reserved IP",
      returns: "",
      success: 204,
      errors: { ...admin, ...none },
    }),
  },
});
