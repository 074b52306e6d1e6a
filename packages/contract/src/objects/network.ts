/** Replies of the API, field by field (reference: objects-2.0.json). */
import { z } from "zod";
import { User } from "./common.ts";

export const VLAN = z.object({
  id: z.int(),
  name: z.string().nullable(),
  vid: z.int(),
  fabric: z.string(),
  fabric_id: z.int(),
  mtu: z.int(),
  primary_rack: z.string().nullable(),
  secondary_rack: z.string().nullable(),
  dhcp_on: z.boolean(),
  external_dhcp: z.string().nullable(),
  get relay_vlan(): z.ZodNullable<typeof VLAN> {
    return VLAN.nullable();
  },
  space: z.string(),
  resource_uri: z.string(),
});
export type VLAN = z.infer<typeof VLAN>;

export const Fabric = z.object({
  id: z.int(),
  name: z.string(),
  class_type: z.string().nullable(),
  vlans: z.array(VLAN),
  resource_uri: z.string(),
});
export type Fabric = z.infer<typeof Fabric>;

export const Subnet = z.object({
  id: z.int(),
  name: z.string(),
  description: z.string(),
  vlan: VLAN,
  space: z.string(),
  cidr: z.string(),
  gateway_ip: z.string().nullable(),
  dns_servers: z.array(z.string()),
  rdns_mode: z.int(),
  active_discovery: z.boolean(),
  allow_dns: z.boolean(),
  allow_proxy: z.boolean(),
  managed: z.boolean(),
  disabled_boot_architectures: z.array(z.string()),
  resource_uri: z.string(),
});
export type Subnet = z.infer<typeof Subnet>;

export const IPRange = z.object({
  id: z.int(),
  type: z.string(),
  start_ip: z.string(),
  end_ip: z.string(),
  comment: z.string().nullable(),
  user: User.nullable(),
  subnet: Subnet,
  resource_uri: z.string(),
});
export type IPRange = z.infer<typeof IPRange>;

export const Link = z.object({
  id: z.int(),
  mode: z.string(),
  ip_address: z.string().optional(),
  subnet: Subnet.optional(),
});
export type Link = z.infer<typeof Link>;

export const DiscoveredLink = z.object({
  subnet: Subnet.nullable(),
  ip_address: z.string(),
});
export type DiscoveredLink = z.infer<typeof DiscoveredLink>;

export const InterfaceParams = z.object({
  mtu: z.int().optional(),
  "accept-ra": z.boolean().optional(),
  bond_mode: z.string().optional(),
  bond_miimon: z.int().optional(),
  bond_downdelay: z.int().optional(),
  bond_updelay: z.int().optional(),
  bond_num_grat_arp: z.int().optional(),
  bond_lacp_rate: z.string().optional(),
  bond_xmit_hash_policy: z.string().optional(),
  bridge_type: z.string().optional(),
  bridge_stp: z.boolean().optional(),
  bridge_fd: z.int().optional(),
});
export type InterfaceParams = z.infer<typeof InterfaceParams>;

export const Interface = z.object({
  system_id: z.string().nullable(),
  id: z.int(),
  name: z.string(),
  type: z.string(),
  vlan: VLAN.nullable(),
  mac_address: z.string().nullable(),
  parents: z.array(z.string()),
  children: z.array(z.string()),
  tags: z.array(z.string()),
  enabled: z.boolean(),
  links: z.array(Link),
  params: InterfaceParams,
  discovered: z.array(DiscoveredLink).nullable(),
  effective_mtu: z.int(),
  vendor: z.string().nullable(),
  product: z.string().nullable(),
  firmware_version: z.string().nullable(),
  link_connected: z.boolean(),
  interface_speed: z.int(),
  link_speed: z.int(),
  numa_node: z.int().nullable(),
  sriov_max_vf: z.int(),
  resource_uri: z.string(),
});
export type Interface = z.infer<typeof Interface>;
