/** The machine's JSON as the seeds show it: which keys, of what type, and the exact keys of what is in it. */
import assert from "node:assert/strict";
import type { MachineJson } from "./session.ts";

const words = (text: string) => text.trim().split(/\s+/);

const keysByType = {
  string: words(`storage_test_status_name network_test_status_name hardware_uuid status_action status_message
    cpu_test_status_name description memory_test_status_name status_name other_test_status_name distro_series
    testing_status_name system_id fqdn osystem hostname min_hwe_kernel power_state interface_test_status_name power_type
    architecture node_type_name commissioning_status_name bios_boot_method resource_uri`),
  number: words(`cpu_count memory_test_status testing_status memory commissioning_status storage cpu_test_status
    other_test_status storage_test_status network_test_status node_type status interface_test_status cpu_speed`),
  boolean: words("locked netboot disable_ipv4"),
  array: words(`bcaches interface_set numanode_set virtualblockdevice_set special_filesystems tag_names blockdevice_set
    ip_addresses physicalblockdevice_set volume_groups cache_sets iscsiblockdevice_set raids`),
  object: words("default_gateways pool domain boot_interface owner_data zone boot_disk hardware_info"),
  // Null in one state of the machine, a value in another.
  any: words(`current_testing_result_id current_installation_result_id current_commissioning_result_id swap_size pod
    address_ttl owner hwe_kernel`),
};

const INTERFACE = words(`params numa_node tags id mac_address vendor children effective_mtu discovered links link_speed
  link_connected system_id enabled interface_speed firmware_version name sriov_max_vf product vlan parents type resource_uri`);
const VLAN = words(`vid mtu dhcp_on external_dhcp relay_vlan fabric primary_rack name id space secondary_rack fabric_id
  resource_uri`);
const BLOCK_DEVICE =
  words(`id_path size block_size tags serial uuid numa_node available_size id partition_table_type model
  path storage_pool used_for filesystem system_id used_size partitions name type resource_uri`);
const NUMA_NODE = words("index memory cores");
const HARDWARE_INFO =
  words(`system_vendor system_product system_family system_version system_sku system_serial cpu_model
  mainboard_vendor mainboard_product mainboard_serial mainboard_version mainboard_firmware_vendor mainboard_firmware_date
  mainboard_firmware_version chassis_vendor chassis_type chassis_serial chassis_version`);
const TEST_KINDS = words("cpu memory network storage interface other");

const typeOf = (value: unknown) => (value === null ? "null" : Array.isArray(value) ? "array" : typeof value);

function exactly(what: string, value: unknown, keys: readonly string[]): Record<string, unknown> {
  assert.equal(typeOf(value), "object", what);
  assert.deepEqual(Object.keys(value as object).toSorted(), keys.toSorted(), `keys of ${what}`);
  return value as Record<string, unknown>;
}

function each(what: string, value: unknown, check: (item: unknown) => void): void {
  assert.ok(Array.isArray(value) && value.length > 0, `${what} is empty on a commissioned machine`);
  value.forEach(check);
}

/** @throws AssertionError naming the key that is not as it should be; for machines that were commissioned */
export function checkMachineShape(machine: MachineJson): void {
  for (const [type, keys] of Object.entries(keysByType))
    for (const key of keys) {
      assert.ok(key in machine, `${key} is missing`);
      if (type !== "any") assert.equal(typeOf(machine[key]), type, key);
    }
  each("interface_set", machine.interface_set, (it) => checkInterface(it, machine.system_id));
  checkInterface(machine.boot_interface, machine.system_id);
  each("blockdevice_set", machine.blockdevice_set, (it) => exactly("block device", it, BLOCK_DEVICE));
  for (const disk of [...(machine.physicalblockdevice_set as unknown[]), machine.boot_disk])
    exactly("physical block device", disk, [...BLOCK_DEVICE, "firmware_version"]);
  each("numanode_set", machine.numanode_set, (it) => exactly("NUMA node", it, NUMA_NODE));
  const gateways = exactly("default_gateways", machine.default_gateways, ["ipv4", "ipv6"]);
  for (const family of ["ipv4", "ipv6"]) exactly(family, gateways[family], ["gateway_ip", "link_id"]);
  const pool = exactly("pool", machine.pool, words("name description id resource_uri"));
  assert.deepEqual([pool.id, pool.resource_uri], [0, "/MAAS/api/2.0/resourcepool/0/"]);
  exactly("domain", machine.domain, words("authoritative ttl resource_record_count name id is_default resource_uri"));
  const zone = exactly("zone", machine.zone, words("name description id resource_uri"));
  assert.equal(zone.resource_uri, "/MAAS/api/2.0/zones/default/");
  exactly("hardware_info", machine.hardware_info, HARDWARE_INFO);
  checkValues(machine);
}

function checkInterface(value: unknown, systemId: string): void {
  const nic = exactly("interface", value, INTERFACE);
  assert.equal(nic.resource_uri, `/MAAS/api/2.0/nodes/${systemId}/interfaces/${nic.id as number}/`);
  const vlan = exactly("vlan of an interface", nic.vlan, VLAN);
  assert.equal(vlan.resource_uri, `/MAAS/api/2.0/vlans/${vlan.id as number}/`);
}

function checkValues(machine: MachineJson): void {
  assert.match(machine.system_id, /^[a-z0-9]{6}$/);
  assert.equal(machine.resource_uri, `/MAAS/api/2.0/machines/${machine.system_id}/`);
  assert.match(machine.hardware_uuid as string, /^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$/);
  assert.equal(machine.architecture, "amd64/generic");
  assert.equal(machine.node_type_name, "Machine");
  // Numbers and names of the states of tests go together.
  for (const kind of TEST_KINDS) {
    const names: Record<number, string> = { [-1]: "Unknown", 0: "Pending", 1: "Running", 2: "Passed" };
    const status = machine[`${kind}_test_status`] as number;
    if (status in names) assert.equal(machine[`${kind}_test_status_name`], names[status], `${kind} test status`);
  }
}
