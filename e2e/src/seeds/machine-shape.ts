/** The machine's JSON as the documentation shows it: which keys, of what type, and the exact keys of what is in it. */
import assert from "node:assert/strict";
import { machineFields } from "./facts/machine.ts";
import type { MachineJson, Session } from "./session.ts";

const words = (text: string) => text.trim().split(/\s+/);

const INTERFACE = words(`params numa_node tags id mac_address vendor children effective_mtu discovered links link_speed
  link_connected system_id enabled interface_speed firmware_version name sriov_max_vf product vlan parents type resource_uri`);
const VLAN = words(`vid mtu dhcp_on external_dhcp relay_vlan fabric primary_rack name id space secondary_rack fabric_id
  resource_uri`);
const BLOCK_DEVICE =
  words(`id_path size block_size tags serial uuid numa_node available_size id partition_table_type model
  path storage_pool used_for filesystem system_id used_size partitions name type resource_uri`);
const HARDWARE_INFO =
  words(`system_vendor system_product system_family system_version system_sku system_serial cpu_model
  mainboard_vendor mainboard_product mainboard_serial mainboard_version mainboard_firmware_vendor mainboard_firmware_date
  mainboard_firmware_version chassis_vendor chassis_type chassis_serial chassis_version`);
const TEST_KINDS = words(
  "cpu_test memory_test network_test storage_test interface_test other_test testing commissioning",
);

const typeOf = (value: unknown) => (value === null ? "null" : Array.isArray(value) ? "array" : typeof value);

function exactly(what: string, value: unknown, keys: readonly string[]): Record<string, unknown> {
  assert.equal(typeOf(value), "object", what);
  assert.deepEqual(Object.keys(value as object).toSorted(), keys.toSorted(), `keys of ${what}`);
  return value as Record<string, unknown>;
}

/** Of a commissioned machine: there is at least one. */
function each(what: string, value: unknown, check: (item: unknown) => void): void {
  assert.ok(Array.isArray(value) && value.length > 0, `${what} is empty on a commissioned machine`);
  value.forEach(check);
}

type Look = (machine: MachineJson) => void;

const nested: readonly [id: string, look: Look][] = [
  [
    "S0-098",
    (machine) => {
      for (const one of [...machine.interface_set, machine.boot_interface]) {
        const nic = exactly("interface", one, INTERFACE);
        assert.equal(nic.resource_uri, `/MAAS/api/2.0/nodes/${machine.system_id}/interfaces/${nic.id as number}/`);
        if (nic.type === "physical") assert.equal(nic.params, "");
      }
    },
  ],
  [
    "S0-099",
    (machine) => {
      for (const one of machine.interface_set.filter(({ vlan }) => vlan !== null)) {
        const vlan = exactly("vlan of an interface", one.vlan, VLAN);
        assert.equal(vlan.resource_uri, `/MAAS/api/2.0/vlans/${vlan.id as number}/`);
        assert.equal(typeof vlan.space, "string");
      }
      assert.notEqual((machine.boot_interface as { vlan: unknown }).vlan, null);
    },
  ],
  [
    "S0-100",
    (machine) => each("blockdevice_set", machine.blockdevice_set, (it) => exactly("block device", it, BLOCK_DEVICE)),
  ],
  [
    "S0-101",
    (machine) => {
      const disk = (it: unknown) => exactly("physical block device", it, [...BLOCK_DEVICE, "firmware_version"]);
      each("physicalblockdevice_set", machine.physicalblockdevice_set, disk);
      disk(machine.boot_disk);
    },
  ],
  [
    "S0-102",
    (machine) =>
      each("numanode_set", machine.numanode_set, (it) => exactly("NUMA node", it, words("index memory cores"))),
  ],
  [
    "S0-103",
    (machine) => {
      const gateways = exactly("default_gateways", machine.default_gateways, ["ipv4", "ipv6"]);
      for (const family of ["ipv4", "ipv6"]) exactly(family, gateways[family], ["gateway_ip", "link_id"]);
    },
  ],
  [
    "S0-104",
    ({ pool }) => {
      const found = exactly("pool", pool, words("name description id resource_uri"));
      assert.deepEqual([found.id, found.resource_uri], [0, "/MAAS/api/2.0/resourcepool/0/"]);
    },
  ],
  [
    "S0-105",
    ({ domain }) =>
      void exactly("domain", domain, words("authoritative ttl resource_record_count name id is_default resource_uri")),
  ],
  [
    "S0-106",
    ({ zone }) => {
      const found = exactly("zone", zone, words("name description id resource_uri"));
      assert.equal(found.resource_uri, "/MAAS/api/2.0/zones/default/");
    },
  ],
  [
    "S0-107",
    ({ hardware_info: info }) => {
      for (const [key, value] of Object.entries(exactly("hardware_info", info, HARDWARE_INFO)))
        assert.equal(typeof value, "string", key);
    },
  ],
];

/** Rules of single keys, beyond their type. */
const values: Partial<Record<(typeof machineFields)[number][1], Look>> = {
  system_id: (m) => assert.match(m.system_id, /^[a-z0-9]{6}$/),
  resource_uri: (m) => assert.equal(m.resource_uri, `/MAAS/api/2.0/machines/${m.system_id}/`),
  hardware_uuid: (m) => assert.match(m.hardware_uuid as string, /^[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}$/),
  architecture: (m) => assert.equal(m.architecture, "amd64/generic"),
  node_type: (m) => assert.equal(m.node_type, 0),
  node_type_name: (m) => assert.equal(m.node_type_name, "Machine"),
  fqdn: (m) => assert.equal(m.fqdn, `${m.hostname}.${(m.domain as { name: string }).name}`),
  iscsiblockdevice_set: (m) => assert.deepEqual(m.iscsiblockdevice_set, []),
};

function checkField(machine: MachineJson, key: (typeof machineFields)[number][1], type: string): void {
  assert.ok(key in machine, `${key} is missing`);
  assert.ok(type.split("|").includes(typeOf(machine[key])), `${key} is ${typeOf(machine[key])}, not ${type}`);
  values[key]?.(machine);
}

/** Numbers and names of the states of tests go together. */
function checkStates(machine: MachineJson): void {
  for (const kind of TEST_KINDS) {
    const names: Record<number, string> = { [-1]: "Unknown", 0: "Pending", 1: "Running", 2: "Passed" };
    const status = machine[`${kind}_status`] as number;
    if (status in names) assert.equal(machine[`${kind}_status_name`], names[status], `${kind} status`);
  }
}

/** For all that the session printed of machines that were commissioned. */
export async function machineShape({ shown, row }: Session): Promise<void> {
  const all = (look: Look) => async () => {
    for (const where of ["read", "commission", "allocate", "deploy"])
      assert.ok(
        shown.some(([from]) => from === where),
        `the session printed no machine by ${where}`,
      );
    for (const [where, machine] of shown)
      try {
        look(machine);
      } catch (cause) {
        throw new Error(`by ${where}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
      }
  };
  for (const [id, key, type] of machineFields)
    await row(
      id,
      all((machine) => checkField(machine, key, type)),
    );
  await row("S0-097", all(checkStates));
  for (const [id, look] of nested) await row(id, all(look));
}
