/** Formatting and mounting (reference: networking-storage, section 11). */
import { DomainError, invalidField } from "../errors.ts";
import { givenUuid, type StorageEdit } from "./edit.ts";
import { isMountOptions, isMountPath, labelProblem } from "./installer-limits.ts";
import {
  type Filesystem,
  filesystemOn,
  type FilesystemType,
  formatTypes,
  isMember,
  mountedAt,
  type On,
  specialTypes,
} from "./model.ts";
import { isVmfsBase } from "./vmfs.ts";

const MAX_TEXT = 255;

export interface FormatRequest {
  readonly fstype: string;
  readonly uuid?: string | undefined;
  readonly label?: string | undefined;
}

/** Put a filesystem on it, in place of what was formatted there before. */
export function format(edit: StorageEdit, on: On, { fstype, uuid, label }: FormatRequest): Filesystem {
  const name = edit.nameOf(on);
  if ((specialTypes as readonly string[]).includes(fstype))
    throw invalidField("fstype", `${fstype} lies on no device: mount it with mount_special.`);
  if (!(formatTypes as readonly string[]).includes(fstype))
    throw invalidField("fstype", `'${fstype}' is no filesystem: choose ${formatTypes.join(", ")}.`);
  if (on.kind === "device") {
    const device = edit.device(on.id);
    if (device.table !== null)
      throw new DomainError("bad_request", `Cannot format ${name}: it has a partition table. Format its partitions.`);
    if (edit.isBootDisk(device))
      throw new DomainError(
        "bad_request",
        `Cannot format ${name}: it is the boot disk, and the boot loader needs room. Partition it, and format a partition.`,
      );
  }
  if (on.kind === "partition" && isVmfsBase(edit, edit.partition(on.id)))
    throw new DomainError("bad_request", `Cannot format ${name}: it is part of the VMFS layout.`);
  const old = filesystemOn(edit, on);
  if (old && isMember(old))
    throw new DomainError("bad_request", `Cannot format ${name}: it is part of ${edit.memberOf(on) ?? old.fstype}.`);
  const wrong = label === undefined ? undefined : labelProblem(fstype, label);
  if (wrong !== undefined) throw invalidField("label", wrong);
  const id = givenUuid(uuid);
  if (old) edit.dropFilesystems((f) => f.id === old.id);
  return edit.addFilesystem({ on, fstype: fstype as FilesystemType, uuid: id, label: label ?? "" });
}

function formatted(edit: StorageEdit, on: On, doing: string): Filesystem {
  const filesystem = filesystemOn(edit, on);
  const name = edit.nameOf(on);
  if (!filesystem) throw new DomainError("bad_request", `Cannot ${doing} ${name}: it is not formatted.`);
  if (isMember(filesystem))
    throw new DomainError(
      "bad_request",
      `Cannot ${doing} ${name}: it is part of ${edit.memberOf(on) ?? filesystem.fstype}.`,
    );
  return filesystem;
}

export function unformat(edit: StorageEdit, on: On): void {
  const filesystem = formatted(edit, on, "unformat");
  if (filesystem.mountPoint !== null)
    throw new DomainError("bad_request", `Cannot unformat ${edit.nameOf(on)}: it is mounted. Unmount it first.`);
  edit.dropFilesystems((f) => f.id === filesystem.id);
}

export interface MountRequest {
  readonly mountPoint?: string | undefined;
  readonly mountOptions?: string | undefined;
}

export function mount(edit: StorageEdit, on: On, { mountPoint, mountOptions }: MountRequest): void {
  const filesystem = formatted(edit, on, "mount");
  const options = checkOptions(mountOptions);
  const path = filesystem.fstype === "swap" ? "none" : checkPath(edit, mountPoint, filesystem.id);
  edit.putFilesystem({ ...filesystem, mountPoint: path, mountOptions: options });
}

export function unmount(edit: StorageEdit, on: On): void {
  const filesystem = formatted(edit, on, "unmount");
  if (filesystem.mountPoint === null)
    throw new DomainError("bad_request", `Cannot unmount ${edit.nameOf(on)}: it is not mounted.`);
  edit.putFilesystem({ ...filesystem, mountPoint: null, mountOptions: null });
}

export function mountSpecial(edit: StorageEdit, request: MountRequest & { fstype: string }): void {
  const { fstype } = request;
  if (!(specialTypes as readonly string[]).includes(fstype))
    throw invalidField("fstype", `'${fstype}' needs a device: choose ${specialTypes.join(" or ")}.`);
  const mountPoint = checkPath(edit, request.mountPoint);
  const mountOptions = checkOptions(request.mountOptions);
  edit.addFilesystem({
    on: { kind: "nothing" },
    fstype: fstype as FilesystemType,
    label: "",
    mountPoint,
    mountOptions,
  });
}

export function unmountSpecial(edit: StorageEdit, mountPoint: string): void {
  const found = edit.filesystems.find((f) => f.on.kind === "nothing" && f.mountPoint === mountPoint.trim());
  if (!found) throw invalidField("mount_point", `No special filesystem is mounted at '${mountPoint}'.`);
  edit.dropFilesystems((f) => f.id === found.id);
}

function checkLength(field: string, value: string): void {
  if (value.length > MAX_TEXT) throw invalidField(field, `At most ${MAX_TEXT} characters (it has ${value.length}).`);
}

function checkPath(edit: StorageEdit, given: string | undefined, ownId?: number): string {
  const path = given?.trim() ?? "";
  if (path === "") throw invalidField("mount_point", "This field is required.");
  checkLength("mount_point", path);
  if (!path.startsWith("/") || /\s/.test(path) || path.split("/").some((part) => part === ".." || part === "."))
    throw invalidField("mount_point", `'${path}' is no absolute path without blanks and dots: such as /srv/data.`);
  const clean = path.replace(/\/+/g, "/").replace(/(.)\/$/, "$1");
  if (!isMountPath(clean))
    throw invalidField(
      "mount_point",
      `'${path}' has characters that cannot stand in fstab: use letters, digits and any of _@%+=:,.- between the slashes.`,
    );
  const taken = mountedAt(edit, clean);
  if (taken && taken.id !== ownId)
    throw invalidField("mount_point", `${edit.nameOf(taken.on)} (${taken.fstype}) is mounted at ${clean} already.`);
  return clean;
}

function checkOptions(given: string | undefined): string | null {
  const options = given?.trim() ?? "";
  checkLength("mount_options", options);
  if (options === "") return null;
  if (!isMountOptions(options))
    throw invalidField(
      "mount_options",
      "Separate options by commas; use letters, digits and any of _=.:/@%+- in them.",
    );
  return options;
}
