/** Replies of API 1.0, field by field. */
import { z } from "zod";

export const AuthorisationToken = z.object({
  token_key: z.string(),
  token_secret: z.string(),
  consumer_key: z.string(),
});
export type AuthorisationToken = z.infer<typeof AuthorisationToken>;

export const SSHKey = z.object({ id: z.int(), key: z.string(), resource_uri: z.string() });
export type SSHKey = z.infer<typeof SSHKey>;

export const User = z.object({ username: z.string(), email: z.string(), is_superuser: z.boolean() });
export type User = z.infer<typeof User>;

export const Zone = z.object({ name: z.string(), description: z.string(), resource_uri: z.string() });
export type Zone = z.infer<typeof Zone>;

export const Tag = z.object({
  name: z.string(),
  definition: z.string(),
  comment: z.string(),
  kernel_opts: z.string().nullable(),
  resource_uri: z.string(),
});
export type Tag = z.infer<typeof Tag>;

export const File = z.object({ filename: z.string(), anon_resource_uri: z.string(), resource_uri: z.string() });
export type File = z.infer<typeof File>;

export const FileWithContent = File.extend({
  /** Base64. */
  content: z.string(),
});
export type FileWithContent = z.infer<typeof FileWithContent>;

export const CommissioningScript = z.object({
  name: z.string(),
  /** Base64. */
  content: z.string(),
  resource_uri: z.string(),
});
export type CommissioningScript = z.infer<typeof CommissioningScript>;

export const MacAddress = z.object({ mac_address: z.string(), resource_uri: z.string() });
export type MacAddress = z.infer<typeof MacAddress>;

export const Node = z.object({
  system_id: z.string(),
  /** With its domain. */
  hostname: z.string(),
  owner: z.string().nullable(),
  macaddress_set: z.array(MacAddress),
  architecture: z.string(),
  cpu_count: z.int(),
  /** MiB. */
  memory: z.int(),
  /** MB. */
  storage: z.int(),
  /** Of the numbers of 1.0. */
  status: z.int(),
  /** Of the numbers of 2.0. */
  substatus: z.int(),
  osystem: z.string(),
  distro_series: z.string(),
  netboot: z.boolean(),
  power_type: z.string(),
  power_state: z.string(),
  tag_names: z.array(z.string()),
  ip_addresses: z.array(z.string()),
  routers: z.array(z.string()),
  zone: Zone,
  disable_ipv4: z.boolean(),
  resource_uri: z.string(),
});
export type Node = z.infer<typeof Node>;

export const CommissioningResult = z.object({
  name: z.string(),
  /** Exit status. */
  script_result: z.int(),
  result_type: z.int(),
  updated: z.string(),
  created: z.string(),
  node: Node,
  /** Base64. */
  data: z.string(),
  resource_uri: z.string(),
});
export type CommissioningResult = z.infer<typeof CommissioningResult>;

export const NodeGroup = z.object({
  uuid: z.string(),
  status: z.int(),
  name: z.string(),
  cluster_name: z.string(),
});
export type NodeGroup = z.infer<typeof NodeGroup>;

export const NodeGroupInterface = z.object({
  name: z.string(),
  ip: z.string(),
  management: z.int(),
  interface: z.string(),
  subnet_mask: z.string().nullable(),
  broadcast_ip: z.string().nullable(),
  ip_range_low: z.string().nullable(),
  ip_range_high: z.string().nullable(),
  static_ip_range_low: z.string().nullable(),
  static_ip_range_high: z.string().nullable(),
});
export type NodeGroupInterface = z.infer<typeof NodeGroupInterface>;

export const Network = z.object({
  name: z.string(),
  ip: z.string(),
  netmask: z.string(),
  vlan_tag: z.int().nullable(),
  description: z.string(),
  default_gateway: z.string().nullable(),
  dns_servers: z.string().nullable(),
  resource_uri: z.string(),
});
export type Network = z.infer<typeof Network>;

export const BootImage = z.object({
  id: z.int(),
  osystem: z.string(),
  release: z.string(),
  architecture: z.string(),
  subarchitecture: z.string(),
  purpose: z.string(),
  label: z.string(),
  resource_uri: z.string(),
});
export type BootImage = z.infer<typeof BootImage>;

export const BootSource = z.object({
  id: z.int(),
  url: z.string(),
  keyring_filename: z.string(),
  /** Base64. */
  keyring_data: z.string(),
  resource_uri: z.string(),
});
export type BootSource = z.infer<typeof BootSource>;

export const BootSourceSelection = z.object({
  id: z.int(),
  os: z.string(),
  release: z.string(),
  arches: z.array(z.string()),
  subarches: z.array(z.string()),
  labels: z.array(z.string()),
  resource_uri: z.string(),
});
export type BootSourceSelection = z.infer<typeof BootSourceSelection>;

export const PowerTypeField = z.object({
  name: z.string(),
  label: z.string(),
  required: z.boolean(),
  field_type: z.string(),
  choices: z.array(z.tuple([z.string(), z.string()])),
  default: z.union([z.string(), z.array(z.string())]),
});

export const PowerType = z.object({ name: z.string(), description: z.string(), fields: z.array(PowerTypeField) });
export type PowerType = z.infer<typeof PowerType>;
