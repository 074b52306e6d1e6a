/** Which lines of a console say something of how a machine gets on. Everything else stays unsaid: a kernel alone prints hundreds. */

export type ConsoleKind =
  | "firmware"
  | "ipxe"
  | "boot_loader"
  | "kernel"
  | "disk"
  | "initramfs"
  | "cloud_init"
  | "runner"
  | "login";

export interface NotableLine {
  kind: ConsoleKind;
  /** Something went wrong. */
  isTrouble: boolean;
  /** Without the kernel's time stamp. */
  text: string;
}

/** Of a line that is shown to people. */
const MAX_TEXT = 500;

/** The first that fits says what a line is. Bounded repetition only: a machine writes what it likes. */
const patterns: readonly [ConsoleKind, "trouble" | "progress", RegExp][] = [
  // What our own initramfs, runner and installer print.
  ["initramfs", "trouble", /\brackwright: (?:stage=\w{1,20} (?:failed|retry)|this boot cannot go on)/],
  ["initramfs", "progress", /\brackwright: stage=\w{1,20}/],
  ["runner", "trouble", /\brackwright-(?:runner|installer)\b.{0,300}\b(?:fail|error|Traceback)/i],
  // Firmware without a way to boot.
  ["firmware", "trouble", /\bPXE-[ET][0-9A-F]{2}\b|\bPXE-M0F\b/],
  [
    "firmware",
    "trouble",
    /\bno bootable (?:device|option|media)|\bboot device not found|\bno boot device|\binsert boot (?:media|disk)|\boperating system (?:was )?not found|\bmissing operating system|\breboot and select proper boot device/i,
  ],
  [
    "firmware",
    "trouble",
    /\bBdsDxe: failed to (?:load|start)\b|\bsecurity violation\b|\bsecure boot violation\b|\bX64 exception type\b/i,
  ],
  ["firmware", "progress", /^>>\s?Start (?:PXE|HTTP) over IPv[46]|^NBP filename is /i],
  // iPXE: every message ends with the page that explains it.
  ["ipxe", "trouble", /https?:\/\/ipxe\.org\/[0-9a-f]{6,8}\b/i],
  [
    "ipxe",
    "trouble",
    /^No more network devices|^No configuration methods succeeded|^Could not (?:boot|start download)/i,
  ],
  ["ipxe", "progress", /^Rackwright: /],
  // GRUB.
  [
    "boot_loader",
    "trouble",
    /\bgrub rescue>|\bgrub>|^error: (?:.{0,200}\b(?:not found|unknown filesystem|no such (?:device|partition)|out of disk|checksum|symbol|disk)\b|you need to load the kernel)/i,
  ],
  ["boot_loader", "trouble", /\bGRUB\b.{0,100}\b(?:error|failed|Read Error)\b/i],
  // Kernel.
  [
    "kernel",
    "trouble",
    /\bKernel panic\b|\bUnable to mount root fs\b|\bOut of memory: Kill|\bBUG: (?:unable|soft lockup|kernel)|\bOops: [0-9a-f]{4}|\bwatchdog: BUG\b|\bHardware Error\b|\bMachine check\b/i,
  ],
  [
    "kernel",
    "trouble",
    /\bDropping to a shell\b|\bGave up waiting for (?:root|suspend)|\bYou are in emergency mode\b|\bCannot open root device\b/i,
  ],
  // A disk that cannot be read is what it is on, whichever part of the kernel says so.
  [
    "disk",
    "trouble",
    /\bI\/O error\b|\bInput\/output error\b|\bBuffer I\/O error\b|\bcritical (?:medium|target) error\b|\bEXT4-fs error\b|\bXFS .{0,80}\bcorruption\b|\bata\d{1,3}(?:\.\d{2})?: (?:failed command|SError)|\bnvme\d{1,3}: .{0,80}\b(?:timeout|I\/O \d+ QID)/i,
  ],
  [
    "cloud_init",
    "trouble",
    /\bcloud-init\b.{0,300}\b(?:failed|Traceback|ERROR|CRITICAL|can(?:'|no)t (?:find|use|get))/i,
  ],
  ["cloud_init", "trouble", /\bFailed to start .{0,60}\bcloud-(?:init|config|final)\b|\[FAILED\].{0,100}\bcloud-/i],
  ["cloud_init", "progress", /\bCloud-init v\. .{1,80} finished at\b/],
  ["login", "progress", /^\S{1,64} login: ?$/],
];

/** @param line plain text, as `consoleLines` gives it */
export function notableLine(line: string): NotableLine | undefined {
  const text = line.slice(0, MAX_TEXT).replace(/^(?:<\d>)?\[ {0,8}\d{1,8}\.\d{6}\](?:\[ {0,4}[TC]\d{1,6}\])? /, "");
  for (const [kind, how, pattern] of patterns) {
    const found = pattern.exec(text);
    // The initrd writes behind what others have begun to say.
    if (found)
      return { kind, isTrouble: how === "trouble", text: kind === "initramfs" ? text.slice(found.index) : text };
  }
  return undefined;
}

/** The same for two lines that say the same of other places and times. */
export const sameness = (text: string): string => text.replaceAll(/0x[0-9a-f]+|\d+/gi, "#");
