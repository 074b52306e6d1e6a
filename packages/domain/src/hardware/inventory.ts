/** What is remembered of a machine's hardware, so that a later commissioning can say what has changed. */
import { hardwareType } from "../scripts/status.ts";
import type { SwitchPort } from "./lldp.ts";
import type { HardwareReport, ReportedCpu, ReportedDisk } from "./report.ts";

export interface Inventory {
  architecture: string;
  hardwareUuid?: string;
  cpu: ReportedCpu;
  memoryMib: number;
  /** system_serial, mainboard_firmware_version ... */
  metadata: Readonly<Record<string, string>>;
  disks: readonly ReportedDisk[];
  nics: readonly Nic[];
  /** What else is plugged in, neither card nor disk: how many of each kind. */
  devices: readonly DeviceKind[];
}

export interface Nic {
  name: string;
  mac: string;
  /** PCI address, 0000:3b:00.0. */
  slot?: string;
  product?: string;
  firmwareVersion?: string;
  linkConnected: boolean;
  /** Mbit/s; 0 when nothing is known. */
  interfaceSpeed: number;
  linkSpeed: number;
  /** What it is plugged into, as LLDP said. */
  switchPort?: SwitchPort;
}

export interface DeviceKind {
  /** 10de:20b5 */
  id: string;
  name: string;
  isGpu: boolean;
  count: number;
}

/** Virtual drives of BMCs come and go by USB: what is plugged in there says nothing of the machine. */
export function inventoryOf(report: HardwareReport): Inventory {
  const kinds = new Map<string, DeviceKind>();
  for (const device of report.devices) {
    if (device.bus !== "pcie" || device.mac !== undefined || device.diskName !== undefined) continue;
    const id = `${device.vendorId}:${device.productId}`;
    const name = `${device.vendorName} ${device.productName}`.trim() || id;
    const isGpu = device.hardwareType === hardwareType.gpu;
    kinds.set(id, { id, name, isGpu, count: (kinds.get(id)?.count ?? 0) + 1 });
  }
  return {
    architecture: report.architecture,
    ...(report.hardwareUuid === undefined ? {} : { hardwareUuid: report.hardwareUuid }),
    cpu: report.cpu,
    memoryMib: report.memoryMib,
    metadata: report.metadata,
    disks: report.disks,
    nics: report.interfaces
      .filter(({ type }) => type === "physical")
      .map((nic) => ({
        name: nic.name,
        mac: nic.mac,
        ...(nic.pciAddress === undefined ? {} : { slot: nic.pciAddress }),
        ...(nic.product === undefined ? {} : { product: nic.product }),
        ...(nic.firmwareVersion === undefined ? {} : { firmwareVersion: nic.firmwareVersion }),
        linkConnected: nic.linkConnected,
        interfaceSpeed: nic.interfaceSpeed,
        linkSpeed: nic.linkSpeed,
      })),
    devices: [...kinds.values()].sort((a, b) => (a.id < b.id ? -1 : 1)),
  };
}

/** With what its cards are plugged into. Neighbours are captured by a later script, and named by interface. */
export function withSwitchPorts(inventory: Inventory, ports: ReadonlyMap<string, SwitchPort>): Inventory {
  const nics = inventory.nics.map(({ switchPort: _earlier, ...nic }) => {
    const switchPort = ports.get(nic.name);
    return switchPort === undefined ? nic : { ...nic, switchPort };
  });
  return { ...inventory, nics };
}
