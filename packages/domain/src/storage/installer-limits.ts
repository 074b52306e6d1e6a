/**
 * What the machine's installer takes of names, labels, paths and options. It decides anew, before it writes, in
 * machine/installer/rackwright_installer/storage_items.py and group_items.py; installer-limits.test.ts compares the two.
 */

/** Of RAIDs, volume groups and volumes: what LVM, md and the shells of an initrd all take. */
export const NAME = "[A-Za-z0-9_][A-Za-z0-9_.+-]{0,126}";
/** Where something is mounted; besides, no part of it begins with two dots. */
export const MOUNT_PATH = "/|(/[A-Za-z0-9_@%+=:,.-]+)+";
/** fstab's fourth field. */
export const MOUNT_OPTIONS = "[A-Za-z0-9_=,.:/@%+-]+";
const LABEL_CHARACTERS = "[A-Za-z0-9_. -]";
/** Characters of a label at most, by what mkfs takes. */
export const LABEL_LENGTHS: Readonly<Record<string, number>> = {
  ext2: 16,
  ext4: 16,
  xfs: 12,
  btrfs: 255,
  vfat: 11,
  fat32: 11,
  swap: 15,
};
/** Of what the installer does not make itself. */
const LABEL_LENGTH = 12;

const whole = (pattern: string) => new RegExp(`^(?:${pattern})$`);

export const isGroupName = (name: string): boolean => whole(NAME).test(name);

export const isMountPath = (path: string): boolean => whole(MOUNT_PATH).test(path) && !path.includes("/..");

export const isMountOptions = (options: string): boolean => whole(MOUNT_OPTIONS).test(options);

/** Why a filesystem cannot be called so; undefined when it can. */
export function labelProblem(fstype: string, label: string): string | undefined {
  const most = LABEL_LENGTHS[fstype] ?? LABEL_LENGTH;
  if (label.length > most) return `At most ${most} characters for ${fstype} (it has ${label.length}).`;
  if (!whole(`${LABEL_CHARACTERS}*`).test(label)) return "Use letters, digits, blanks, '_', '.' and '-'.";
  return undefined;
}

/** Whether `name` is how the plan calls the device `base`, a partition of it, or the formatting or mounting of one of these. */
export const isItemOf = (base: string, name: string): boolean =>
  name.startsWith(base) && /^(-part\d+)?(_format|_mount)?$/.test(name.slice(base.length));
