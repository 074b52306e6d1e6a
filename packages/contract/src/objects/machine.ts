/** Replies of the API, field by field (reference: objects-2.0.json). */
import { z } from "zod";
import { Domain, ResourcePool, Zone } from "./common.ts";
import { Interface } from "./network.ts";
import { Finding } from "./recorder.ts";
import { BlockDevice, Filesystem, StorageStub } from "./storage.ts";

export const HardwareInfo = z.object({
  system_vendor: z.string(),
  system_product: z.string(),
  system_family: z.string(),
  system_version: z.string(),
  system_sku: z.string(),
  system_serial: z.string(),
  cpu_model: z.string(),
  mainboard_vendor: z.string(),
  mainboard_product: z.string(),
  mainboard_serial: z.string(),
  mainboard_version: z.string(),
  mainboard_firmware_vendor: z.string(),
  mainboard_firmware_date: z.string(),
  mainboard_firmware_version: z.string(),
  chassis_vendor: z.string(),
  chassis_type: z.string(),
  chassis_serial: z.string(),
  chassis_version: z.string(),
});
export type HardwareInfo = z.infer<typeof HardwareInfo>;

export const NUMAHugepages = z.object({
  total: z.int(),
  page_size: z.int(),
});
export type NUMAHugepages = z.infer<typeof NUMAHugepages>;

export const NUMANode = z.object({
  index: z.int(),
  cores: z.array(z.int()),
  memory: z.int(),
  /** Of nodes that had some set aside when they were commissioned; without it on the others. */
  hugepages_set: z.array(NUMAHugepages).optional(),
});
export type NUMANode = z.infer<typeof NUMANode>;

export const MachineParent = z.object({
  system_id: z.string(),
  resource_uri: z.string(),
  __incomplete__: z.boolean(),
});
export type MachineParent = z.infer<typeof MachineParent>;

export const PodStub = z.object({
  id: z.int(),
  name: z.string(),
  resource_uri: z.string(),
});
export type PodStub = z.infer<typeof PodStub>;

export const GatewayEntry = z.object({
  gateway_ip: z.string().nullable(),
  link_id: z.int().nullable(),
});
export type GatewayEntry = z.infer<typeof GatewayEntry>;

export const DefaultGateways = z.object({
  ipv4: GatewayEntry,
  ipv6: GatewayEntry,
});
export type DefaultGateways = z.infer<typeof DefaultGateways>;

export const ConstraintsByType = z.object({
  storage: z.record(z.string(), z.unknown()).optional(),
  interfaces: z.record(z.string(), z.unknown()).optional(),
  verbose_storage: z.record(z.string(), z.unknown()).optional(),
  verbose_interfaces: z.record(z.string(), z.unknown()).optional(),
});
export type ConstraintsByType = z.infer<typeof ConstraintsByType>;

export const NodeToken = z.object({
  token_key: z.string(),
  token_secret: z.string(),
  consumer_key: z.string(),
});
export type NodeToken = z.infer<typeof NodeToken>;

export const PowerStateReply = z.object({
  state: z.string(),
});
export type PowerStateReply = z.infer<typeof PowerStateReply>;

export const LastEvidence = z.object({
  at: z.string(),
  /** The door by which it came: bmc, dhcp, http ... */
  source: z.string(),
  text: z.string(),
});

export const Machine = z.object({
  system_id: z.string(),
  hostname: z.string(),
  description: z.string(),
  hardware_uuid: z.string().nullable(),
  domain: Domain,
  fqdn: z.string(),
  owner: z.string().nullable(),
  owner_data: z.record(z.string(), z.string()),
  locked: z.boolean(),
  cache_sets: z.array(StorageStub),
  bcaches: z.array(StorageStub),
  bios_boot_method: z.string().nullable(),
  boot_interface: Interface.nullable(),
  architecture: z.string().nullable(),
  min_hwe_kernel: z.string().nullable(),
  hwe_kernel: z.string().nullable(),
  cpu_count: z.int(),
  cpu_speed: z.int(),
  memory: z.int(),
  swap_size: z.int().nullable(),
  storage: z.number(),
  status: z.int(),
  osystem: z.string(),
  distro_series: z.string(),
  ephemeral_deploy: z.boolean(),
  error_description: z.string(),
  netboot: z.boolean(),
  power_type: z.string(),
  power_state: z.string(),
  tag_names: z.array(z.string()),
  address_ttl: z.int().nullable(),
  ip_addresses: z.array(z.string()),
  interface_set: z.array(Interface),
  zone: Zone,
  pool: ResourcePool.nullable(),
  disable_ipv4: z.boolean(),
  constraints_by_type: ConstraintsByType.optional(),
  boot_disk: BlockDevice.nullable(),
  blockdevice_set: z.array(BlockDevice),
  physicalblockdevice_set: z.array(BlockDevice),
  virtualblockdevice_set: z.array(BlockDevice),
  volume_groups: z.array(StorageStub),
  raids: z.array(StorageStub),
  status_action: z.string().nullable(),
  status_message: z.string().nullable(),
  status_name: z.string(),
  node_type: z.int(),
  node_type_name: z.string(),
  special_filesystems: z.array(Filesystem),
  parent: MachineParent.nullable(),
  pod: PodStub.nullable(),
  default_gateways: DefaultGateways,
  current_commissioning_result_id: z.int().nullable(),
  current_testing_result_id: z.int().nullable(),
  current_installation_result_id: z.int().nullable(),
  commissioning_status: z.int(),
  commissioning_status_name: z.string(),
  testing_status: z.int(),
  testing_status_name: z.string(),
  cpu_test_status: z.int(),
  cpu_test_status_name: z.string(),
  memory_test_status: z.int(),
  memory_test_status_name: z.string(),
  network_test_status: z.int(),
  network_test_status_name: z.string(),
  storage_test_status: z.int(),
  storage_test_status_name: z.string(),
  other_test_status: z.int(),
  other_test_status_name: z.string(),
  interface_test_status: z.int(),
  interface_test_status_name: z.string(),
  hardware_info: HardwareInfo,
  numanode_set: z.array(NUMANode),
  virtualmachine_id: z.int().nullable(),
  workload_annotations: z.record(z.string(), z.string()),
  last_sync: z.string().nullable(),
  sync_interval: z.int().nullable(),
  next_sync: z.string().nullable(),
  enable_hw_sync: z.boolean(),
  enable_kernel_crash_dump: z.boolean(),
  is_dpu: z.boolean().optional(),
  /** Dropped by later upstream releases; the offline documentation shows it. */
  iscsiblockdevice_set: z.array(z.unknown()),
  /** Ours: what the status waits for, null for one that does not wait. */
  waiting_for: z.string().nullable(),
  status_since: z.string(),
  status_deadline: z.string().nullable(),
  /** Ours: what was found at its last commissioning that will cost time. */
  warnings: z.array(Finding),
  /** Ours: what was last seen of the boot that is waited for. */
  last_evidence: LastEvidence.nullable(),
  /** Ours: whether a system that is to report its hardware does; null where none is to. */
  is_sync_healthy: z.boolean().nullable(),
  resource_uri: z.string(),
});
export type Machine = z.infer<typeof Machine>;

export const AnonMachine = z.object({
  system_id: z.string(),
  hostname: z.string(),
  domain: Domain,
  fqdn: z.string(),
  architecture: z.string().nullable(),
  status: z.int(),
  power_type: z.string(),
  power_state: z.string(),
  zone: Zone,
  status_action: z.string().nullable(),
  status_message: z.string().nullable(),
  status_name: z.string(),
  node_type: z.int(),
  resource_uri: z.string(),
});
export type AnonMachine = z.infer<typeof AnonMachine>;

export const ServiceEntry = z.object({
  name: z.string(),
  status: z.string(),
  status_info: z.string(),
});
export type ServiceEntry = z.infer<typeof ServiceEntry>;

export const RackController = z.object({
  system_id: z.string(),
  hostname: z.string(),
  description: z.string(),
  hardware_uuid: z.string().nullable(),
  domain: Domain,
  fqdn: z.string(),
  architecture: z.string().nullable(),
  cpu_count: z.int(),
  cpu_speed: z.int(),
  memory: z.int(),
  swap_size: z.int().nullable(),
  osystem: z.string(),
  distro_series: z.string(),
  power_type: z.string(),
  power_state: z.string(),
  ip_addresses: z.array(z.string()),
  interface_set: z.array(Interface),
  zone: Zone,
  status_action: z.string().nullable(),
  node_type: z.int(),
  node_type_name: z.string(),
  service_set: z.array(ServiceEntry),
  current_commissioning_result_id: z.int().nullable(),
  current_testing_result_id: z.int().nullable(),
  current_installation_result_id: z.int().nullable(),
  version: z.string().nullable(),
  commissioning_status: z.int(),
  commissioning_status_name: z.string(),
  testing_status: z.int(),
  testing_status_name: z.string(),
  cpu_test_status: z.int(),
  cpu_test_status_name: z.string(),
  memory_test_status: z.int(),
  memory_test_status_name: z.string(),
  network_test_status: z.int(),
  network_test_status_name: z.string(),
  storage_test_status: z.int(),
  storage_test_status_name: z.string(),
  other_test_status: z.int(),
  other_test_status_name: z.string(),
  interface_test_status: z.int(),
  interface_test_status_name: z.string(),
  hardware_info: HardwareInfo,
  tag_names: z.array(z.string()),
  resource_uri: z.string(),
});
export type RackController = z.infer<typeof RackController>;

export const RegionController = RackController.omit({ service_set: true });
export type RegionController = z.infer<typeof RegionController>;

export const BootImageList = z.object({
  images: z.array(z.object({ name: z.string(), architecture: z.string(), subarches: z.array(z.string()) })),
  connected: z.boolean(),
  status: z.string(),
});
export type BootImageList = z.infer<typeof BootImageList>;

export const NodeDetails = z.object({
  lshw: z.unknown().nullable(),
  lldp: z.unknown().nullable(),
});
export type NodeDetails = z.infer<typeof NodeDetails>;
