/** All that can be found missing before anything is started, said at once and with the name of the package. */
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { OVMF_CODE, OVMF_VARS } from "./qemu-argv.ts";
import type { MachineShape } from "./spec.ts";

/** What the check looks at; the test hands in a host of its own. */
export interface Host {
  isRoot: boolean;
  hasProgram(name: string): boolean;
  hasFile(path: string): boolean;
}

const programs = {
  ip: "iproute2",
  dnsmasq: "dnsmasq-base",
  ipmi_sim: "openipmi",
  "qemu-system-x86_64": "qemu-system-x86",
};

/** Why no lab can be started on this host; empty when one can. */
export function missing(host: Host, machines: readonly MachineShape[]): string[] {
  const problems: string[] = [];
  if (!host.isRoot) problems.push("it needs root, to make a network namespace: run it with sudo");
  if (!host.hasFile("/dev/net/tun")) problems.push("there is no /dev/net/tun: load the kernel module (modprobe tun)");
  for (const [program, name] of Object.entries(programs))
    if (!host.hasProgram(program)) problems.push(`${program} is not installed: it is in package ${name}`);
  const file = (path: string, name: string) => {
    if (!host.hasFile(path)) problems.push(`${path} is not there: it is in package ${name}`);
  };
  if (machines.some((machine) => machine.firmware === "uefi")) {
    file(OVMF_CODE, "ovmf");
    file(OVMF_VARS, "ovmf");
  }
  if (machines.some((machine) => machine.firmware === "bios" && machine.nicModel === "virtio-net-pci"))
    file("/usr/lib/ipxe/qemu/pxe-virtio.rom", "ipxe-qemu");
  return problems;
}

export const thisHost: Host = {
  get isRoot() {
    return process.getuid?.() === 0;
  },
  hasFile: existsSync,
  hasProgram: (name) =>
    (process.env.PATH ?? "").split(delimiter).some((folder) => {
      try {
        accessSync(join(folder, name), constants.X_OK);
        return true;
      } catch {
        return false;
      }
    }),
};

/** @throws Error with every reason why no lab can run here */
export function requireHost(machines: readonly MachineShape[], host: Host = thisHost): void {
  const problems = missing(host, machines);
  if (problems.length > 0)
    throw new Error(`the lab cannot start:\n${problems.map((line) => `  - ${line}`).join("\n")}`);
}
