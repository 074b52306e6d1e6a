/** Filters that machine and node lists share, and the constraints of allocate built on them (reference: lifecycle.md section 9.1). */
import { list, text } from "../params.ts";

const many = (doc: string) => list(doc, { split: "comma-or-blank" });

/** What a machine must be, in lists and in allocate alike. */
export const machineTraits = {
  arch: many("Architecture: `amd64/generic`, or `amd64` for any subarchitecture."),
  not_arch: many("Architecture that the machine must not have."),
  cpu_count: text("At least so many processor threads."),
  cpu_speed: text("Processors of at least so many MHz."),
  mem: text("At least so much memory, in MiB."),
  tags: many("Tags that the machine must all have."),
  not_tags: many("Tags of which the machine must have none."),
  zone: list("Name of the zone that the machine is in."),
  not_in_zone: list("Zones that the machine must not be in."),
  pool: list("Name of the resource pool that the machine is in."),
  not_in_pool: list("Resource pools that the machine must not be in."),
  system_id: list("System id of the machine."),
  fabrics: many("Fabrics of which one must hold an interface of the machine."),
  not_fabrics: many("Fabrics that must hold no interface of the machine."),
  fabric_classes: many("Classes of fabrics of which one must hold an interface of the machine."),
  not_fabric_classes: many("Classes of fabrics that must hold no interface of the machine."),
  vlans: list(
    "VLANs that an interface of the machine must be on: an id, `vid:10`, `fabric:row-a,vid:10`, `name:blue`.",
  ),
  not_vlans: list("VLANs that no interface of the machine may be on."),
  subnets: list("Subnets that the machine must have a link on: an id, a name, `cidr:10.0.0.0/24`, `space:dmz`."),
  not_subnets: list("Subnets that the machine must have no link on."),
  link_speed: text("An interface with a link of at least so many Mbit/s."),
  owner: list("User name of the owner."),
  not_owner: list("User name that must not be the owner."),
  power_state: list("Last known power state: on, off, unknown, error."),
  not_power_state: list("Power state that the machine must not be in."),
  deployment_target: list("Where its system runs from: memory or disk."),
  not_deployment_target: list("Where its system must not run from."),
  pod: list("Name of the VM host that the machine lives in."),
  not_pod: list("VM host that the machine must not live in."),
  pod_type: list("Kind of the VM host that the machine lives in."),
  not_pod_type: list("Kind of VM host that the machine must not live in."),
  storage: text(
    "Disks: `label:GB(tag,tag),label2:GB`; the first holds the root file system; the tag `partition` means a partition.",
  ),
  interfaces: text(
    "Interfaces: `label:key=value,key=value;label2:...`, by name, tag, subnet, vlan, space, link_speed ...",
  ),
  devices: text(
    "A PCI or USB device: `vendor_id=8086,product_id=10d3`; also vendor_name, product_name, commissioning_driver.",
  ),
} as const;

export const machineFilters = {
  hostname: list("Host name. May be repeated."),
  not_hostname: list("Host name that the machine must not have."),
  id: list("System id. May be repeated."),
  not_id: list("System id that the machine must not have."),
  mac_address: list("MAC address of one of its interfaces."),
  domain: list("Name of the domain that the machine is in."),
  not_domain: list("Domain that the machine must not be in."),
  agent_name: list("Agent name given when the machine was allocated."),
  not_agent_name: list("Agent name that the machine must not carry."),
  status: list("Status in words: new, commissioning, ready, deployed ..."),
  not_status: list("Status that the machine must not be in."),
  simple_status: list(
    "Status in broad words: failed, releasing, rescue_mode and testing are several each, other the rest.",
  ),
  not_simple_status: list("Status in broad words that the machine must not be in."),
  ...machineTraits,
} as const;
