/** What scripts print on an emulated machine. */
import type { Hardware } from "./hardware.ts";
import { lldp, lshw, machineResources } from "./inventory.ts";
import type { Row } from "./script-index.ts";
import type { Trouble } from "./surroundings.ts";

export interface Output {
  exitStatus: number;
  out: Uint8Array;
  err: string;
  /** Of tests: the result file. */
  yaml?: string;
}

/** Not UTF-8, with NULs, and long. */
const garbage = Buffer.concat([Buffer.from("\0\xff{not json", "latin1"), Buffer.alloc(100_000, 0xfe)]);

export function outputOf(
  row: Row,
  machine: {
    hardware: Hardware;
    kernel: readonly string[];
    fails: boolean;
    garbage: boolean;
    /** Of its surroundings. */
    has: (trouble: Trouble) => boolean;
  },
): Output {
  const { hardware } = machine;
  const passed = (out: string, err = ""): Output => ({ exitStatus: 0, out: Buffer.from(out), err });
  if (machine.fails)
    return { exitStatus: 1, out: Buffer.from(""), err: `${row.name}: the emulated hardware is broken\n` };
  switch (row.name) {
    case "50-maas-01-commissioning":
      if (machine.garbage) return { exitStatus: 0, out: garbage, err: "" };
      return passed(`${JSON.stringify(machineResources(hardware, machine.has), null, 2)}\n`);
    case "maas-lshw":
      return passed(lshw(hardware));
    case "maas-capture-lldpd":
      return passed(lldp(hardware));
    case "maas-kernel-cmdline":
      return passed(`${machine.kernel.join(" ").replace(/(secret=)[^& ]+/g, "$1REDACTED")}\n`);
    case "maas-list-modaliases":
      return passed(hardware.nics.map((_, i) => `pci:v00008086d00001563sv0000000${i}bc02sc00i00`).join("\n"));
    case "maas-serial-ports":
      return passed("/dev/ttyS0\n");
    case "20-maas-03-machine-resources":
      return passed(`${JSON.stringify(machineResources(hardware)).length} bytes of hardware inventory collected.\n`);
    default:
      return {
        ...passed(`${row.name} on ${hardware.product} ${hardware.serial}\n`),
        ...(row.stage === "testing" ? { yaml: "status: passed\n" } : {}),
      };
  }
}
