/** Whether a machine can be given an operating system: which one, and what its disks and links lack. */
import type { Tx } from "@rackwright/db/connect";
import { bootImage, imageFileTypes, imageKernels } from "@rackwright/db/images";
import { DomainError, invalidField } from "@rackwright/domain/errors";
import { chooseKernel } from "@rackwright/domain/deploy/kernels";
import { deployErrors } from "@rackwright/domain/deploy/checks";
import { physicalDisks } from "@rackwright/domain/storage/model";
import { getConfig } from "./config.ts";
import { machineForPlan } from "./deploy-plan.ts";

export interface System {
  osystem: string;
  release: string;
}

/** `osystem/series`, a series alone, or nothing for the configured default. @throws DomainError when there is no such image */
export async function chooseSystem(tx: Tx, wanted: string | undefined, architecture: string | null): Promise<System> {
  const { default_osystem, default_distro_series } = await getConfig(tx, "default_osystem", "default_distro_series");
  const text = wanted?.trim() || `${default_osystem}/${default_distro_series}`;
  const arch = architecture?.split("/")[0] ?? "amd64";
  const candidates: System[] = text.includes("/")
    ? [{ osystem: text.split("/")[0] ?? "", release: text.split("/").slice(1).join("/") }]
    : [...new Set([default_osystem, "ubuntu", "debian", "custom"])].map((osystem) => ({ osystem, release: text }));
  for (const system of candidates) {
    if (await bootImage(tx, { ...system, architecture: arch, purpose: "deploy" })) return system;
  }
  for (const system of candidates) {
    const types = await imageFileTypes(tx, { ...system, architecture: arch });
    if (types.length > 0)
      throw invalidField(
        "distro_series",
        `'${text}' can be neither installed nor run from memory: its image for ${arch} is ${types.join(", ")}, and boot-kernel, boot-initrd and squashfs are needed.`,
      );
  }
  throw invalidField(
    "distro_series",
    `'${text}' is not a valid distro_series: there is no image of it for ${arch}. boot-resources read lists what there is.`,
  );
}

/**
 * The kernel to install: the one asked for, or the oldest that is new enough for the machine; null: the one that the image brings.
 * @throws DomainError invalid_fields when no image carries such a kernel
 */
export async function chooseKernelOf(
  tx: Tx,
  system: System,
  machine: { architecture: string | null; minimum: string },
  wanted: string | undefined,
): Promise<string | null> {
  const architecture = machine.architecture?.split("/")[0] ?? "amd64";
  const available = await imageKernels(tx, { ...system, architecture, purpose: "deploy" });
  const of = `${system.osystem}/${system.release} for ${architecture}`;
  const choice = chooseKernel(available, { wanted: wanted?.trim() ?? "", minimum: machine.minimum, of });
  if ("problem" in choice) throw invalidField("hwe_kernel", choice.problem);
  return choice.kernel;
}

/**
 * @param wantsMemory run it from memory, as is done in any case with a machine that has no disk
 * @returns whether it will run from memory. @throws DomainError invalid_fields for links and disks that will not do
 */
export async function checkDeployable(
  tx: Tx,
  machineId: number,
  system: System,
  wantsMemory: boolean,
): Promise<boolean> {
  const candidate = await machineForPlan(tx, machineId);
  const inMemory = wantsMemory || physicalDisks(candidate.storage).length === 0;
  const fields = deployErrors({
    hostname: candidate.hostname,
    osystem: system.osystem,
    series: system.release,
    architecture: candidate.architecture,
    biosBootMethod: candidate.biosBootMethod,
    inMemory,
    interfaces: candidate.network.interfaces,
    storage: candidate.storage,
  });
  const first = Object.entries(fields)[0];
  if (first) throw new DomainError("invalid_fields", `${first[0]}: ${first[1][0]}`, { fields });
  return inMemory;
}
