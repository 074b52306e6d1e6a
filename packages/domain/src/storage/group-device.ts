/** The block devices that groups offer: a RAID or a bcache one, a volume group one for each volume. */
import { givenUuid, type StorageEdit } from "./edit.ts";
import type { MemberWords } from "./members.ts";
import type { Device, Group } from "./model.ts";

/** What of a group may be changed alike, whatever its type. */
export interface GroupChange<Members = MemberWords> {
  readonly name?: string | undefined;
  readonly uuid?: string | undefined;
  readonly add: Members;
  readonly remove: Members;
}

export function addGroupDevice(
  edit: StorageEdit,
  group: Group,
  of: Pick<Device, "name" | "uuid" | "sizeBytes" | "blockSizeBytes">,
): Device {
  const device: Device = {
    id: edit.newId(),
    type: "virtual",
    ...of,
    model: null,
    serial: null,
    idPath: null,
    numaNode: null,
    tags: [],
    table: null,
    groupId: group.id,
  };
  edit.devices.push(device);
  return device;
}

/** Of a group that is one device. */
export const groupDevice = (edit: StorageEdit, group: Group): Device | undefined =>
  edit.devices.find((d) => d.groupId === group.id);

/** Name and UUID of a group that is one device, which has the same. */
export function renameWithDevice(
  edit: StorageEdit,
  group: Group,
  change: { readonly name?: string | undefined; readonly uuid?: string | undefined },
): { name: string; uuid: string } {
  const device = groupDevice(edit, group);
  const name = change.name ?? group.name;
  if (name !== group.name) edit.checkName("name", name, device?.id);
  const uuid = givenUuid(change.uuid) ?? group.uuid;
  if (device) edit.putDevice({ ...device, name, uuid });
  return { name, uuid };
}
