/** How far a booting machine is, from what was seen of it. Evidence only ever moves it on within one boot. */
import type { WaitingFor } from "../machine/machine.ts";

const order: readonly WaitingFor[] = [
  "operator_power_on",
  "power_on",
  "dhcp",
  "boot_file",
  "kernel",
  "image",
  "first_signal",
];

/** What a machine waits for next, when it has got `seen`; undefined when that says nothing of its boot. */
export function nextAfter(seen: { source: string; text: string; file?: string | undefined }): WaitingFor | undefined {
  switch (seen.source) {
    case "dhcp":
      return /ack|lease/i.test(seen.text) ? "boot_file" : undefined;
    case "tftp":
      return "kernel";
    case "http":
      if (seen.file === undefined) return undefined;
      if (seen.file.endsWith("boot-kernel")) return "kernel";
      if (seen.file.endsWith("boot-initrd")) return "image";
      return seen.file.endsWith("squashfs") ? "first_signal" : undefined;
    default:
      return undefined;
  }
}

/** Whether it is still on its way to its first signal, as far as `waitingFor` tells. Later values come of signals by its credentials only. */
export const isBooting = (waitingFor: WaitingFor | null): boolean => waitingFor === null || order.includes(waitingFor);

/** Whether `next` is further than where the machine is. */
export function isFurther(now: WaitingFor | null, next: WaitingFor): boolean {
  if (now === null) return true;
  const at = order.indexOf(now);
  // Past booting (a script runs, the installer works): a late packet is no step back.
  return at !== -1 && order.indexOf(next) > at;
}
