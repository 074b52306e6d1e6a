/** The output of 50-maas-01-commissioning as a report (reference: metadata-protocol.md sections 12 and 13). */
import { readDevices } from "./devices.ts";
import { readDisks } from "./disks.ts";
import { readInterfaces } from "./interfaces.ts";
import { readPreflight } from "./preflight.ts";
import { readProcessor } from "./processor.ts";
import { BadReport, cleanText, Part } from "./read.ts";
import type { HardwareReport } from "./report.ts";
import { readSystem } from "./system.ts";

/** The largest machines send some hundred KiB. */
const MAX_BYTES = 16 * 1024 ** 2;
const neededExtensions = ["resources", "resources_v2", "api_os", "resources_system", "resources_usb_pci"];

/** Debian's names of what the kernel calls its architecture. */
const debianArchitectures: Readonly<Record<string, string>> = {
  i686: "i386",
  x86_64: "amd64",
  aarch64: "arm64",
  ppc64le: "ppc64el",
  s390x: "s390x",
  mips: "mips",
  mips64: "mips64el",
};

/** @throws BadReport naming what is missing or wrong */
export function parseHardwareReport(stdout: string): HardwareReport {
  if (stdout.length > MAX_BYTES)
    throw new BadReport(`the report has ${stdout.length} characters, more than ${MAX_BYTES}`);
  const report = new Part(parseJson(stdout), "").require(
    "api_version",
    "api_extensions",
    "environment",
    "resources",
    "networks",
  );
  const extensions = report.list("api_extensions", 1024);
  const lacking = neededExtensions.filter((name) => !extensions.includes(name));
  if (lacking.length > 0)
    throw new BadReport(`api_extensions lacks ${lacking.join(", ")}: the machine runs another or an older agent`);
  const resources = report.part("resources");
  const { cpu, memoryMib, numaNodes } = readProcessor(resources);
  const { metadata, ...system } = readSystem(resources);
  const extra = report.maybe("machine-extra");
  const platform = extra?.text("platform") ?? "";
  const preflight = readPreflight(report);
  return {
    architecture: architectureOf(report.part("environment")),
    ...(/^[\w.-]{1,64}$/.test(platform) ? { platform } : {}),
    tags: (extra?.list("tags", 256) ?? []).filter(
      (tag): tag is string => typeof tag === "string" && /^[\w.-]{1,64}$/.test(tag),
    ),
    cpu,
    memoryMib,
    numaNodes,
    metadata: { ...metadata, ...(cpu.model === undefined ? {} : { cpu_model: cleanText(cpu.model) }) },
    ...system,
    interfaces: readInterfaces(report),
    disks: readDisks(resources),
    devices: readDevices(resources),
    ...(preflight === undefined ? {} : { preflight }),
    ...(report.raw("storage-extra") === null ? {} : { storageExtra: report.raw("storage-extra") }),
  };
}

function parseJson(text: string): unknown {
  if (text.trim() === "") throw new BadReport("the report is empty: 50-maas-01-commissioning printed nothing");
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new BadReport(`the report is no JSON: ${cleanText(error instanceof Error ? error.message : String(error))}`);
  }
}

function architectureOf(environment: Part): string {
  const kernel = environment.require("kernel_architecture").text("kernel_architecture");
  const debian = Object.hasOwn(debianArchitectures, kernel) ? debianArchitectures[kernel] : undefined;
  if (debian === undefined) {
    throw new BadReport(
      `environment.kernel_architecture '${kernel}' is none of ${Object.keys(debianArchitectures).join(", ")}`,
    );
  }
  return debian;
}
