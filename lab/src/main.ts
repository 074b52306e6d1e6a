/** A rack to try by hand. */
import { parseArgs } from "node:util";
import { join } from "node:path";
import { cleanLab } from "./clean.ts";
import { type Lab, startLab } from "./lab.ts";
import type { LabMachineSpec } from "./spec.ts";

const usage = `usage: main.ts up DIR [--bios NAME]... [--uefi NAME]... [--memory MIB]
         start a rack and keep it until interrupted
       main.ts clean DIR
         remove what a killed rack left`;

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

async function main(argv: string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: argv,
    allowPositionals: true,
    options: {
      bios: { type: "string", multiple: true },
      uefi: { type: "string", multiple: true },
      memory: { type: "string" },
    },
  });
  const [command, dir, ...rest] = positionals;
  if (dir === undefined || rest.length > 0) return misused();
  switch (command) {
    case "up": {
      const memory = values.memory === undefined ? {} : { memoryMib: Number(values.memory) };
      const wanted = (firmware: "bios" | "uefi") =>
        (values[firmware] ?? []).map((name): LabMachineSpec => ({ name, firmware, ...memory }));
      const machines = [...wanted("bios"), ...wanted("uefi")];
      await up(dir, machines.length > 0 ? machines : [{ name: "node1", firmware: "bios", ...memory }]);
      return 0;
    }
    case "clean":
      await cleanLab(dir);
      return 0;
    default:
      return misused();
  }
}

function misused(): number {
  console.error(usage);
  return 2;
}

async function up(dir: string, machines: LabMachineSpec[]): Promise<void> {
  const interrupted = new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => resolve());
  });
  const lab = await startLab({ dir, machines, log: (line) => console.log(line) });
  describe(lab, dir);
  await interrupted;
  console.log("stopping");
  await lab.stop();
}

function describe(lab: Lab, dir: string): void {
  console.log(
    `the rack's interface is ${lab.bridge}, its controller's address ${lab.hostAddress}; a shell inside: ${lab.command(["bash"]).join(" ")}`,
  );
  for (const { name, firmware, macs, serialLog, bmc } of lab.machines) {
    const password = join(dir, "machines", name, "bmc-password");
    const ipmitool = lab.command([
      "ipmitool",
      "-I",
      "lanplus",
      "-C",
      "3",
      "-H",
      bmc.address,
      "-U",
      bmc.user,
      "-f",
      password,
      "power",
      "on",
    ]);
    console.log(`${name} (${firmware}, ${macs.join(" ")}): ${ipmitool.join(" ")}; tail -f ${serialLog}`);
  }
}
