/** What people look for first in the lists of each kind; `a.b` is b inside of a. Others show all their plain values. */
const nodes = ["system_id", "hostname", "status_name", "power_state", "owner", "zone.name", "ip_addresses"];

export const usualColumns: Readonly<Record<string, readonly string[]>> = {
  machines: [
    "system_id",
    "hostname",
    "status_name",
    "power_state",
    "owner",
    "pool.name",
    "zone.name",
    "osystem",
    "distro_series",
    "ip_addresses",
  ],
  nodes,
  devices: ["system_id", "hostname", "owner", "parent", "zone.name", "ip_addresses"],
  "rack-controllers": ["system_id", "hostname", "fqdn", "version", "zone.name", "ip_addresses"],
  "region-controllers": ["system_id", "hostname", "fqdn", "version", "zone.name", "ip_addresses"],
  interfaces: ["id", "name", "type", "mac_address", "link_connected", "link_speed", "vlan.vid", "vlan.fabric", "tags"],
  subnets: ["id", "name", "cidr", "gateway_ip", "vlan.vid", "vlan.fabric", "space", "dns_servers", "managed"],
  vlans: ["id", "vid", "name", "fabric", "mtu", "dhcp_on", "primary_rack", "space"],
  fabrics: ["id", "name", "class_type", "vlans"],
  ipranges: ["id", "type", "start_ip", "end_ip", "subnet.cidr", "user", "comment"],
  tags: ["name", "definition", "comment", "kernel_opts"],
  users: ["username", "email", "is_superuser", "is_local"],
  "block-devices": ["id", "name", "type", "model", "serial", "size", "used_for", "tags"],
  partitions: ["id", "path", "size", "used_for", "filesystem.fstype", "filesystem.mount_point"],
  "boot-resources": ["id", "type", "name", "architecture", "subarches", "title"],
  "node-scripts": ["name", "title", "type_name", "tags", "hardware_type_name", "timeout", "default"],
  events: ["id", "created", "level", "type", "hostname", "description"],
};
