/** What the firmware starts from the disk. */
import { type Rule, rule } from "./case.ts";
import { has, isQuiet, mustNetboot, quoted, said } from "./seen.ts";

/** A restart, with the self test of a server. */
const RESTART_SECONDS = 600;

export const bootloaderRules: readonly Rule[] = [
  rule("bootloader_failed", (c) => {
    const e =
      said(
        c,
        /(?:grub\S*|efibootmgr|boot ?loader|curthooks).*(?:fail|error|cannot|refused|has no|neither)|(?:neither|nor) .*\bGRUB\b/i,
      ) ??
      // Of a machine that is to start from the network, the firmware says so of the disk that it tries afterwards.
      (mustNetboot(c) ? undefined : said(c, /grub rescue|no bootable device/i));
    if (!e) return undefined;
    return {
      summary: `The boot loader could not be put in place or started: ${quoted(e.text)}.`,
      expected: "The installer writes a boot loader that the firmware then starts.",
      checks: [
        "Firmware mode (BIOS or UEFI) and the layout: UEFI needs an EFI partition, BIOS on GPT a BIOS boot partition.",
        "Free space for UEFI boot entries.",
        "That the image has GRUB for this firmware and architecture.",
      ],
    };
  }),
  rule("installed_system_silent", (c) => {
    if (
      !isQuiet(c, RESTART_SECONDS) ||
      c.machine.status !== "deploying" ||
      c.machine.netboot ||
      !has(c, "installer", /./)
    )
      return undefined;
    return {
      summary: "The installer ended well, and the installed system never asked for its user-data.",
      expected: "After the restart the installed system starts from disk and fetches its user-data.",
      checks: [
        "The console: firmware, GRUB, kernel, then cloud-init.",
        "The firmware's boot order: after the installation the disk must be reached.",
        "The network configuration that the machine was deployed with.",
      ],
    };
  }),
];
