/** Rules of images, boot loaders and what starts before the system runs. */
import {
  type Cases,
  ack,
  booted,
  discover,
  fetched,
  install,
  installing,
  on,
  preseed,
  running,
  script,
  shown,
} from "./given.ts";

export const bootCases: Cases = {
  no_image: {
    named: [{ facts: { imagePresent: false, architecture: "arm64" }, seen: [on, discover, ack, script] }],
    not: [{ facts: { imagePresent: null }, seen: [on] }],
    says: /no image for arm64/,
  },
  image_checksum: {
    named: [
      {
        machine: installing,
        seen: install("curtin finish cmd-install: source http://r/squashfs has sha256 abc1, not def2 (FAIL)"),
      },
      { seen: [...booted, "console rackwright: stage=verify failed: http://r/squashfs sha256 expected a got b"] },
    ],
    not: [
      { seen: booted },
      {
        seen: [...booted, "console rackwright: stage=verify retry sha256 expected a got b, downloading again", preseed],
      },
    ],
    says: /damaged/,
  },
  kernel_panic: {
    named: [{ seen: [...booted, shown("kernel", "Kernel panic - not syncing: VFS")], now: 90 }],
    not: [
      { seen: [...booted, shown("kernel", "BUG: soft lockup - CPU#0 stuck for 22s")], now: 20 },
      { seen: [...booted, shown("kernel", "Kernel panic - not syncing: VFS"), discover] },
    ],
    says: /kernel stopped.*Kernel panic - not syncing: VFS/,
  },
  initramfs_stopped: {
    named: [{ seen: [...booted, shown("initramfs", "rackwright: stage=mount failed: squashfs")] }],
    not: [
      { seen: [...booted, shown("initramfs", "rackwright: stage=download retry")], now: 20 },
      { seen: [...booted, ["console rackwright: stage=mount begin", { kind: "initramfs" }]] },
    ],
    says: /before it ran.*stage=mount/,
  },
  cloud_init_failed: {
    named: [{ seen: [...running, shown("cloud_init", "cloud-init[3]: Traceback (most recent call last):")] }],
    not: [{ seen: [...running, shown("cloud_init", "cloud-init[3]: Traceback"), "script signal WORKING"] }],
    says: /cloud-init on the machine failed.*Traceback/,
  },
  ipxe_failed: {
    named: [
      { seen: [on, discover, ack, shown("ipxe", "ipxe.cfg... Connection timed out (http://ipxe.org/4c0a6092)")] },
    ],
    not: [{ seen: [shown("ipxe", "Could not boot: x (http://ipxe.org/0b072095)"), on, discover, ack, script] }],
    says: /iPXE could not boot.*4c0a6092/,
  },
  firmware_found_nothing: {
    named: [{ seen: [on, discover, ack, shown("firmware", "PXE-E18: Server response timeout.")] }],
    not: [
      { seen: [on, shown("firmware", "PXE-E16: No valid offer received.")], now: 120 },
      { seen: [on, shown("firmware", "PXE-E16: No valid offer received."), discover] },
    ],
    says: /firmware found nothing.*PXE-E18/,
  },
  image_stalled: {
    named: [
      { seen: [...booted.slice(0, -1), fetched("a/squashfs", "started")] },
      {
        seen: [
          ...booted.slice(0, -1),
          ["http a/squashfs could not be had: disk full", { file: "a/squashfs", outcome: "failed" }],
        ],
      },
      {
        machine: installing,
        seen: install("curtin finish cmd-install: source http://r/x stopped at 10 of 90 bytes: timed out (FAIL)"),
      },
    ],
    not: [{ seen: [...booted.slice(0, -1), fetched("a/squashfs", "started")], now: 20 }, { seen: booted }],
    says: /stalled/,
  },
  bootloader_failed: {
    named: [
      {
        machine: installing,
        seen: install("curtin finish cmd-install: grub-install /dev/vda failed with 1: no EFI (FAIL)"),
      },
    ],
    not: [
      { machine: installing, seen: install("curtin start cmd-install/stage-curthooks: installing the boot loader") },
    ],
    says: /boot loader could not/,
  },
  installed_system_silent: {
    named: [
      {
        machine: { ...installing, netboot: false, waitingFor: "first_boot" },
        seen: install("curtin finish cmd-install: done"),
      },
    ],
    not: [
      { machine: { ...installing, netboot: false }, seen: install("curtin finish cmd-install: done"), now: 60 },
      { machine: installing, seen: install("curtin start x: y") },
    ],
    says: /installed system never asked/,
  },
};
