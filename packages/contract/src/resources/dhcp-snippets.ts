import { action, resource } from "../action.ts";
import { MAX_INT, optionalFlag, requiredInteger, requiredText, text } from "../params.ts";

const admin = { 403: "the caller is not an administrator" } as const;
const none = { 404: "there is no such DHCP snippet" } as const;
const value =
  'What it says: Kea\'s `{"option-data": [...], "valid-lifetime": N}`, or dhcpd\'s `option NAME VALUE;` and `default-lease-time N;`.';
const fields = {
  description: text("Free text."),
  enabled: optionalFlag("Whether it is served. Default: yes."),
  node: text("System id of the machine or device that it is for; empty for none."),
  subnet: text("Subnet that it is for: an id, `cidr:10.0.0.0/24`, a name; empty for none."),
  global_snippet: optionalFlag("Whether it is for every subnet: it is for no node and no subnet then."),
  iprange: text("Refused: name the subnet of the range."),
} as const;

export const dhcpSnippets = resource({
  name: "DHCPSnippets",
  path: "/dhcp-snippets/",
  doc: "DHCP snippets: options that our DHCP servers give besides their own.",
  actions: {
    read: action({ method: "GET", doc: "List DHCP snippets", returns: "DHCPSnippet[]" }),
    create: action({
      method: "POST",
      access: "admin",
      doc: "Create a DHCP snippet\n\nOf two that say something about one option, that of the node counts before that of the subnet, and that before a global one.",
      params: { name: requiredText("Name.", { max: 255 }), value: requiredText(value), ...fields },
      returns: "DHCPSnippet",
      errors: { 400: "a field was refused, or what the snippet says cannot be served", ...admin },
    }),
  },
});

export const dhcpSnippet = resource({
  name: "DHCPSnippet",
  path: "/dhcp-snippets/{id}/",
  doc: "One DHCP snippet, by its id.",
  actions: {
    read: action({ method: "GET", doc: "Read a DHCP snippet", returns: "DHCPSnippet", errors: none }),
    update: action({
      method: "PUT",
      access: "admin",
      doc: "Change a DHCP snippet\n\nWhat it said before stays in its history.",
      params: { name: text("Name.", { max: 255 }), value: text(value), ...fields },
      returns: "DHCPSnippet",
      errors: { 400: "a field was refused, or what the snippet says cannot be served", ...admin, ...none },
    }),
    delete: action({
      method: "DELETE",
      access: "admin",
      doc: "Delete a DHCP snippet",
      returns: "",
      success: 204,
      errors: { ...admin, ...none },
    }),
    revert: action({
      method: "POST",
      access: "admin",
      doc: "Go back to what a DHCP snippet said before\n\nWhat it said since is forgotten.",
      params: {
        to: requiredInteger("Id in the history; or a negative number, to go back so many.", {
          min: -MAX_INT,
          max: MAX_INT,
        }),
      },
      returns: "DHCPSnippet",
      errors: { 400: "to is missing, or not in the history", ...admin, ...none },
    }),
  },
});
