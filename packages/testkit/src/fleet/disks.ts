/** What an installer finds wrong with a machine's disks before it writes, in the words of machine/installer. */
import type { Plan } from "./cloud-config.ts";
import type { Disk } from "./hardware.ts";
import type { EmulatedMachine } from "./machine.ts";

interface DiskItem {
  id: string;
  type: string;
  serial?: string;
  path?: string;
}

/** Its disks as they are now: one may have gone, or have been changed, since it was commissioned. */
export function disksNow(machine: EmulatedMachine): Disk[] {
  const [first, ...others] = machine.hardware.disks;
  if (!first) return [];
  if (machine.has("disks", "missing")) return others;
  if (machine.has("disks", "smaller")) return [{ ...first, sizeBytes: Math.floor(first.sizeBytes / 4) }, ...others];
  return [first, ...others];
}

export function diskProblems(plan: Plan, disks: readonly Disk[]): string[] {
  return wanted(plan).flatMap(({ id, serial, path }) => {
    const found = disks.find((disk) => (serial === undefined ? `/dev/${disk.name}` === path : disk.serial === serial));
    if (!found) {
      const here = disks.map((disk) => `/dev/${disk.name} (${disk.serial})`).join(", ") || "none";
      return [
        `disk ${id}: no disk with ${serial === undefined ? `path ${path}` : `serial '${serial}'`}; disks here: ${here}`,
      ];
    }
    const planned = plan.disks?.[id]?.sizeBytes;
    return planned === undefined || planned === found.sizeBytes
      ? []
      : [
          `disk ${id}: /dev/${found.name} has ${found.sizeBytes} bytes, but the plan was made for ${planned}: commission again`,
        ];
  });
}

function wanted(plan: Plan): DiskItem[] {
  const { config = [] } = plan.storage as { config?: DiskItem[] };
  return config.filter(({ type }) => type === "disk");
}
