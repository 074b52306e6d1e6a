import type { FieldMessages } from "../errors.ts";
import type { NetworkInterface } from "../network/model.ts";
import { needsBoot } from "../storage/geometry.ts";
import { bootDisk } from "../storage/boot-disk.ts";
import { mountedAt, physicalDisks, type On, type StorageModel } from "../storage/model.ts";

/** What deploying an operating system asks of a machine's network and disks. */
export interface DeployCandidate {
  readonly hostname: string;
  readonly osystem: string;
  readonly series: string;
  readonly architecture: string;
  readonly biosBootMethod: string;
  readonly inMemory: boolean;
  readonly interfaces: readonly Pick<NetworkInterface, "enabled" | "links">[];
  readonly storage: StorageModel;
}

/** Systems whose installation we lay out ourselves. `custom` images bring their own idea of what is mounted. */
const mustMountRoot: readonly string[] = ["ubuntu", "debian", "centos", "rhel"];

/** Field errors that forbid deploying now, empty when nothing does (reference: lifecycle, section 10, item 6). */
export function deployErrors(candidate: DeployCandidate): FieldMessages {
  const network = networkErrors(candidate);
  const storage = candidate.inMemory ? [] : storageErrors(candidate);
  return { ...(network.length > 0 ? { network } : {}), ...(storage.length > 0 ? { storage } : {}) };
}

function networkErrors({ hostname, interfaces }: DeployCandidate): string[] {
  const configured = interfaces.some((nic) =>
    nic.links.some((link) => link.subnet !== undefined && link.mode !== "link_up"),
  );
  if (configured) return [];
  return [`${hostname} has no interface with a subnet: link one with mode auto, static or dhcp before deploying`];
}

function storageErrors({ hostname, storage, ...system }: DeployCandidate): string[] {
  if (physicalDisks(storage).length === 0) {
    return [`${hostname} has no disk: commission it again, or deploy it in memory (ephemeral_deploy)`];
  }
  if (!bootDisk(storage))
    return [`${hostname} has no boot disk of at least 512 MiB: add a disk or choose another boot disk`];
  const errors: string[] = [];
  if (mustMountRoot.includes(system.osystem)) {
    if (!mountedAt(storage, "/")) {
      errors.push(`${hostname} has nothing mounted on /: apply a storage layout or mount a filesystem there`);
    }
    if (needsBoot(system) && !mountedAt(storage, "/boot")) {
      errors.push(`${hostname} is arm64 without UEFI and needs a filesystem of its own on /boot`);
    }
  }
  errors.push(...uninstallable(hostname, storage));
  if (isRedHat(system.osystem) && system.series.includes("8")) {
    for (const filesystem of storage.filesystems.filter(({ fstype }) => fstype === "btrfs")) {
      errors.push(
        `${system.osystem}/${system.series} cannot use btrfs (${filesystem.mountPoint ?? filesystem.label}): format it otherwise`,
      );
    }
  }
  return errors;
}

const isRedHat = (osystem: string): boolean => osystem === "centos" || osystem === "rhel";

/** What can be planned and not be installed: said before the machine is booted for it. */
function uninstallable(hostname: string, storage: StorageModel): string[] {
  const errors: string[] = [];
  const root = mountedAt(storage, "/boot") ?? mountedAt(storage, "/");
  if (root && onBcache(storage, root.on))
    errors.push(`${hostname} starts from a bcache, which GRUB cannot read: mount a filesystem of its own on /boot`);
  const efi = mountedAt(storage, "/boot/efi");
  if (efi && deviceOf(storage, efi.on)?.type === "virtual")
    errors.push(`${hostname} has /boot/efi on a RAID, volume or bcache, which firmware cannot read: put it on a disk`);
  for (const filesystem of storage.filesystems.filter(({ fstype }) => fstype === "zfsroot"))
    errors.push(
      `${hostname} has ZFS on ${filesystem.mountPoint ?? "a device"}, which is not installed: format it otherwise`,
    );
  for (const group of storage.groups.filter(({ type }) => type === "vmfs6"))
    errors.push(`${hostname} has the datastore ${group.name}, which only ESXi can use: apply another storage layout`);
  for (const disk of storage.devices.filter(({ table }) => table === "mbr"))
    if (storage.partitions.some((p) => p.deviceId === disk.id && p.index > 4))
      errors.push(`${hostname} has more than three partitions on the MBR of ${disk.name}: use a GPT`);
  return errors;
}

function deviceOf(storage: StorageModel, on: On) {
  if (on.kind === "nothing") return undefined;
  const id = on.kind === "device" ? on.id : storage.partitions.find((p) => p.id === on.id)?.deviceId;
  return storage.devices.find((device) => device.id === id);
}

/** Directly, or below a RAID or volume group. */
function onBcache(storage: StorageModel, on: On): boolean {
  const groupId = deviceOf(storage, on)?.groupId ?? null;
  if (groupId === null) return false;
  const type = storage.groups.find((group) => group.id === groupId)?.type;
  const members = storage.filesystems.filter((f) => f.groupId === groupId);
  return type === "bcache" || members.some((member) => onBcache(storage, member.on));
}
