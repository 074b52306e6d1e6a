/** Filesystems in memory, of one machine. */
import { action } from "../action.ts";
import { requiredText, text } from "../params.ts";

const errors = {
  403: "the machine is locked or somebody else's",
  404: "there is no such machine",
  409: "the machine is neither Ready nor Allocated",
} as const;

/** Of the resource Machine. */
export const specialActions = {
  mount_special: action({
    method: "POST",
    doc: "Mount a filesystem that needs no device",
    params: {
      fstype: requiredText("tmpfs or ramfs."),
      mount_point: requiredText("Absolute path."),
      mount_option: text("As mount_options."),
      mount_options: text("Options of mount, separated by commas."),
    },
    returns: "Machine",
    errors: { 400: "filesystem or path is refused", ...errors },
  }),
  unmount_special: action({
    method: "POST",
    doc: "Unmount a filesystem that needs no device",
    params: { mount_point: requiredText("Where it is mounted.") },
    returns: "Machine",
    errors: { 400: "nothing of the kind is mounted there", ...errors },
  }),
} as const;
