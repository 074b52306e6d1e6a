import { action, resource } from "../action.ts";
import { flag, integer, MAX_INT, optionalList, requiredText, text } from "../params.ts";

const admin = { 403: "the caller is not an administrator" } as const;
const noDomain = { 404: "there is no such domain" } as const;
const place = {
  fqdn: text("Fully qualified name."),
  name: text("Name in the domain, when fqdn is not given; `@` for the domain itself."),
  domain: text("Domain, by name or id, when fqdn is not given."),
} as const;
const filters = {
  fqdn: text("This fully qualified name alone."),
  domain: text("Names in this domain, by name or id."),
  name: text("This name alone, in whichever domain."),
  rrtype: text("Names with records of this type; records of it."),
} as const;
const addresses = {
  address_ttl: integer("How long its addresses are kept, in seconds; given empty, as long as the domain says.", {
    min: 0,
    max: MAX_INT,
  }),
  ip_addresses: optionalList("Addresses, separated by commas or blanks.", { split: "comma-or-blank" }),
} as const;
const ttl = integer("How long it is kept, in seconds; given empty, as long as the domain says.", {
  min: 0,
  max: MAX_INT,
});

export const dnsResources = resource({
  name: "DNSResources",
  path: "/dnsresources/",
  doc: "Names in domains, with addresses and other records.",
  actions: {
    read: action({
      method: "GET",
      doc: "List DNS resources",
      params: { ...filters, all: flag("Also the names that nodes have by themselves.") },
      returns: "DNSResource[]",
      errors: noDomain,
    }),
    create: action({
      method: "POST",
      access: "admin",
      doc: "Create a DNS resource",
      params: { ...place, ...addresses },
      returns: "DNSResource",
      errors: { 400: "name or address was refused", ...admin, ...noDomain },
    }),
  },
});

const noResource = { 404: "there is no such DNS resource" } as const;

export const dnsResource = resource({
  name: "DNSResource",
  path: "/dnsresources/{id}/",
  doc: "One name in a domain, by its id.",
  actions: {
    read: action({ method: "GET", doc: "Read a DNS resource", returns: "DNSResource", errors: noResource }),
    update: action({
      method: "PUT",
      access: "admin",
      doc: "Change a DNS resource\n\nAddresses that are given take the place of all that it had.",
      params: { ...place, ...addresses },
      returns: "DNSResource",
      errors: { 400: "name or address was refused", ...admin, ...noResource },
    }),
    delete: action({
      method: "DELETE",
      access: "admin",
      doc: "Delete a DNS resource\n\nWith its records.",
      returns: "",
      success: 204,
      errors: { ...admin, ...noResource },
    }),
  },
});

export const dnsResourceRecords = resource({
  name: "DNSResourceRecords",
  path: "/dnsresourcerecords/",
  doc: "Records of names, other than addresses.",
  actions: {
    read: action({
      method: "GET",
      doc: "List DNS records",
      params: filters,
      returns: "DNSResourceRecord[]",
      errors: noDomain,
    }),
    create: action({
      method: "POST",
      access: "admin",
      doc: "Create a DNS record\n\nAnd the name that it is of, when that is not there.",
      params: {
        ...place,
        rrtype: requiredText("Type: CNAME, MX, NS, SRV, SSHFP or TXT."),
        rrdata: requiredText("What it says."),
        ttl,
        ...addresses,
      },
      returns: "DNSResourceRecord",
      errors: { 400: "name, type or data were refused", ...admin, ...noDomain },
    }),
  },
});

const noRecord = { 404: "there is no such DNS record" } as const;

export const dnsResourceRecord = resource({
  name: "DNSResourceRecord",
  path: "/dnsresourcerecords/{id}/",
  doc: "One record, by its id.",
  actions: {
    read: action({ method: "GET", doc: "Read a DNS record", returns: "DNSResourceRecord", errors: noRecord }),
    update: action({
      method: "PUT",
      access: "admin",
      doc: "Change a DNS record",
      params: { rrtype: text("Type."), rrdata: text("What it says."), ttl },
      returns: "DNSResourceRecord",
      errors: { 400: "type or data were refused", ...admin, ...noRecord },
    }),
    delete: action({
      method: "DELETE",
      access: "admin",
      doc: "Delete a DNS record\n\nA name without addresses goes with its last record.",
      returns: "",
      success: 204,
      errors: { ...admin, ...noRecord },
    }),
  },
});
