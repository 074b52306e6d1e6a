/** What is asked of a lab, and the check of it before anything is started. */

export interface LabMachineSpec {
  name: string;
  firmware: "bios" | "uefi";
  /** Default 1024. */
  memoryMib?: number;
  /** Default 1: more is slower when machines share few cores (measured under TCG). */
  cpus?: number;
  /** Sparse raw files with the serials DISK0, DISK1, ..., of whole MiB (1 / 16 is a small one); default one of 8 GiB; [] is a machine without disks. */
  diskGib?: number[];
  /** Default 1. */
  nics?: number;
  /** Which segment each network card is on: 0, the default, is the one to serve; others (see network.ts) have nothing on them but us. */
  segments?: number[];
  /** A QEMU network device; default virtio-net-pci. */
  nicModel?: string;
}

export interface LabOptions {
  /** State, disks, serial logs. Kept by `stop`, so that a lab started again from it has the same machines. */
  dir: string;
  machines: LabMachineSpec[];
  /** First part of the network namespace's name; default "rackwright-lab". */
  netnsPrefix?: string;
  log?: (line: string) => void;
}

/** A machine with every choice made. */
export interface MachineShape {
  name: string;
  firmware: "bios" | "uefi";
  memoryMib: number;
  cpus: number;
  diskGib: number[];
  nics: number;
  /** One for each network card. */
  segments: number[];
  nicModel: string;
}

/** Addresses of BMCs are 10.77.1.11 and on, one byte's worth. */
const MAX_MACHINES = 200;
const MAX_NICS = 8;
const MAX_SEGMENT = 9;

/**
 * Fill in the defaults.
 * @throws Error naming the machine and the value that cannot be
 */
export function resolveMachines(specs: readonly LabMachineSpec[]): MachineShape[] {
  if (specs.length > MAX_MACHINES) throw new Error(`a lab has at most ${MAX_MACHINES} machines, not ${specs.length}`);
  const seen = new Set<string>();
  return specs.map((spec) => {
    if (!/^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/.test(spec.name))
      throw new Error(`machine name ${JSON.stringify(spec.name)}: use 1 to 32 of a-z, 0-9 and inner dashes`);
    if (seen.has(spec.name)) throw new Error(`two machines are called ${spec.name}: give each its own name`);
    seen.add(spec.name);
    const nics = spec.nics ?? 1;
    wholeNumber(spec.name, "nics", nics, 0, MAX_NICS);
    const shape: MachineShape = {
      name: spec.name,
      firmware: spec.firmware,
      memoryMib: spec.memoryMib ?? 1024,
      cpus: spec.cpus ?? 1,
      diskGib: spec.diskGib ?? [8],
      nics,
      segments: Array.from({ length: nics }, (_, nic) => spec.segments?.[nic] ?? 0),
      nicModel: spec.nicModel ?? "virtio-net-pci",
    };
    wholeNumber(spec.name, "memoryMib", shape.memoryMib, 64, 1024 * 1024);
    wholeNumber(spec.name, "cpus", shape.cpus, 1, 64);
    for (const gib of shape.diskGib) wholeNumber(spec.name, "diskGib in MiB", gib * 1024, 1, 16 * 1024 * 1024);
    if ((spec.segments?.length ?? 0) > nics)
      throw new Error(`machine ${spec.name}: segments speaks of ${spec.segments?.length} cards; it has ${nics}`);
    for (const segment of shape.segments) wholeNumber(spec.name, "segments", segment, 0, MAX_SEGMENT);
    if (!/^[a-z0-9][a-z0-9_.-]*$/.test(shape.nicModel))
      throw new Error(`machine ${spec.name}: nicModel ${JSON.stringify(shape.nicModel)} is not a QEMU device name`);
    return shape;
  });
}

function wholeNumber(name: string, field: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max)
    throw new Error(`machine ${name}: ${field} is ${value}; it must be a whole number from ${min} to ${max}`);
}
