import { action, resource } from "../action.ts";
import { choice, integer, list, optionalFlag, requiredText, text } from "../params.ts";

const admin = { 403: "the caller is not an administrator" } as const;
const noCluster = { 404: "there is no such cluster" } as const;
const worker = { 403: "the caller is not the cluster's own worker: administrators are not either" } as const;
const workerOrAdmin = { 403: "the caller is neither an administrator nor the cluster's worker" } as const;
const uuids = list("UUID of a cluster. May be repeated.");

export const nodeGroups = resource({
  name: "NodeGroups",
  path: "/nodegroups/",
  doc: "Clusters: each is a rack controller with what it serves.",
  stranger: 400,
  actions: {
    list: action({ method: "GET", access: "anonymous", doc: "List clusters", returns: "NodeGroup[]" }),
    describe_power_types: action({
      method: "GET",
      doc: "Describe the power types\n\nWith the settings that each takes.",
      returns: "PowerType[]",
    }),
    accept: action({
      method: "POST",
      access: "admin",
      doc: "Accept clusters",
      params: { uuid: uuids },
      returns: "string",
      errors: { ...admin, ...noCluster },
    }),
    reject: action({
      method: "POST",
      access: "admin",
      doc: "Reject clusters\n\nThey serve no DHCP, and what they report is refused.",
      params: { uuid: uuids },
      returns: "string",
      errors: { ...admin, ...noCluster },
    }),
    import_boot_images: action({
      method: "POST",
      access: "admin",
      doc: "Import images\n\nHere, and then to all clusters that are accepted.",
      returns: "string",
      errors: admin,
    }),
  },
});

export const nodeGroup = resource({
  name: "NodeGroup",
  path: "/nodegroups/{uuid}/",
  doc: "One cluster, by its UUID.",
  actions: {
    read: action({ method: "GET", doc: "Read a cluster", returns: "NodeGroup", errors: noCluster }),
    update: action({
      method: "PUT",
      access: "admin",
      doc: "Change a cluster",
      params: {
        name: text("Name of its DNS zone.", { max: 255 }),
        cluster_name: text("Name for people.", { max: 100 }),
        status: choice("0 pending, 1 accepted, 2 rejected.", ["0", "1", "2"]),
      },
      returns: "NodeGroup",
      errors: { 400: "a value was refused", ...admin, ...noCluster },
    }),
    list_nodes: action({
      method: "GET",
      access: "worker_or_admin",
      doc: "List the system ids of the cluster's nodes",
      returns: "string[]",
      errors: { ...workerOrAdmin, ...noCluster },
    }),
    details: action({
      method: "POST",
      access: "worker_or_admin",
      doc: "Read what lshw and lldp said of nodes\n\nA BSON document by system id. Nodes of other clusters are passed over.",
      params: { system_ids: list("System id of a node. May be repeated.") },
      returns: "bytes",
      errors: { ...workerOrAdmin, ...noCluster },
    }),
    import_boot_images: action({
      method: "POST",
      access: "admin",
      doc: "Import images to this cluster",
      returns: "string",
      errors: { ...admin, ...noCluster },
    }),
    probe_and_enlist_hardware: action({
      method: "POST",
      access: "admin",
      plainErrors: true,
      doc: "Enlist what a chassis or hypervisor holds",
      params: {
        model: requiredText("seamicro15k or virsh."),
        mac: text("MAC address of a SeaMicro chassis."),
        username: text("User of a SeaMicro chassis."),
        password: text("Password of a SeaMicro chassis."),
        power_control: choice("How a SeaMicro chassis is spoken to.", ["ipmi", "restapi", "restapi2"]),
        power_address: text("Where a hypervisor is: its connection URI."),
        power_pass: text("Password of a hypervisor."),
      },
      returns: "",
      errors: { 400: "the model is not known, or what it needs is missing", ...admin, ...noCluster },
    }),
    probe_and_enlist_ucsm: action({
      method: "POST",
      access: "admin",
      plainErrors: true,
      doc: "Enlist the servers of a Cisco UCS Manager",
      params: {
        url: requiredText("Address of its API."),
        username: requiredText("User."),
        password: requiredText("Password."),
      },
      returns: "",
      errors: { 400: "something is missing", ...admin, ...noCluster },
    }),
    report_download_progress: action({
      method: "POST",
      access: "worker",
      plainErrors: true,
      doc: "Tell how far a download is\n\nFirst without bytes_downloaded, then as often as one likes, at last with all of size, or an error.",
      params: {
        filename: requiredText("What is downloaded; the same word in each report.", { max: 255 }),
        size: integer("Its size in bytes, once it is known."),
        bytes_downloaded: integer("How much of it is here."),
        error: text("Why it failed.", { max: 1000 }),
      },
      returns: "",
      errors: { 400: "the figures make no sense, or nothing was begun under this name", ...worker, ...noCluster },
    }),
    update_leases: action({
      method: "POST",
      access: "worker",
      plainErrors: true,
      doc: "Tell all DHCP leases of the cluster\n\nOnes that are not named are over.",
      params: { leases: requiredText("One JSON object, addresses and their MAC addresses.") },
      returns: "string",
      errors: { 400: "leases are missing, or no object of addresses and MAC addresses", ...worker, ...noCluster },
    }),
    worker_key: action({
      method: "POST",
      access: "admin",
      doc: "Read the API key of the cluster's worker\n\nWhat the worker's operations are signed with. It is made when first asked for.",
      params: { renew: optionalFlag("Make another one; the one before stops working.") },
      returns: "AuthorisationToken",
      errors: { ...admin, ...noCluster },
    }),
  },
});

const interfaceFields = {
  interface: text("Name of the network interface.", {
    max: 255,
    pattern: /^[^\s/]+$/,
    patternHint: "A name has no blanks or slashes.",
  }),
  management: choice("0 nothing, 1 DHCP, 2 DHCP and DNS.", ["0", "1", "2"]),
  subnet_mask: text("Netmask. Needed when DHCP is managed."),
  broadcast_ip: text("Broadcast address. Default: the last one of the network."),
  router_ip: text("Gateway. Needed when DHCP is managed."),
  ip_range_low: text("First address that DHCP hands out. Needed when DHCP is managed."),
  ip_range_high: text("Last address that DHCP hands out. Needed when DHCP is managed."),
} as const;
const refused = { 400: "an address is missing, malformed or outside of the network" } as const;
const noInterface = { 404: "there is no such cluster or interface" } as const;

export const nodeGroupInterfaces = resource({
  name: "NodeGroupInterfaces",
  path: "/nodegroups/{uuid}/interfaces/",
  doc: "Network interfaces of a cluster, and what is served on them.",
  actions: {
    list: action({
      method: "GET",
      access: "worker_or_admin",
      doc: "List interfaces",
      returns: "NodeGroupInterface[]",
      errors: { ...workerOrAdmin, ...noCluster },
    }),
    new: action({
      method: "POST",
      access: "worker_or_admin",
      doc: "Create an interface",
      params: { ip: requiredText("Address of the cluster on this network."), ...interfaceFields },
      returns: "NodeGroupInterface",
      errors: { ...refused, ...workerOrAdmin, ...noCluster },
    }),
  },
});

export const nodeGroupInterface = resource({
  name: "NodeGroupInterface",
  path: "/nodegroups/{uuid}/interfaces/{interface}/",
  doc: "One interface of a cluster, by its name.",
  actions: {
    read: action({
      method: "GET",
      access: "worker_or_admin",
      doc: "Read an interface",
      returns: "NodeGroupInterface",
      errors: { ...workerOrAdmin, ...noInterface },
    }),
    update: action({
      method: "PUT",
      access: "worker_or_admin",
      doc: "Change an interface",
      params: { ip: text("Address of the cluster on this network."), ...interfaceFields },
      returns: "NodeGroupInterface",
      errors: { ...refused, ...workerOrAdmin, ...noInterface },
    }),
    delete: action({
      method: "DELETE",
      access: "worker_or_admin",
      doc: "Delete an interface\n\nNothing is served on its network then.",
      returns: "",
      success: 204,
      errors: { ...workerOrAdmin, ...noInterface },
    }),
    report_foreign_dhcp: action({
      method: "POST",
      access: "worker_or_admin",
      doc: "Tell of a DHCP server that is not ours",
      params: { foreign_dhcp_ip: text("Its address; empty: there is none any more.") },
      returns: "NodeGroupInterface",
      errors: { 400: "foreign_dhcp_ip is missing, or no address", ...workerOrAdmin, ...noInterface },
    }),
  },
});
