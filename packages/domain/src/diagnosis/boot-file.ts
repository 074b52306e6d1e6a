/** From an address to a running kernel. */
import { type Rule, rule } from "./case.ts";
import {
  ago,
  all,
  calledMetadata,
  dhcp,
  askedBootFile,
  answeredDhcp,
  file,
  gotScript,
  has,
  isQuiet,
  last,
  mustNetboot,
  quoted,
} from "./seen.ts";

/** Each step of a boot takes less, on slow networks too. */
const STEP_SECONDS = 120;

export const bootFileRules: readonly Rule[] = [
  rule("wrong_boot_device", (c) => {
    const installed = last(c, "metadata installer console", /installed system|started from (?:its own )?disk|login:/i);
    if (mustNetboot(c) && c.machine.status !== "deploying" && installed && !gotScript(c))
      return wrongDevice(`seen instead: ${quoted(installed.text)}`);
    const old =
      answeredDhcp(c) && dhcp(c, "request") !== undefined && !dhcp(c, "discover") && !has(c, "dhcp", /discover/i);
    if (isQuiet(c, STEP_SECONDS) && mustNetboot(c) && old && !askedBootFile(c) && !calledMetadata(c))
      return wrongDevice("an operating system on it asked for the address that it had before, as firmware does not");
    return undefined;
  }),
  rule("boot_loop_local", (c) => {
    if (c.machine.status !== "deploying" || c.machine.netboot) return undefined;
    const times = all(c, "http", /^boot script given: local/).length;
    if (times < 2) return undefined;
    return {
      summary: `The machine was sent to its own disk ${times} times, and came back to the network each time: the disk does not start.`,
      expected: "The first start from disk reaches the installed system, which asks for its user-data.",
      checks: [
        "The console: what the firmware or GRUB says when it starts from the disk.",
        "That the disk which was installed is the one that the firmware starts.",
        "BIOS or UEFI: the firmware's mode must be the one of the installation.",
      ],
    };
  }),
  rule("boot_file_failed", (c) => {
    if (calledMetadata(c)) return undefined;
    const e = c.evidence.findLast((x) => x.source === "tftp" || x.source === "http");
    if (!e || !/by (?:TFTP|HTTP) failed after|which is not there/.test(e.text) || /squashfs/.test(e.text))
      return undefined;
    return {
      summary: `A boot file did not get through: ${quoted(e.text)}.`,
      expected: "Each boot file is read to its end.",
      checks: [
        "The network between rack controller and machine: firewall, MTU, lossy cable.",
        "That the file is on the rack controller (images are synced).",
      ],
    };
  }),
  rule("kernel_did_not_start", (c) => {
    const fetched = file(c, /boot-(?:kernel|initrd)$/);
    if (
      !isQuiet(c, STEP_SECONDS) ||
      !fetched ||
      fetched.outcome !== "finished" ||
      file(c, /squashfs$/) ||
      calledMetadata(c)
    )
      return undefined;
    return {
      summary: `Kernel and initrd were fetched (${ago(c, fetched.last)}), and the system's image was never asked for.`,
      expected: "The kernel starts, gets an address, and fetches the squashfs within a minute.",
      checks: [
        "The console: a kernel panic, or a network card that this kernel has no driver for.",
        "The kernel options (kernel_opts, tags).",
        "Secure Boot: an unsigned kernel is refused.",
      ],
    };
  }),
  rule("no_metadata_call", (c) => {
    if (calledMetadata(c) || !isQuiet(c, STEP_SECONDS)) return undefined;
    const image = file(c, /squashfs$/);
    const done = image !== undefined && image.outcome === "finished";
    const scripted = gotScript(c) && !file(c, /(?:boot-kernel|boot-initrd|squashfs)$/) && mustNetboot(c);
    const loader = has(c, "tftp", /^has /) && !gotScript(c);
    if (!done && !scripted && !loader) return undefined;
    const what = done
      ? "The system's image was fetched"
      : loader
        ? "The boot loader was fetched, no boot script was asked for"
        : "The boot script was given, none of its files were fetched";
    return {
      summary: `${what}, and the machine never called the metadata service.`,
      expected: "A request for its preseed soon after the image was fetched.",
      checks: [
        "The console: what cloud-init, the initrd or iPXE prints.",
        "That port 5248 of the rack controller can be reached from the machine's network.",
        "The machine's memory: the image is unpacked into it.",
      ],
    };
  }),
];

function wrongDevice(how: string) {
  return {
    summary: `The machine started from another device than the network: ${how}.`,
    expected: "It starts from the network, as the boot order and the BMC were told.",
    checks: [
      "The firmware's boot order: network before disk.",
      "Whether the BMC honours the next boot device (not all do over IPMI).",
      "That network boot is enabled on the interface that is plugged in.",
    ],
  };
}
