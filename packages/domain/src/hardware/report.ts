import type { Preflight } from "./preflight.ts";

/** What commissioning found a machine to be made of, checked and in our units (reference: metadata-protocol.md section 13). */
export interface HardwareReport {
  /** Debian's name: amd64, arm64 ... */
  readonly architecture: string;
  /** Subarchitecture that the machine asks for by `machine-extra`. */
  readonly platform?: string;
  /** Tags of the machine that `machine-extra` asks for. */
  readonly tags: readonly string[];
  readonly cpu: ReportedCpu;
  readonly memoryMib: number;
  readonly numaNodes: readonly ReportedNumaNode[];
  /** system_vendor, mainboard_product, cpu_model ... */
  readonly metadata: Readonly<Record<string, string>>;
  readonly hardwareUuid?: string;
  readonly isVirtual: boolean;
  /** Parents before their children. */
  readonly interfaces: readonly ReportedInterface[];
  readonly disks: readonly ReportedDisk[];
  readonly devices: readonly ReportedDevice[];
  /** Custom storage layout, as the machine sent it. */
  readonly storageExtra?: unknown;
  /** What it measured of its surroundings. */
  readonly preflight?: Preflight;
}

export interface ReportedCpu {
  readonly count: number;
  readonly speedMhz: number;
  /** Absent when the sockets differ or say nothing. */
  readonly model?: string;
}

export interface ReportedNumaNode {
  readonly index: number;
  /** Ids of its threads. */
  readonly cores: readonly number[];
  readonly memoryMib: number;
  /** In bytes; none where none are set aside. */
  readonly hugepages: readonly { readonly pageSize: number; readonly total: number }[];
}

export interface ReportedAddress {
  readonly ip: string;
  readonly prefix: number;
}

export interface ReportedInterface {
  readonly name: string;
  readonly type: "physical" | "bond" | "bridge" | "vlan";
  /** Lower case, with colons. */
  readonly mac: string;
  readonly parents: readonly string[];
  /** Of type vlan. */
  readonly vid?: number;
  /** Stored parameters of bonds and bridges: bond_mode, bridge_stp ... */
  readonly params: Readonly<Record<string, string | number | boolean>>;
  readonly linkConnected: boolean;
  /** Mbit/s; 0 when nothing is known. */
  readonly interfaceSpeed: number;
  readonly linkSpeed: number;
  readonly sriovMaxVf: number;
  readonly tags: readonly string[];
  readonly vendor?: string;
  readonly product?: string;
  readonly firmwareVersion?: string;
  readonly numaNode?: number;
  /** Of the card that it is on. */
  readonly pciAddress?: string;
  /** Of global scope alone. */
  readonly addresses: readonly ReportedAddress[];
}

export interface ReportedDisk {
  /** The kernel's: sda, nvme0n1. */
  readonly name: string;
  readonly model?: string;
  readonly serial?: string;
  readonly idPath: string;
  readonly sizeBytes: number;
  readonly blockSizeBytes: number;
  readonly firmwareVersion?: string;
  readonly numaNode?: number;
  readonly tags: readonly string[];
}

export interface ReportedDevice {
  readonly bus: "pcie" | "usb";
  /** Code of the kind of hardware: scripts/status.ts. */
  readonly hardwareType: number;
  /** Four hexadecimal digits. */
  readonly vendorId: string;
  readonly productId: string;
  readonly vendorName: string;
  readonly productName: string;
  readonly driver: string;
  readonly numaNode: number;
  readonly pciAddress?: string;
  /** USB bus and device number. */
  readonly busNumber?: number;
  readonly deviceNumber?: number;
  /** Of the first port of the network card that it is. */
  readonly mac?: string;
  /** Of the disk that it is, or the first one behind it. */
  readonly diskName?: string;
}
