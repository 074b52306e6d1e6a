import { action, resource } from "../action.ts";
import {
  choice,
  flag,
  integer,
  list,
  MAX_INT,
  optionalFlag,
  optionalList,
  requiredInteger,
  requiredText,
  text,
} from "../params.ts";

const onMachine = { 403: "the caller may not see this node", 404: "there is no such node or interface" } as const;
const change = {
  403: "the node is a controller, or the caller may not change it",
  404: "there is no such node or interface",
  409: "the machine is in a status in which its network stays as it is",
} as const;

const common = {
  tags: optionalList("Tags. May be repeated, or separated by commas.", { split: "comma" }),
  mtu: integer("Largest packet, in bytes. Default: that of the VLAN, as again when it is given empty.", {
    min: 552,
    max: 65535,
  }),
  accept_ra: optionalFlag("Whether it takes IPv6 router advertisements."),
} as const;
const linkFacts = {
  link_connected: optionalFlag("Whether a cable is plugged in at both ends."),
  interface_speed: integer("Highest speed of the interface in Mbit/s; 0 when it is unknown.", {
    min: 0,
    max: MAX_INT,
  }),
  link_speed: integer("Speed of the link in Mbit/s; 0 when it is unknown.", { min: 0, max: MAX_INT }),
} as const;
const macAddress = text("MAC address. Default: the first parent's.");
const vlan = text("VLAN: an id, or `fabric:NAME,vid:TAG`; empty for none.");
const ofDevices = {
  ip_assignment: choice("Of a device alone: how it gets its address.", ["dynamic", "static", "external"]),
  ip_address: text("Of a device alone: its address."),
} as const;
const parentList = optionalList("The parent, as a list of one, by id or name.", { split: "comma-or-blank" });
const bondFields = {
  bond_mode: choice("How the parents work together. Default: balance-rr.", [
    "balance-rr",
    "active-backup",
    "balance-xor",
    "broadcast",
    "802.3ad",
    "balance-tlb",
    "balance-alb",
  ]),
  bond_miimon: integer("How often links are watched, in ms. Default: 100.", { min: 0, max: MAX_INT }),
  bond_downdelay: integer("How long a lost link counts on, in ms. Default: 0.", { min: 0, max: MAX_INT }),
  bond_updelay: integer("How long a link is up before it counts, in ms. Default: 0.", { min: 0, max: MAX_INT }),
  bond_lacp_rate: choice("How often LACPDUs are asked for, of 802.3ad. Default: fast.", ["fast", "slow"]),
  bond_xmit_hash_policy: choice("What chooses the parent to send by. Default: layer2.", [
    "layer2",
    "layer2+3",
    "layer3+4",
    "encap2+3",
    "encap3+4",
  ]),
  bond_num_grat_arp: integer("Peer notifications after a failover. Default: 1.", { min: 0, max: 255 }),
} as const;
const bridgeFields = {
  bridge_type: choice("Kind of the bridge. Default: standard.", ["standard", "ovs"]),
  bridge_stp: optionalFlag("Spanning tree. Default: no."),
  bridge_fd: integer("Forwarding delay in seconds. Default: 15.", { min: 0, max: MAX_INT }),
} as const;

export const interfaces = resource({
  name: "Interfaces",
  path: "/nodes/{system_id}/interfaces/",
  doc: "The network interfaces of a node.",
  actions: {
    read: action({ method: "GET", doc: "List interfaces", returns: "Interface[]", errors: onMachine }),
    create_physical: action({
      method: "POST",
      doc: "Create a physical interface\n\nOf a machine by administrators, of a device by its owner.",
      params: {
        name: text("Name. Default: the next of eth0, eth1 ..."),
        mac_address: requiredText("MAC address."),
        vlan: text("VLAN that it is plugged into: an id, or `fabric:NAME,vid:TAG`. Default: none, not connected."),
        ...common,
        ...linkFacts,
        ...ofDevices,
        enabled: optionalFlag("Whether it is used. Default: yes."),
        parents: optionalList("Refused: a physical interface is made of nothing."),
        numa_node: integer("NUMA node that it is attached to.", { min: 0, max: 4095 }),
      },
      returns: "Interface",
      errors: { ...change, 400: "MAC address, name, VLAN or a setting was refused" },
    }),
    create_bond: action({
      method: "POST",
      access: "admin",
      doc: "Create a bond\n\nOf physical interfaces on one VLAN that nothing else uses. Their links go.",
      params: {
        name: requiredText("Name."),
        mac_address: macAddress,
        parents: list("Interfaces that it is made of, by id or name. May be repeated.", {
          split: "comma-or-blank",
          required: true,
        }),
        vlan: text("VLAN. Default: that of the parents."),
        ...common,
        ...bondFields,
        ...linkFacts,
        ...ofDevices,
      },
      returns: "Interface",
      errors: { ...change, 400: "parents, VLAN or a setting was refused" },
    }),
    create_bridge: action({
      method: "POST",
      access: "admin",
      doc: "Create a bridge over an interface\n\nOn an Allocated machine it is its user's: it goes when the machine is released.",
      params: {
        name: requiredText("Name."),
        mac_address: macAddress,
        parent: text("Interface that it is put over, by id or name; required, unless `parents` names it."),
        parents: parentList,
        vlan: text("VLAN. Default: that of the parent."),
        ...common,
        ...bridgeFields,
        ...linkFacts,
        ...ofDevices,
      },
      returns: "Interface",
      errors: { ...change, 400: "parent, VLAN or a setting was refused" },
    }),
    create_vlan: action({
      method: "POST",
      access: "admin",
      doc: "Create a VLAN interface\n\nNamed after its parent and its tag.",
      params: {
        parent: text("Interface that carries it, by id or name; required, unless `parents` names it."),
        parents: parentList,
        name: text("Name. Default: that of the parent, a dot, and the tag."),
        vlan: requiredText("Tagged VLAN: an id, or `fabric:NAME,vid:TAG`."),
        ...common,
        ...linkFacts,
        ...ofDevices,
      },
      returns: "Interface",
      errors: { ...change, 400: "parent, VLAN or a setting was refused" },
    }),
  },
});

const tag = {
  tag: requiredText("The tag.", { max: 256, pattern: /^[^,]+$/, patternHint: "Without commas." }),
} as const;
const tagErrors = {
  400: "the tag is missing",
  403: "the caller may not change this node",
  404: "there is no such node or interface",
} as const;
const linkRefused = { ...change, 400: "the link cannot be so" } as const;

export const networkInterface = resource({
  name: "Interface",
  path: "/nodes/{system_id}/interfaces/{id}/",
  doc: "One interface, by its id or name.",
  actions: {
    read: action({ method: "GET", doc: "Read an interface", returns: "Interface", errors: onMachine }),
    update: action({
      method: "PUT",
      doc: "Change an interface\n\nOf a Deployed machine only name, MAC address, and what is known of its link; other fields are passed over. Of a controller the VLAN and what is known of its link. Another VLAN removes the links of a machine's interface.",
      params: {
        name: text("Name."),
        mac_address: text("MAC address."),
        vlan,
        parents: optionalList("Interfaces that a bond is made of, by id or name. May be repeated.", {
          split: "comma-or-blank",
        }),
        parent: text("Interface that a bridge or VLAN interface is put over, by id or name."),
        ...common,
        ...bondFields,
        ...bridgeFields,
        ...linkFacts,
        ...ofDevices,
        enabled: optionalFlag("Whether a physical interface is used."),
        numa_node: integer("NUMA node that it is attached to.", { min: 0, max: 4095 }),
      },
      returns: "Interface",
      errors: { ...change, 400: "a field was refused" },
    }),
    delete: action({
      method: "DELETE",
      doc: "Delete an interface\n\nWhat is made of it alone goes with it.",
      returns: "",
      success: 204,
      errors: change,
    }),
    add_tag: action({
      method: "POST",
      doc: "Put a tag on an interface",
      params: tag,
      returns: "Interface",
      errors: tagErrors,
    }),
    remove_tag: action({
      method: "POST",
      doc: "Take a tag off an interface",
      params: tag,
      returns: "Interface",
      errors: tagErrors,
    }),
    link_subnet: action({
      method: "POST",
      doc: "Link an interface to a subnet\n\nauto: an address is chosen when the machine is deployed. static: an address for good, chosen if none is given. dhcp: whatever DHCP gives. link_up: up, without an address.",
      params: {
        mode: choice("How it gets its address; required.", ["auto", "dhcp", "static", "link_up"]),
        subnet: text("Subnet: an id, `cidr:10.0.0.0/24`, a name. Required for auto and static."),
        ip_address: text("Address, for static alone."),
        force: flag("Remove all other links first, and move the interface to the subnet's VLAN."),
        default_gateway: flag("Make the subnet's gateway the node's default gateway."),
      },
      returns: "Interface",
      errors: { ...linkRefused, 503: "the subnet has no free address" },
    }),
    unlink_subnet: action({
      method: "POST",
      doc: "Remove a link\n\nAn interface without any other is up without an address.",
      params: { id: requiredInteger("Id of the link.", { min: 0, max: MAX_INT }) },
      returns: "Interface",
      errors: linkRefused,
    }),
    disconnect: action({
      method: "POST",
      doc: "Disconnect an interface\n\nRemoves its links and takes it off its VLAN.",
      returns: "Interface",
      errors: change,
    }),
    set_default_gateway: action({
      method: "POST",
      doc: "Make the gateway of a link the node's default gateway",
      params: {
        link_id: integer(
          "Id of the link. Needed where links of the interface have several gateways of one IP version.",
          {
            min: 0,
            max: MAX_INT,
          },
        ),
      },
      returns: "Interface",
      errors: linkRefused,
    }),
  },
});
