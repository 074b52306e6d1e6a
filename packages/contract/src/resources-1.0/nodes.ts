import { action, resource } from "../action.ts";
import { integer, json, list, number, optionalFlag, requiredText, text } from "../params.ts";

const noNode = { 404: "there is no such node" } as const;
const notYours = { 403: "the node is another user's" } as const;
const many = (doc: string) => list(doc, { split: "comma-or-blank" });
const powerSettings = { name: "power_parameters_NAME", doc: "One setting of the power type." } as const;
const nodeList = list("System id of a node. May be repeated.");

export const nodes = resource({
  name: "Nodes",
  path: "/nodes/",
  doc: "Machines.",
  stranger: 400,
  actions: {
    list: action({
      method: "GET",
      doc: "List nodes\n\nThose that nobody holds, and the caller's; administrators see all.",
      params: {
        hostname: list("Host name, without domain. May be repeated."),
        mac_address: list("MAC address of an interface. May be repeated."),
        id: list("System id. May be repeated."),
        zone: text("Name of the zone."),
        agent_name: text("Agent name that was given with acquire; empty: none was."),
      },
      returns: "Node[]",
      errors: { 400: "a MAC address is malformed, or nobody has signed this" },
    }),
    list_allocated: action({
      method: "GET",
      doc: "List nodes that were acquired with this API key",
      params: { id: list("System id. May be repeated.") },
      returns: "Node[]",
      errors: { 401: "the request is not signed by an API key" },
    }),
    new: action({
      method: "POST",
      access: "anonymous",
      doc: "Enlist a node\n\nAn administrator's is commissioned at once; others wait until one accepts them.",
      params: {
        architecture: requiredText("Architecture: `amd64/generic`, or `amd64`.", { max: 100 }),
        mac_addresses: list("MAC address of an interface. May be repeated.", { required: true }),
        hostname: text("Host name. Made up when there is none.", { max: 255 }),
        power_type: text("Power type.", { max: 50 }),
        subarchitecture: text("Subarchitecture, where the architecture is given without.", { max: 100 }),
        autodetect_nodegroup: text("Accepted: the cluster is found by the network in any case."),
        nodegroup: text("UUID of the cluster that the node is in."),
        power_parameters: json("Settings of the power type as one object."),
      },
      wildcard: "power_parameters_",
      wildcardDoc: powerSettings,
      returns: "Node",
      errors: { 400: "something is missing, refused or in use" },
    }),
    accept: action({
      method: "POST",
      stranger: 401,
      doc: "Accept nodes that enlisted\n\nTheir commissioning begins; ones that are past it are passed over.",
      params: { nodes: nodeList },
      returns: "Node[]",
      errors: {
        400: "there is no such node",
        403: "the caller may not accept one of them",
        409: "one of them is in a status from which it cannot be accepted",
      },
    }),
    accept_all: action({
      method: "POST",
      doc: "Accept all nodes that enlisted\n\nThat the caller may accept: none, for whoever is no administrator.",
      returns: "Node[]",
    }),
    acquire: action({
      method: "POST",
      doc: "Acquire a node\n\nAny Ready one for which all constraints hold is the caller's then.",
      params: {
        name: text("Host name, with or without domain."),
        arch: text("Architecture: `amd64/generic`, or `amd64` for any subarchitecture; `arm` is armhf."),
        cpu_count: number("At least so many processors."),
        mem: number("At least so much memory, in MB."),
        tags: many("Tags that the node must all have."),
        connected_to: many("MAC addresses of routers that the node must all see."),
        not_connected_to: many("MAC addresses of routers of which the node must see none."),
        networks: many("Networks that the node must all be on: a name, `ip:ADDRESS`, `vlan:TAG`."),
        not_networks: many("Networks of which the node must be on none."),
        zone: text("Name of the zone that the node is in."),
        not_in_zone: list("Zone that the node must not be in. May be repeated."),
        agent_name: text("Name of the program that will use it.", { max: 255 }),
      },
      returns: "Node",
      errors: {
        400: "a constraint makes no sense, or names what there is not",
        401: "the request is not signed by an API key",
        409: "no node satisfies the constraints",
      },
    }),
    release: action({
      method: "POST",
      doc: "Release nodes\n\nAll or none; ones that are free already are passed over.",
      params: { nodes: nodeList },
      returns: "string[]",
      errors: { 400: "there is no such node", ...notYours, 409: "one of them is in a status that cannot be released" },
    }),
    set_zone: action({
      method: "POST",
      access: "admin",
      doc: "Put nodes into a zone",
      params: { zone: text("Name of the zone; empty: the default one."), nodes: nodeList },
      returns: "null",
      errors: { 400: "there is no such zone or node", 403: "the caller is not an administrator" },
    }),
    check_commissioning: action({
      method: "POST",
      doc: "Fail nodes whose commissioning takes too long\n\nWhat is done all the time is done now. Those that failed are listed.",
      returns: "Node[]",
    }),
    is_registered: action({
      method: "GET",
      access: "anonymous",
      doc: "Whether a node with this MAC address is known",
      params: { mac_address: requiredText("MAC address.") },
      returns: "boolean",
      errors: { 400: "the MAC address is missing or malformed" },
    }),
  },
});

export const node = resource({
  name: "Node",
  path: "/nodes/{system_id}/",
  doc: "One machine, by its system id.",
  actions: {
    read: action({ method: "GET", doc: "Read a node", returns: "Node", errors: noNode }),
    update: action({
      method: "PUT",
      doc: "Change a node\n\nWhat only administrators may change is passed over when somebody else gives it.",
      params: {
        hostname: text("Host name.", { max: 255 }),
        architecture: text("Architecture.", { max: 100 }),
        power_type: text("Power type; empty takes it and its settings away.", { max: 50 }),
        power_parameters_skip_check: optionalFlag("Store settings of the power type unchecked."),
        zone: text("Name of the zone."),
        cpu_count: integer("Number of processors.", { min: 0, max: 2 ** 31 - 1 }),
        memory: integer("Memory in MiB.", { min: 0, max: 2 ** 31 - 1 }),
        storage: integer("Disk space in MB, of a node whose disks were not looked at.", { min: 0, max: 2 ** 31 - 1 }),
      },
      wildcard: "power_parameters_",
      wildcardDoc: powerSettings,
      returns: "Node",
      errors: { 400: "a value was refused", ...notYours, ...noNode },
    }),
    delete: action({
      method: "DELETE",
      access: "admin",
      doc: "Delete a node",
      returns: "",
      success: 204,
      errors: { 403: "the caller is not an administrator", ...noNode, 409: "somebody has acquired the node" },
    }),
    details: action({
      method: "GET",
      doc: "Read what lshw and lldp said\n\nA BSON document with these two keys.",
      returns: "bytes",
      errors: noNode,
    }),
    commission: action({
      method: "POST",
      doc: "Commission a node",
      returns: "Node",
      errors: { 400: "its status does not allow it, or the caller is not an administrator", ...noNode },
    }),
    start: action({
      method: "POST",
      doc: "Switch a node on\n\nOne that was acquired gets an operating system.",
      params: {
        user_data: text("What cloud-init of the installed system is given, in base64."),
        distro_series: text("Release to install: `debian/bookworm`, or a series alone.", { max: 255 }),
      },
      returns: "Node",
      errors: {
        400: "user_data is no base64, or the release cannot be installed",
        ...notYours,
        ...noNode,
        409: "its status does not allow it",
        503: "no address is left",
      },
    }),
    stop: action({
      method: "POST",
      doc: "Switch a node off\n\nIt stays whose it is.",
      returns: "Node",
      errors: { ...notYours, ...noNode, 503: "its power could not be switched" },
    }),
    release: action({
      method: "POST",
      doc: "Release a node\n\nThe opposite of acquire. Of one that is free already nothing changes.",
      returns: "Node",
      errors: { ...notYours, ...noNode, 409: "its status does not allow it" },
    }),
  },
});

const noMac = { 400: "this is no MAC address" } as const;

export const nodeMacs = resource({
  name: "NodeMacs",
  path: "/nodes/{system_id}/macs/",
  doc: "MAC addresses of a machine's interfaces.",
  actions: {
    read: action({ method: "GET", doc: "List MAC addresses", returns: "MacAddress[]", errors: noNode }),
    create: action({
      method: "POST",
      doc: "Add an interface by its MAC address",
      params: { mac_address: requiredText("MAC address.") },
      returns: "MacAddress",
      errors: { 400: "this is no MAC address, or it is in use", ...notYours, ...noNode },
    }),
  },
});

export const nodeMac = resource({
  name: "NodeMac",
  path: "/nodes/{system_id}/macs/{mac_address}/",
  doc: "One MAC address of a machine.",
  actions: {
    read: action({
      method: "GET",
      doc: "Read a MAC address",
      returns: "MacAddress",
      errors: { ...noMac, 404: "the node is not known, or has it not" },
    }),
    delete: action({
      method: "DELETE",
      doc: "Remove the interface with this MAC address",
      returns: "",
      success: 204,
      errors: { ...noMac, ...notYours, 404: "the node is not known, or has it not" },
    }),
  },
});

/** Served in its day, and not in the reference. */
export const version = resource({
  name: "Version",
  path: "/version/",
  doc: "What this server is and can do.",
  actions: {
    read: action({ method: "GET", access: "anonymous", doc: "Read version and capabilities", returns: "Version" }),
  },
});
