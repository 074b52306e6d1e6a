/** An emulated machine's hardware as the programs on a real one print it: machine-resources, lshw, lldpctl. */
import type { Hardware } from "./hardware.ts";
import { asReported, preflight, type Trouble } from "./surroundings.ts";

const extensions = [
  "resources",
  "resources_cpu_socket",
  "resources_numa",
  "resources_v2",
  "resources_disk_sata",
  "resources_disk_id",
  "resources_usb_pci",
  "api_os",
  "resources_system",
  "resources_disk_address",
];

/** What 50-maas-01-commissioning prints: the output of machine/resources/machine-resources, and what was measured. */
export function machineResources(own: Hardware, has: (trouble: Trouble) => boolean = () => false): object {
  const hw = asReported(own, has);
  const { sockets, coresPerSocket } = hw.cpu;
  const nodes = Array.from({ length: sockets }, (_, node) => node);
  return {
    api_extensions: extensions,
    api_version: "1.0",
    environment: {
      kernel: "Linux",
      kernel_architecture: "x86_64",
      kernel_version: "6.1.0-28-amd64",
      os_name: "debian",
      os_version: "12",
      server: "rackwright-emulated-machine",
      server_name: "emulated",
      server_version: "1.0",
    },
    resources: {
      cpu: {
        architecture: "x86_64",
        sockets: nodes.map((socket) => ({
          name: hw.cpu.name,
          vendor: hw.cpu.vendor,
          socket,
          cache: [],
          cores: Array.from({ length: coresPerSocket }, (_, core) => ({
            core,
            die: 0,
            threads: [
              { id: socket * coresPerSocket + core, numa_node: socket, thread: 0, online: true, isolated: false },
            ],
            frequency: hw.cpu.mhz,
          })),
          frequency: hw.cpu.mhz,
        })),
        total: sockets * coresPerSocket,
      },
      memory: {
        nodes: nodes.map((numa_node) => ({
          numa_node,
          hugepages_total: 0,
          hugepages_used: 0,
          used: 300 << 20,
          total: hw.memoryBytes / sockets,
        })),
        hugepages_total: 0,
        hugepages_used: 0,
        hugepages_size: 2 << 20,
        used: 300 << 20,
        total: hw.memoryBytes,
      },
      gpu: { cards: [], total: 0 },
      network: {
        cards: hw.nics.map((nic, slot) => card(nic, slot, has("slow-link") ? 1000 : 10_000)),
        total: hw.nics.length,
      },
      storage: { disks: hw.disks.map(storage), total: hw.disks.length },
      usb: { devices: [], total: 0 },
      pci: { devices: [], total: 0 },
      system: {
        uuid: hw.uuid,
        vendor: hw.vendor,
        product: hw.product,
        family: "",
        version: "",
        sku: "",
        serial: hw.serial,
        type: "physical",
        firmware: { vendor: hw.firmware.vendor, date: "03/14/2025", version: hw.firmware.version },
        chassis: { vendor: hw.vendor, type: "Rack Mount Chassis", serial: hw.serial, version: "" },
        motherboard: { vendor: hw.vendor, product: hw.product, serial: hw.serial, version: "A01" },
      },
    },
    networks: Object.fromEntries(hw.nics.map((nic) => [nic.name, network(nic, hw.ip)])),
    preflight: preflight(hw, has),
  };
}

const pci = (slot: number) => `0000:${(slot + 1).toString(16).padStart(2, "0")}:00.0`;

function card(nic: Hardware["nics"][number], slot: number, linkSpeed: number): object {
  return {
    pci_address: pci(slot),
    vendor: "Intel Corporation",
    product: "Ethernet Controller X550",
    vendor_id: "8086",
    product_id: "1563",
    driver: "ixgbe",
    driver_version: "6.1.0-28-amd64",
    numa_node: 0,
    ports: [
      {
        id: nic.name,
        address: nic.mac,
        port: 0,
        protocol: "ethernet",
        auto_negotiation: true,
        supported_modes: ["1000baseT/Full", "10000baseT/Full"],
        link_detected: nic.linked,
        ...(nic.linked ? { link_speed: linkSpeed, link_duplex: "full" } : {}),
        port_type: "twisted pair",
        transceiver_type: "internal",
      },
    ],
  };
}

function storage(disk: Hardware["disks"][number], index: number): object {
  return {
    id: disk.name,
    device: `259:${index}`,
    model: disk.model,
    type: disk.type,
    read_only: false,
    size: disk.sizeBytes,
    removable: false,
    numa_node: 0,
    block_size: 512,
    firmware_version: "1.0",
    rpm: disk.rpm,
    serial: disk.serial,
    device_id: `${disk.type === "nvme" ? "nvme" : "ata"}-${disk.model.replaceAll(" ", "_")}_${disk.serial}`,
    device_path: `pci-${pci(16 + index)}`,
    pci_address: pci(16 + index),
    partitions: [],
  };
}

function network(nic: Hardware["nics"][number], ip: string): object {
  return {
    addresses: nic.linked ? [{ family: "inet", address: ip, netmask: "10", scope: "global" }] : [],
    bond: null,
    bridge: null,
    vlan: null,
    counters: { bytes_received: 1, bytes_sent: 1, packets_received: 1, packets_sent: 1 },
    hwaddr: nic.mac,
    mtu: 1500,
    state: nic.linked ? "up" : "down",
    type: "broadcast",
  };
}

/** What `lshw -xml` prints, in short. */
export function lshw(hw: Hardware): string {
  const disks = hw.disks
    .map(
      (disk) =>
        `<node id="${disk.name}" class="disk" handle=""><description>${disk.type} disk</description><product>${disk.model}</product><serial>${disk.serial}</serial><size units="bytes">${disk.sizeBytes}</size></node>`,
    )
    .join("");
  const nics = hw.nics
    .map(
      (nic) =>
        `<node id="${nic.name}" class="network" handle=""><logicalname>${nic.name}</logicalname><serial>${nic.mac}</serial></node>`,
    )
    .join("");
  return `<?xml version="1.0" standalone="yes" ?>
<list><node id="emulated" claimed="true" class="system" handle="DMI:0001"><description>Rack Mount Chassis</description><product>${hw.product}</product><vendor>${hw.vendor}</vendor><serial>${hw.serial}</serial><configuration><setting id="uuid" value="${hw.uuid}" /></configuration><node id="core" claimed="true" class="bus" handle=""><node id="cpu" class="processor" handle=""><product>${hw.cpu.name}</product></node><node id="memory" class="memory" handle=""><size units="bytes">${hw.memoryBytes}</size></node>${disks}${nics}</node></node></list>
`;
}

/** What `lldpctl -f xml` prints: one switch, a port of its own for each machine. */
export function lldp(hw: Hardware): string {
  const port = hw.ip.split(".").slice(1).join("/");
  return `<?xml version="1.0" encoding="UTF-8"?>
<lldp label="LLDP neighbors"><interface label="Interface" name="${hw.nics[0]?.name ?? ""}" via="LLDP"><chassis label="Chassis"><id label="ChassisID" type="mac">02:64:00:00:00:01</id><name label="SysName">emulated-switch</name></chassis><port label="Port"><id label="PortID" type="ifname">eth${port}</id></port></interface></lldp>
`;
}
