/** What the machine said on its serial console last, where a rack reads it. */
import { type Case, type Finding, type Observation, type Rule, rule } from "./case.ts";
import { isQuiet, quoted } from "./seen.ts";

/** A kernel complains and may go on. */
const SILENT_SECONDS = 60;
/** Firmware tries one way after the other, and says of each that it does not work; the disk, which comes last, starts in silence. */
const FIRMWARE_SILENT_SECONDS = 240;

/** Trouble of this kind on the console, after which nothing came by another door. */
function lastTrouble(c: Case, kind: string): Observation | undefined {
  if (!isQuiet(c, kind === "firmware" ? FIRMWARE_SILENT_SECONDS : SILENT_SECONDS)) return undefined;
  const last = c.evidence.findLastIndex((e) => e.source !== "console");
  return c.evidence.slice(last + 1).findLast((e) => e.detail?.["kind"] === kind && e.detail["outcome"] === "failed");
}

type Words = Omit<Finding, "code" | "summary"> & { says: string };

const consoleRule = (code: string, kind: string, { says, ...words }: Words): Rule =>
  rule(code, (c) => {
    const e = lastTrouble(c, kind);
    return e && { ...words, summary: `${says}: ${quoted(e.text)}.` };
  });

export const consoleRules: readonly Rule[] = [
  consoleRule("kernel_panic", "kernel", {
    says: "The machine's kernel stopped, its console says",
    expected: "The kernel runs.",
    checks: [
      "The lines before it on the console.",
      "The machine's memory: run a memory test.",
      "The kernel options (kernel_opts, tags), and the kernel of the image.",
    ],
  }),
  consoleRule("initramfs_stopped", "initramfs", {
    says: "The system that boots over the network stopped before it ran, its console says",
    expected: "It gets an address, downloads the image, and mounts it.",
    checks: [
      "That port 5248 of the rack controller can be reached from the machine's network.",
      "The machine's memory: the image is unpacked into it.",
      "A network card that the image's kernel has no driver for.",
    ],
  }),
  consoleRule("cloud_init_failed", "cloud_init", {
    says: "cloud-init on the machine failed, its console says",
    expected: "cloud-init fetches its user-data and runs it.",
    checks: ["The lines after it on the console.", "What was given as user_data.", "The machine's clock."],
  }),
];

/** Where it was not even led astray on the way there: these say that it failed, not why. */
export const firmwareRules: readonly Rule[] = [
  consoleRule("ipxe_failed", "ipxe", {
    says: "iPXE could not boot the machine, its console says",
    expected: "iPXE gets an address, its script, kernel and initrd.",
    checks: [
      "The page that the message names.",
      "That port 5248 of the rack controller can be reached from the machine's network.",
    ],
  }),
  consoleRule("firmware_found_nothing", "firmware", {
    says: "The machine's firmware found nothing to start, its console says",
    expected: "It starts from the network, or from the disk that was installed.",
    checks: [
      "The firmware's boot order, and that network boot is enabled on the interface that is plugged in.",
      "The cable and the switch port's VLAN.",
      "BIOS or UEFI: the firmware's mode must be the one of the installation.",
      "Secure Boot: unsigned loaders are refused.",
    ],
  }),
];
