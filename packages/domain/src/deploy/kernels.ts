/** Kernels by name, as images of Ubuntu carry several: `ga-22.04`, `hwe-22.04`, `hwe-22.04-lowlatency-edge` (lifecycle.md section 10). */

interface Kernel {
  name: string;
  /** Year, month, and how new within a release: as released, for newer hardware, before its release. */
  age: readonly [number, number, number];
  flavour: string;
}

function parse(name: string): Kernel | undefined {
  const match = /^(ga|hwe)-(\d{1,3})\.(\d{1,2})((?:-[a-z0-9]+)*)$/.exec(name);
  if (!match) return undefined;
  const words = (match[4] ?? "").split("-").filter((word) => word !== "");
  const rank = match[1] === "ga" ? 0 : words.includes("edge") ? 2 : 1;
  const flavour = words.filter((word) => word !== "edge").join("-") || "generic";
  return { name, age: [Number(match[2]), Number(match[3]), rank], flavour };
}

function compare(a: Kernel, b: Kernel): number {
  return a.age[0] - b.age[0] || a.age[1] - b.age[1] || a.age[2] - b.age[2];
}

/** The kernel that the subarchitecture of an image names; undefined for `generic` and the like. */
export function kernelOf(architecture: string): string | undefined {
  const [, sub = ""] = architecture.split("/");
  return /^(ga|hwe)-/.test(sub) ? sub : undefined;
}

export interface KernelWish {
  /** The very one; empty: none is asked for. */
  wanted: string;
  /** The oldest that will do; empty: any. */
  minimum: string;
  /** `ubuntu/jammy for amd64`, for messages. */
  of: string;
}

/**
 * Choose among the kernels of an operating system's images.
 * @param available none: its image brings the only one that there is
 * @returns null: whatever the image brings
 */
export function chooseKernel(
  available: readonly string[],
  { wanted, minimum, of }: KernelWish,
): { kernel: string | null } | { problem: string } {
  if (wanted !== "" && !available.includes(wanted))
    return {
      problem:
        available.length === 0
          ? `There is no kernel '${wanted}' of ${of}: its image brings its own. Leave hwe_kernel out.`
          : `There is no kernel '${wanted}' of ${of}: choose one of ${[...available].sort().join(", ")}.`,
    };
  const least = parse(minimum);
  if (available.length === 0 || least === undefined) return { kernel: wanted || null };
  if (wanted !== "") {
    const kernel = parse(wanted);
    if (kernel && compare(kernel, least) >= 0) return { kernel: wanted };
    return { problem: `Kernel '${wanted}' is older than this machine's min_hwe_kernel, ${minimum}.` };
  }
  const [first] = available
    .map(parse)
    .filter((kernel) => kernel !== undefined && kernel.flavour === least.flavour && compare(kernel, least) >= 0)
    .sort((a, b) => (a && b ? compare(a, b) : 0));
  if (first) return { kernel: first.name };
  return { problem: `No kernel of ${of} is as new as this machine's min_hwe_kernel, ${minimum}.` };
}

const GIB = 1024;

/** Whether memory can be set aside for the dump of a crashed kernel; where it cannot, asking for it is no error (lifecycle.md section 10). */
export function keepsCrashDumps(machine: {
  cpuCount: number;
  memoryMib: number;
  architecture: string | null;
}): boolean {
  const { cpuCount, memoryMib, architecture } = machine;
  const known = ["amd64", "arm64", "s390x"].includes(architecture?.split("/")[0] ?? "");
  return known && cpuCount >= 4 && memoryMib >= 6 * GIB && memoryMib <= 2048 * GIB;
}
