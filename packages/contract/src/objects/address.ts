/** Replies about addresses and what is kept of them (reference: objects-2.0.json). */
import { z } from "zod";
import { User } from "./common.ts";
import { Interface, Subnet, VLAN } from "./network.ts";

export const Space = z.object({
  id: z.int(),
  name: z.string(),
  vlans: z.array(VLAN),
  subnets: z.array(Subnet),
  description: z.string(),
  resource_uri: z.string(),
});
export type Space = z.infer<typeof Space>;

export const IPRangeUsage = z.object({
  start: z.string(),
  end: z.string(),
  num_addresses: z.number(),
  purpose: z.array(z.string()).optional(),
});
export type IPRangeUsage = z.infer<typeof IPRangeUsage>;

export const SubnetStatistics = z.object({
  num_available: z.number(),
  largest_available: z.number(),
  num_unavailable: z.number(),
  total_addresses: z.number(),
  usage: z.number(),
  usage_string: z.string(),
  available_string: z.string(),
  first_address: z.string(),
  last_address: z.string(),
  ip_version: z.int(),
  ranges: z.array(IPRangeUsage).optional(),
  suggested_gateway: z.string().nullable().optional(),
  suggested_dynamic_range: IPRangeUsage.nullable().optional(),
});
export type SubnetStatistics = z.infer<typeof SubnetStatistics>;

export const SubnetNodeSummary = z.object({
  system_id: z.string(),
  node_type: z.int(),
  fqdn: z.string(),
  hostname: z.string(),
  is_container: z.boolean(),
  via: z.string().optional(),
});
export type SubnetNodeSummary = z.infer<typeof SubnetNodeSummary>;

export const SubnetIPAddress = z.object({
  ip: z.string(),
  alloc_type: z.int(),
  created: z.string(),
  updated: z.string(),
  user: z.string().optional(),
  node_summary: SubnetNodeSummary.optional(),
  dns_records: z.array(z.object({ id: z.int(), name: z.string(), domain: z.string() })).optional(),
});
export type SubnetIPAddress = z.infer<typeof SubnetIPAddress>;

export const StaticRoute = z.object({
  id: z.int(),
  source: Subnet,
  destination: Subnet,
  gateway_ip: z.string(),
  metric: z.int(),
  resource_uri: z.string(),
});
export type StaticRoute = z.infer<typeof StaticRoute>;

export const ReservedIP = z.object({
  id: z.int(),
  ip: z.string(),
  subnet: Subnet,
  mac_address: z.string(),
  comment: z.string().nullable(),
  resource_uri: z.string(),
});
export type ReservedIP = z.infer<typeof ReservedIP>;

export const StaticIPAddress = z.object({
  alloc_type: z.int(),
  alloc_type_name: z.string(),
  created: z.string(),
  ip: z.string().nullable(),
  owner: User.nullable(),
  interface_set: z.array(Interface),
  subnet: Subnet.nullable(),
  resource_uri: z.string(),
});
export type StaticIPAddress = z.infer<typeof StaticIPAddress>;

/** A subnet as API 1.0 showed it. */
export const Network = z.object({
  name: z.string(),
  ip: z.string(),
  netmask: z.string(),
  vlan_tag: z.int(),
  description: z.string(),
  default_gateway: z.string().nullable(),
  dns_servers: z.array(z.string()),
  resource_uri: z.string(),
});
export type Network = z.infer<typeof Network>;

export const MACAddressEntry = z.object({ mac_address: z.string() });
export type MACAddressEntry = z.infer<typeof MACAddressEntry>;
