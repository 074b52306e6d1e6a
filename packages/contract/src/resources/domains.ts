import { action, resource } from "../action.ts";
import { integer, optionalFlag, optionalList, requiredInteger, requiredText, text } from "../params.ts";

const admin = { 403: "the caller is not an administrator" } as const;
const none = { 404: "there is no such domain" } as const;
const fields = {
  authoritative: optionalFlag("Whether we answer for it. Default: yes."),
  ttl: integer(
    "How long answers are kept, in seconds. Default: that of the installation, as again when it is given empty.",
    { min: 1, max: 604_800 },
  ),
  forward_dns_servers: optionalList("Servers that questions about it go to, where we do not answer ourselves.", {
    split: "comma-or-blank",
  }),
} as const;

export const domains = resource({
  name: "Domains",
  path: "/domains/",
  doc: "Domains: where the names of machines are.",
  actions: {
    read: action({ method: "GET", doc: "List domains", returns: "Domain[]" }),
    create: action({
      method: "POST",
      access: "admin",
      doc: "Create a domain",
      params: { name: requiredText("Name.", { max: 253 }), ...fields },
      returns: "Domain",
      errors: { 400: "a field was refused", ...admin },
    }),
    set_serial: action({
      method: "POST",
      access: "admin",
      doc: "Set the serial number of all zones\n\nThat of their SOA records: what copies them takes a zone again when it has grown.",
      params: { serial: requiredInteger("Serial number.", { min: 1, max: 2 ** 32 - 1 }) },
      returns: "null",
      errors: { 400: "serial is missing or out of range", ...admin },
    }),
  },
});

export const domain = resource({
  name: "Domain",
  path: "/domains/{id}/",
  doc: "One domain, by its id or name.",
  actions: {
    read: action({ method: "GET", doc: "Read a domain", returns: "Domain", errors: none }),
    update: action({
      method: "PUT",
      access: "admin",
      doc: "Change a domain",
      params: { name: text("Name.", { max: 253 }), ...fields },
      returns: "Domain",
      errors: { 400: "a field was refused", ...admin, ...none },
    }),
    delete: action({
      method: "DELETE",
      access: "admin",
      doc: "Delete a domain\n\nThe names in it go with it.",
      returns: "",
      success: 204,
      errors: { 400: "it is the default domain, or nodes are in it", ...admin, ...none },
    }),
    set_default: action({
      method: "POST",
      access: "admin",
      doc: "Make a domain the default one\n\nNew machines are in it, unless told otherwise.",
      returns: "Domain",
      errors: { ...admin, ...none },
    }),
  },
});
