import { hardwareType } from "../scripts/status.ts";
import { BadReport, type Part } from "./read.ts";
import type { ReportedDevice } from "./report.ts";

const MAX_DEVICES = 8192;
const MAX_INT = 2 ** 31 - 1;

/** Devices of the PCI and USB buses; what a network card, disk or display is told by its address. */
export function readDevices(resources: Part): ReportedDevice[] {
  const kinds = addressKinds(resources);
  const parts = addressParts(resources);
  const pci = resources.maybe("pci")?.parts("devices", MAX_DEVICES) ?? [];
  const usb = resources.maybe("usb")?.parts("devices", MAX_DEVICES) ?? [];
  const all = [...pci.map((device) => pciDevice(device, kinds)), ...usb.map((device) => usbDevice(device, kinds))].map(
    (device) => ({ ...device, ...parts.get(device.pciAddress ?? `${device.busNumber}:${device.deviceNumber}`) }),
  );
  // Keys of devices: the same one twice is one.
  const key = (d: ReportedDevice) => `${d.bus} ${d.pciAddress ?? `${d.busNumber}:${d.deviceNumber}`}`;
  return [...new Map(all.map((device) => [key(device), device])).values()];
}

function addressKinds(resources: Part): Map<string, number> {
  const kinds = new Map<string, number>();
  const note = (parts: readonly Part[], kind: number) => {
    for (const part of parts) {
      for (const address of [part.text("pci_address"), part.text("usb_address")]) {
        if (address !== "") kinds.set(address, kind);
      }
    }
  };
  note(resources.maybe("storage")?.parts("disks", MAX_DEVICES) ?? [], hardwareType.storage);
  note(resources.maybe("gpu")?.parts("cards", MAX_DEVICES) ?? [], hardwareType.gpu);
  note(resources.maybe("network")?.parts("cards", MAX_DEVICES) ?? [], hardwareType.network);
  return kinds;
}

/** By address: the first port of the card that it is, the first disk behind it. */
function addressParts(resources: Part): Map<string, Pick<ReportedDevice, "mac" | "diskName">> {
  const found = new Map<string, Pick<ReportedDevice, "mac" | "diskName">>();
  const note = (part: Part, what: Pick<ReportedDevice, "mac" | "diskName">) => {
    for (const address of [part.text("pci_address"), part.text("usb_address")])
      if (address !== "" && !found.has(address)) found.set(address, what);
  };
  for (const card of resources.maybe("network")?.parts("cards", MAX_DEVICES) ?? []) {
    const mac = card.parts("ports", MAX_DEVICES)[0]?.text("address").toLowerCase() ?? "";
    if (/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(mac)) note(card, { mac });
  }
  for (const disk of resources.maybe("storage")?.parts("disks", MAX_DEVICES) ?? []) {
    const diskName = disk.text("id");
    if (diskName !== "") note(disk, { diskName });
  }
  return found;
}

function pciDevice(device: Part, kinds: ReadonlyMap<string, number>): ReportedDevice {
  device.require("pci_address", "vendor_id", "product_id");
  const pciAddress = device.text("pci_address");
  return { ...common(device, "pcie"), hardwareType: kinds.get(pciAddress) ?? hardwareType.node, pciAddress };
}

function usbDevice(device: Part, kinds: ReadonlyMap<string, number>): ReportedDevice {
  device.require("bus_address", "device_address", "vendor_id", "product_id");
  const busNumber = device.natural("bus_address", 0, MAX_INT);
  const deviceNumber = device.natural("device_address", 0, MAX_INT);
  const kind = kinds.get(`${busNumber}:${deviceNumber}`) ?? hardwareType.node;
  return { ...common(device, "usb"), hardwareType: kind, busNumber, deviceNumber };
}

function common(device: Part, bus: ReportedDevice["bus"]): Omit<ReportedDevice, "hardwareType"> {
  const drivers = device.parts("interfaces", 64).map((each) => each.text("driver"));
  return {
    bus,
    vendorId: identifier(device, "vendor_id"),
    productId: identifier(device, "product_id"),
    vendorName: device.text("vendor"),
    productName: device.text("product"),
    driver: device.text("driver") || drivers.find((driver) => driver !== "") || "",
    numaNode: device.natural("numa_node", 0, MAX_INT),
  };
}

function identifier(device: Part, key: string): string {
  const id = device.text(key).toLowerCase();
  if (!/^[0-9a-f]{4}$/.test(id)) throw new BadReport(`${device.at(key)} is not four hexadecimal digits`);
  return id;
}
