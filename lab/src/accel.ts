/** KVM where it truly works. A /dev/kvm that opens, makes a machine, and then hangs in its kernel does exist. */
import { spawn } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Accel, QEMU } from "./qemu-argv.ts";

/** What the probe's boot sector reports; QEMU's isa-debug-exit turns value v into exit code 2v+1. It passes even where Linux then hangs,
 * on a host whose processor has no vmx or svm: hence both checks. */
const PROBE_VALUE = 0x10;
const PROBE_EXIT = 2 * PROBE_VALUE + 1;
/** SeaBIOS and a boot sector take well under a second. */
const PROBE_MS = 10_000;

export const processorHasVirtualization = (cpuinfo: string): boolean =>
  /^(flags|Features)\s*:.*\b(vmx|svm)\b/m.test(cpuinfo);

/** A disk that a BIOS boots and whose boot sector writes PROBE_VALUE to I/O port 0xf4. SeaBIOS boots none of one sector only. */
export function probeDisk(): Buffer {
  const disk = Buffer.alloc(2 ** 20);
  Buffer.from([0xba, 0xf4, 0x00, 0xb0, PROBE_VALUE, 0xee, 0xf4, 0xeb, 0xfd]).copy(disk); // mov dx,0xf4; mov al,v; out dx,al; hlt; jmp -1
  disk.writeUInt16LE(0xaa55, 510);
  return disk;
}

export async function chooseAccel(scratchDir: string, log: (line: string) => void): Promise<Accel> {
  if (!processorHasVirtualization(readFileSync("/proc/cpuinfo", "utf8"))) return "tcg";
  if (!existsSync("/dev/kvm")) return "tcg";
  if (await probeBoots("kvm", scratchDir)) return "kvm";
  log("/dev/kvm is there but does not boot a machine: emulating the processor instead");
  return "tcg";
}

/** Whether a machine with this accelerator gets as far as running its boot sector. */
export async function probeBoots(accel: Accel, scratchDir: string): Promise<boolean> {
  const image = join(scratchDir, "probe.img");
  writeFileSync(image, probeDisk());
  const machine = [
    "-M",
    "q35,graphics=off",
    "-accel",
    accel,
    "-m",
    "64",
    "-nodefaults",
    "-no-user-config",
    "-display",
    "none",
    "-no-reboot",
  ];
  const disk = [
    "-drive",
    `file=${image.replaceAll(",", ",,")},format=raw,if=none,id=probe,readonly=on`,
    "-device",
    "virtio-blk-pci,drive=probe,bootindex=1",
  ];
  const argv = [...machine, ...disk, "-device", `isa-debug-exit,iobase=0xf4,iosize=0x04`];
  return await new Promise((resolve) => {
    const child = spawn(QEMU, argv, { stdio: "ignore", timeout: PROBE_MS, killSignal: "SIGKILL" });
    child.once("error", () => resolve(false));
    child.once("exit", (code) => resolve(code === PROBE_EXIT));
  });
}
