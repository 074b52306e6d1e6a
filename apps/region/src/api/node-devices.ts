/** nodes/{system_id}/devices/ and one of them. */
import type { NodeDevice } from "@rackwright/contract/objects/node-parts";
import { nodeDevice, nodeDevices } from "@rackwright/contract/resources/node-devices";
import { API_ROOT } from "@rackwright/contract/table";
import { hardwareType } from "@rackwright/domain/scripts/status";
import * as app from "../app/node-devices.ts";
import { storageOf } from "../app/storage-view.ts";
import type { Routes } from "../http/route.ts";
import { interfaceContext } from "./wire/machine.ts";
import { wireStorage } from "./wire/machine-storage.ts";
import { wireInterface } from "./wire/network.ts";
import { hardwareNames } from "./wire/script.ts";

type View = app.NodeDevices["view"];
type Device = app.NodeDevices["devices"][number];

/** enums.json NODE_DEVICE_BUS. */
const buses: Record<string, { code: number; label: string }> = {
  pcie: { code: 1, label: "PCIE" },
  usb: { code: 2, label: "USB" },
};

function wireNodeDevice(view: View, device: Device): NodeDevice {
  const systemId = view.row.system_id;
  const nic = view.interfaces.find((i) => i.mac !== null && i.mac === device.mac);
  const disk =
    device.disk_name === null
      ? undefined
      : wireStorage(storageOf(view)).physicalblockdevice_set.find(({ name }) => name === device.disk_name);
  const bus = buses[device.bus];
  return {
    id: device.id,
    bus: bus?.code ?? 0,
    bus_name: bus?.label ?? device.bus,
    hardware_type: device.hardware_type,
    hardware_type_name: hardwareNames[device.hardware_type] ?? "",
    system_id: systemId,
    numa_node: device.numa_node ?? 0,
    physical_blockdevice: disk ?? null,
    physical_interface: nic ? wireInterface(nic, interfaceContext(view)) : null,
    vendor_id: device.vendor_id,
    product_id: device.product_id,
    vendor_name: device.vendor_name,
    product_name: device.product_name,
    commissioning_driver: device.driver,
    bus_number: device.bus_number ?? pciNumber(device, 1),
    device_number: device.device_number ?? pciNumber(device, 2),
    pci_address: device.pci_address,
    resource_uri: `${API_ROOT}/nodes/${systemId}/devices/${device.id}/`,
  };
}

/** Of DOMAIN:BUS:DEVICE.FUNCTION, in hexadecimal digits. */
function pciNumber({ pci_address }: Device, part: number): number {
  return Number.parseInt(pci_address?.split(/[:.]/)[part] ?? "0", 16) || 0;
}

const nodeOf = ({ path }: { path: Record<string, string> }) => path.system_id ?? "";
const idOf = ({ path }: { path: Record<string, string> }) => path.id ?? "";

export function nodeDevicesRoutes(routes: Routes): void {
  routes.on(nodeDevices.actions.read, async (call) => {
    const { hardware_type, commissioning_driver: driver, ...texts } = call.params;
    const { view, devices } = await app.nodeDevices(call.ctx, nodeOf(call), {
      ...texts,
      driver,
      hardware_type: hardware_type && hardwareType[hardware_type],
    });
    return devices.map((device) => wireNodeDevice(view, device));
  });
  routes.on(nodeDevice.actions.read, async (call) => {
    const { view, device } = await app.nodeDevice(call.ctx, nodeOf(call), idOf(call));
    return wireNodeDevice(view, device);
  });
  routes.on(nodeDevice.actions.delete, (call) => app.forgetNodeDevice(call.ctx, nodeOf(call), idOf(call)));
}
