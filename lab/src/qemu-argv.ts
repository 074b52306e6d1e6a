/** The command line of one machine. Pure. */
import type { MachineShape } from "./spec.ts";

export const QEMU = "qemu-system-x86_64";
export const OVMF_CODE = "/usr/share/OVMF/OVMF_CODE_4M.fd";
/** Template of a machine's UEFI variables; each machine writes its own copy. */
export const OVMF_VARS = "/usr/share/OVMF/OVMF_VARS_4M.fd";

export type Accel = "kvm" | "tcg";

/** Where the machine looks for a system: the order of its settings, or disks before network, or never the network. */
export type BootOrder = "network-first" | "disk-first" | "disk-only";

export interface QemuPlan {
  shape: MachineShape;
  accel: Accel;
  order: BootOrder;
  uuid: string;
  macs: readonly string[];
  taps: readonly string[];
  disks: readonly string[];
  /** Only read for UEFI. */
  varsFile: string;
  serialLog: string;
  /** Somebody listens there. */
  serialSocket: string;
  qmpSocket: string;
}

export const serialNumber = (name: string): string => `LAB-${name.toUpperCase()}`;

export function qemuArgv(plan: QemuPlan): string[] {
  const { shape } = plan;
  // biome-ignore format: one option and its value per line
  return [
    QEMU,
    "-name", shape.name,
    "-nodefaults", "-no-user-config", "-display", "none",
    "-M", "q35,graphics=off", // without graphics, SeaBIOS and iPXE write to the serial port
    // qemu64 under TCG: richer models make the guest use instructions that are slow to emulate ("max" boots 1.5 times slower).
    ...(plan.accel === "kvm" ? ["-accel", "kvm", "-cpu", "host"] : ["-accel", "tcg,thread=multi", "-cpu", "qemu64"]),
    "-smp", String(shape.cpus),
    "-m", String(shape.memoryMib),
    "-uuid", plan.uuid, // without it all machines are 0000...
    "-smbios", `type=1,manufacturer=Rackwright,product=Virtual rack machine,version=1,serial=${serialNumber(shape.name)}`,
    "-S", // paused until the lab listens for its events
    "-no-reboot", // a warm reset under TCG takes up to 100 s; the lab starts a fresh QEMU instead
    "-boot", "strict=on",
    // Read by the BMC and written to the log, whether the BMC reads or not.
    "-chardev", `socket,id=serial,path=${escape(plan.serialSocket)},logfile=${escape(plan.serialLog)},logappend=on`,
    "-serial", "chardev:serial",
    "-chardev", `socket,id=qmp,path=${escape(plan.qmpSocket)},server=on,wait=off`,
    "-mon", "chardev=qmp,mode=control",
    "-object", "rng-random,id=rng0,filename=/dev/urandom",
    "-device", "virtio-rng-pci,rng=rng0",
    ...firmware(plan),
    ...nics(plan),
    ...disks(plan),
  ];
}

function firmware(plan: QemuPlan): string[] {
  if (plan.shape.firmware === "bios") return [];
  // biome-ignore format: one option and its value per line
  return [
    "-drive", `if=pflash,format=raw,unit=0,readonly=on,file=${OVMF_CODE}`,
    "-drive", `if=pflash,format=raw,unit=1,file=${escape(plan.varsFile)}`,
  ];
}

function nics(plan: QemuPlan): string[] {
  const first = plan.order === "disk-first" ? plan.disks.length + 1 : 1;
  return plan.taps.flatMap((tap, nic) => {
    const bootIndex = plan.order === "disk-only" ? "" : `,bootindex=${first + nic}`;
    const rom = plan.order === "disk-only" || withoutRom(plan.shape) ? ",romfile=" : "";
    // biome-ignore format: one option and its value per line
    return [
      "-netdev", `tap,id=net${nic},ifname=${tap},script=no,downscript=no`,
      "-device", `${plan.shape.nicModel},netdev=net${nic},mac=${plan.macs[nic]}${bootIndex}${rom}`,
    ];
  });
}

/**
 * QEMU's network ROM is iPXE. A UEFI machine gets none, so that the firmware's own PXE client fetches the boot file, as on a
 * real server; OVMF has such a client for virtio only. A BIOS machine has no PXE but for the ROM.
 */
const withoutRom = (shape: MachineShape): boolean => shape.firmware === "uefi" && shape.nicModel === "virtio-net-pci";

function disks(plan: QemuPlan): string[] {
  const first = plan.order === "network-first" ? plan.taps.length + 1 : 1;
  // biome-ignore format: one option and its value per line
  return plan.disks.flatMap((path, disk) => [
    // no-flush: a guest's flush never waits for this host's disk; a lab disk need not survive the host's power cut
    "-blockdev", `driver=raw,node-name=disk${disk},cache.no-flush=on,discard=unmap,file.driver=file,file.filename=${escape(path)}`,
    "-device", `virtio-blk-pci,id=vd${disk},drive=disk${disk},serial=DISK${disk},bootindex=${first + disk}`,
  ]);
}

/** In QEMU's option syntax a comma within a value is written twice. */
const escape = (value: string): string => value.replaceAll(",", ",,");
