import { action, resource } from "../action.ts";
import { choice, flag, integer, optionalFlag, optionalList, requiredInteger, requiredText, text } from "../params.ts";

const admin = { 403: "the caller is not an administrator" } as const;
const refused = { 400: "a field was refused", ...admin } as const;

const fabricFields = {
  name: text("Name; default `fabric-ID`.", { max: 256 }),
  description: text("Free text."),
  class_type: text("Class, to allocate by.", { max: 256 }),
} as const;

export const fabrics = resource({
  name: "Fabrics",
  path: "/fabrics/",
  doc: "Fabrics: switches and cables that belong together, with VLANs on them.",
  actions: {
    read: action({ method: "GET", doc: "List fabrics", returns: "Fabric[]" }),
    create: action({
      method: "POST",
      access: "admin",
      doc: "Create a fabric\n\nIt gets an untagged VLAN of its own.",
      params: fabricFields,
      returns: "Fabric",
      errors: refused,
    }),
  },
});

export const fabric = resource({
  name: "Fabric",
  path: "/fabrics/{id}/",
  doc: "One fabric, by its id or name.",
  actions: {
    read: action({
      method: "GET",
      doc: "Read a fabric",
      returns: "Fabric",
      errors: { 404: "there is no such fabric" },
    }),
    update: action({
      method: "PUT",
      access: "admin",
      doc: "Change a fabric",
      params: fabricFields,
      returns: "Fabric",
      errors: { ...refused, 404: "there is no such fabric" },
    }),
    delete: action({
      method: "DELETE",
      access: "admin",
      doc: "Delete a fabric",
      returns: "",
      success: 204,
      errors: {
        400: "it is the default fabric, or subnets or interfaces are in it",
        ...admin,
        404: "there is no such fabric",
      },
    }),
  },
});

const vlanFields = {
  name: text("Name.", { max: 256 }),
  description: text("Free text."),
  mtu: integer("Largest packet, in bytes. Default 1500.", { min: 552, max: 65535 }),
  space: text("Space, by name or id; empty for none."),
  dhcp_on: optionalFlag("Whether we serve DHCP on it. Needs a dynamic range and a rack controller."),
  primary_rack: text("System id of the rack controller that serves it."),
  secondary_rack: text("System id of the rack controller that stands in."),
  relay_vlan: text("Id of the VLAN whose DHCP server answers for this one, behind a relay."),
} as const;

export const vlans = resource({
  name: "Vlans",
  path: "/fabrics/{fabric_id}/vlans/",
  doc: "The VLANs of a fabric.",
  actions: {
    read: action({
      method: "GET",
      doc: "List the VLANs of a fabric",
      returns: "VLAN[]",
      errors: { 404: "there is no such fabric" },
    }),
    create: action({
      method: "POST",
      access: "admin",
      doc: "Create a VLAN",
      params: { vid: requiredInteger("Tag, 1 to 4094.", { min: 0, max: 4094 }), ...vlanFields },
      returns: "VLAN",
      errors: { ...refused, 404: "there is no such fabric" },
    }),
  },
});

export const vlan = resource({
  name: "Vlan",
  path: "/fabrics/{fabric_id}/vlans/{vid}/",
  pathAliases: ["/vlans/{vlan_id}/"],
  doc: "One VLAN, by its fabric and its tag.",
  actions: {
    read: action({
      method: "GET",
      doc: "Read a VLAN",
      returns: "VLAN",
      errors: { 404: "there is no such fabric or VLAN" },
    }),
    update: action({
      method: "PUT",
      access: "admin",
      doc: "Change a VLAN\n\nDHCP is switched on here.",
      params: { vid: integer("New tag.", { min: 0, max: 4094 }), fabric: text("Fabric to move it to."), ...vlanFields },
      returns: "VLAN",
      errors: { ...refused, 404: "there is no such fabric or VLAN" },
    }),
    delete: action({
      method: "DELETE",
      access: "admin",
      doc: "Delete a VLAN\n\nIts subnets and interfaces go on in the fabric's untagged VLAN; VLAN interfaces on it are deleted.",
      returns: "",
      success: 204,
      errors: { 400: "it is the default VLAN of its fabric", ...admin, 404: "there is no such fabric or VLAN" },
    }),
  },
});

const subnetFields = {
  name: text("Name; default the CIDR.", { max: 255 }),
  description: text("Free text."),
  vlan: text("VLAN that it is on, by id."),
  fabric: text("Fabric that it is in, when no VLAN is given."),
  vid: integer("Tag of the VLAN in that fabric.", { min: 0, max: 4094 }),
  gateway_ip: text("Address of the gateway; empty for none."),
  rdns_mode: integer("Reverse DNS: 0 off, 1 on, 2 on with RFC 2317 delegation.", { min: 0, max: 2 }),
  allow_dns: optionalFlag("Whether our DNS servers are offered and may be asked from it. Default: yes."),
  allow_proxy: optionalFlag("Whether our proxy may be used from it. Default: yes."),
  dns_servers: optionalList("DNS servers for the machines on it.", { split: "comma-or-blank" }),
  managed: optionalFlag("Whether we hand out its addresses. Default: yes."),
  disabled_boot_architectures: optionalList(
    "Boot methods that are not offered on it: `pxe`, `uefi_amd64_http` ..., or architectures, `0x07` or `00:07`.",
    { split: "comma-or-blank" },
  ),
  active_discovery: optionalFlag("Whether it is scanned for neighbours."),
} as const;

export const subnets = resource({
  name: "Subnets",
  path: "/subnets/",
  doc: "Subnets: ranges of addresses on VLANs.",
  actions: {
    read: action({ method: "GET", doc: "List subnets", returns: "Subnet[]" }),
    create: action({
      method: "POST",
      access: "admin",
      doc: "Create a subnet",
      params: { cidr: requiredText("Network address and prefix length: 10.0.0.0/24."), ...subnetFields },
      returns: "Subnet",
      errors: refused,
    }),
  },
});

const noSubnet = { 404: "there is no such subnet" } as const;

export const subnet = resource({
  name: "Subnet",
  path: "/subnets/{id}/",
  deep: true, // `subnet read 10.0.0.0/24` is sent with its slash as it stands
  doc: "One subnet, by its id, name or `cidr:10.0.0.0/24`.",
  actions: {
    read: action({
      method: "GET",
      doc: "Read a subnet",
      returns: "Subnet",
      errors: { 404: "there is no such subnet" },
    }),
    update: action({
      method: "PUT",
      access: "admin",
      doc: "Change a subnet",
      params: { cidr: text("New network address and prefix length."), ...subnetFields },
      returns: "Subnet",
      errors: { ...refused, 404: "there is no such subnet" },
    }),
    delete: action({
      method: "DELETE",
      access: "admin",
      doc: "Delete a subnet\n\nLinks on it and addresses in it go with it.",
      params: { force: flag("Means nothing here: links and addresses never keep a subnet from being deleted.") },
      returns: "",
      success: 204,
      errors: { 400: "DHCP hands out its dynamic range", ...admin, ...noSubnet },
    }),
    reserved_ip_ranges: action({
      method: "GET",
      doc: "List the ranges of a subnet that are in use\n\nWith what each is used for.",
      returns: "IPRangeUsage[]",
      errors: noSubnet,
    }),
    unreserved_ip_ranges: action({
      method: "GET",
      doc: "List the ranges of a subnet that are free",
      returns: "IPRangeUsage[]",
      errors: noSubnet,
    }),
    statistics: action({
      method: "GET",
      doc: "Count the addresses of a subnet",
      params: {
        include_ranges: flag("Show the ranges in use too."),
        include_suggestions: flag("Suggest a gateway and a dynamic range."),
      },
      returns: "SubnetStatistics",
      errors: noSubnet,
    }),
    ip_addresses: action({
      method: "GET",
      doc: "List the addresses of a subnet that somebody has",
      params: {
        with_username: flag("Name the user of each.", true),
        with_summary: flag("Say what has each: node, DNS names.", true),
        with_node_summary: flag("Say which node has each.", true),
      },
      returns: "SubnetIPAddress[]",
      errors: noSubnet,
    }),
  },
});

const rangeType = choice("dynamic: handed out by DHCP; reserved: never handed out.", ["dynamic", "reserved"]);

export const ipRanges = resource({
  name: "IPRanges",
  path: "/ipranges/",
  doc: "Ranges of addresses with a use of their own.",
  actions: {
    read: action({ method: "GET", doc: "List IP ranges", returns: "IPRange[]" }),
    create: action({
      method: "POST",
      doc: "Create an IP range\n\nDynamic ones need an administrator.",
      params: {
        type: rangeType,
        start_ip: requiredText("First address."),
        end_ip: requiredText("Last address."),
        subnet: text("Subnet; default: the one that the first address is in."),
        comment: text("Free text.", { max: 255 }),
      },
      returns: "IPRange",
      errors: {
        400: "the range leaves its subnet, or overlaps something",
        403: "dynamic ranges need an administrator",
      },
    }),
  },
});

export const ipRange = resource({
  name: "IPRange",
  path: "/ipranges/{id}/",
  doc: "One IP range, by its id.",
  actions: {
    read: action({
      method: "GET",
      doc: "Read an IP range",
      returns: "IPRange",
      errors: { 404: "there is no such range" },
    }),
    update: action({
      method: "PUT",
      doc: "Change an IP range",
      params: {
        type: rangeType,
        start_ip: text("First address."),
        end_ip: text("Last address."),
        subnet: text("Subnet that it goes to."),
        user: text("Name of the user whose it becomes; for administrators."),
        comment: text("Free text.", { max: 255 }),
      },
      returns: "IPRange",
      errors: {
        400: "the range leaves its subnet, or overlaps something",
        403: "the range is another user's",
        404: "there is no such range",
      },
    }),
    delete: action({
      method: "DELETE",
      doc: "Delete an IP range",
      returns: "",
      success: 204,
      errors: { 400: "DHCP on its VLAN needs it", 403: "the range is another user's", 404: "there is no such range" },
    }),
  },
});
