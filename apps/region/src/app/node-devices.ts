/** Devices on the buses of a node, as commissioning found them. */
import { appendChange } from "@rackwright/db/change";
import type { MachineView } from "@rackwright/db/machine-views";
import { deleteNodeDevice, devicesOfNode, type NodeDeviceRow } from "@rackwright/db/node-devices";
import { DomainError } from "@rackwright/domain/errors";
import { type Ctx, inTransaction } from "../context.ts";
import { audit } from "./audit.ts";
import { nodeView } from "./node-view.ts";

/** Columns that have these values; case does not matter. */
export type DeviceFilter = Partial<
  Record<"bus" | "vendor_id" | "product_id" | "vendor_name" | "product_name" | "driver", string | undefined>
> & { hardware_type?: number | undefined };

export interface NodeDevices {
  view: MachineView;
  devices: NodeDeviceRow[];
}

/** @throws DomainError not_found, forbidden */
export async function nodeDevices(ctx: Ctx, systemId: string, filter: DeviceFilter = {}): Promise<NodeDevices> {
  const view = await nodeView(ctx, systemId);
  const all = await devicesOfNode(ctx.region.db.kysely, view.row.id);
  const { hardware_type, ...texts } = filter;
  const devices = all.filter(
    (device) =>
      (hardware_type === undefined || device.hardware_type === hardware_type) &&
      Object.entries(texts).every(
        ([column, value]) =>
          value === undefined ||
          value === "" ||
          device[column as keyof typeof texts].toLowerCase() === value.toLowerCase(),
      ),
  );
  return { view, devices };
}

const PCI_ADDRESS = /^[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$/i;
const USB_ADDRESS = /^(\d{1,9}):(\d{1,9})$/;

function isMeant(word: string): (device: NodeDeviceRow) => boolean {
  if (/^\d{1,15}$/.test(word)) return (device) => device.id === Number(word);
  if (PCI_ADDRESS.test(word)) return (device) => device.pci_address === word.toLowerCase();
  const usb = USB_ADDRESS.exec(word);
  if (usb)
    return ({ bus, bus_number, device_number }) =>
      bus === "usb" && bus_number === Number(usb[1]) && device_number === Number(usb[2]);
  throw new DomainError("bad_request", `"${word}" is neither a device's id nor BUS:DEVICE nor a PCI address.`);
}

/** @throws DomainError not_found, forbidden, bad_request */
export async function nodeDevice(
  ctx: Ctx,
  systemId: string,
  word: string,
): Promise<{ view: MachineView; device: NodeDeviceRow }> {
  const { view, devices } = await nodeDevices(ctx, systemId);
  const device = devices.find(isMeant(word));
  if (!device) throw new DomainError("not_found", `${view.row.hostname} has no device ${word}.`);
  return { view, device };
}

/** @throws DomainError not_found, bad_request */
export async function forgetNodeDevice(ctx: Ctx, systemId: string, word: string): Promise<void> {
  const { view, device } = await nodeDevice(ctx, systemId, word);
  await inTransaction(ctx, async (tx) => {
    if (!(await deleteNodeDevice(tx, device.id))) return;
    await appendChange(tx, { kind: "update", entity: "machine", entityId: systemId });
    await audit(ctx, tx, "NODE", `Forgot ${device.product_name} (${word}) of ${view.row.hostname}.`);
  });
}
