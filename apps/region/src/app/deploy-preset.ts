/** What a machine's next deploy installs when it is told nothing else: chosen beforehand, checked then, used up by that deploy. */
import type { Tx } from "@rackwright/db/connect";
import type { NodeRow } from "@rackwright/db/machines";
import { invalidField } from "@rackwright/domain/errors";
import { chooseKernelOf, chooseSystem } from "./deploy-checks.ts";

export interface DeployPreset {
  osystem?: string;
  distroSeries?: string;
  hweKernel?: string;
  inMemory?: true;
}

/** As callers state it; undefined stays as it is, empty clears. */
export interface PresetFields {
  osystem?: string | undefined;
  distro_series?: string | undefined;
  hwe_kernel?: string | undefined;
  enable_kernel_crash_dump?: boolean | undefined;
  ephemeral_deploy?: boolean | undefined;
  enable_hw_sync?: boolean | undefined;
}

export const presetOf = (row: Pick<NodeRow, "deploy_preset">): DeployPreset => row.deploy_preset as DeployPreset;

/** `debian/bookworm`, or a series alone; undefined: the configured default. */
export function presetSeries({ osystem, distroSeries }: DeployPreset): string | undefined {
  return osystem !== undefined && distroSeries !== undefined ? `${osystem}/${distroSeries}` : distroSeries;
}

/**
 * Columns of the row.
 * @param machine.reports of one that has a system: whether that reports its hardware by itself
 * @param machine.inMemory of one that has a system: whether that runs from memory
 * @throws DomainError invalid_fields for a system or kernel that no image has, or what is decided by now
 */
export async function presetColumns(
  tx: Tx,
  machine: {
    architecture: string | null;
    minimum: string;
    preset: DeployPreset;
    reports?: boolean;
    inMemory?: boolean;
  },
  fields: PresetFields,
): Promise<Record<string, unknown>> {
  const columns: Record<string, unknown> = {};
  const memory = memoryColumns(machine, fields.ephemeral_deploy);
  Object.assign(columns, memory.columns);
  if (fields.enable_hw_sync !== undefined) Object.assign(columns, hardwareSyncColumns(machine, fields.enable_hw_sync));
  if (fields.enable_kernel_crash_dump !== undefined) columns.enable_kernel_crash_dump = fields.enable_kernel_crash_dump;
  const { osystem, distro_series, hwe_kernel } = fields;
  const { preset } = memory;
  if (osystem === undefined && distro_series === undefined && hwe_kernel === undefined) return columns;
  const os = (osystem ?? preset.osystem ?? "").trim();
  const series = (distro_series ?? (osystem === undefined ? preset.distroSeries : undefined) ?? "").trim();
  const kernel = (hwe_kernel ?? preset.hweKernel ?? "").trim();
  if (series === "" && os !== "")
    throw invalidField("distro_series", `Say which series of ${os}: distro_series is missing.`);
  const wanted = series === "" || series.includes("/") || os === "" ? series : `${os}/${series}`;
  const next: DeployPreset = preset.inMemory ? { inMemory: true } : {};
  const system = wanted === "" && kernel === "" ? undefined : await chooseSystem(tx, wanted, machine.architecture);
  if (system && wanted !== "") Object.assign(next, { osystem: system.osystem, distroSeries: system.release });
  if (system && kernel !== "") Object.assign(next, { hweKernel: await chooseKernelOf(tx, system, machine, kernel) });
  return { ...columns, deploy_preset: JSON.stringify(next) };
}

/** Where the next deploy puts its system; where one is already, it does not move. */
function memoryColumns(
  { preset, inMemory }: { preset: DeployPreset; inMemory?: boolean },
  wanted: boolean | undefined,
): { columns: Record<string, unknown>; preset: DeployPreset } {
  if (wanted === undefined || wanted === inMemory) return { columns: {}, preset };
  if (inMemory !== undefined)
    throw invalidField(
      "ephemeral_deploy",
      `The machine's system runs from ${inMemory ? "memory" : "its disk"}: release the machine, then deploy it with ephemeral_deploy=${wanted}.`,
    );
  const { inMemory: _, ...others } = preset;
  const next: DeployPreset = wanted ? { ...others, inMemory: true } : others;
  return { columns: { ephemeral_deploy: wanted, deploy_preset: JSON.stringify(next) }, preset: next };
}

/** What reports is put in place when the system is installed; it can be given up later, and not be brought. */
function hardwareSyncColumns({ reports }: { reports?: boolean }, wanted: boolean): Record<string, unknown> {
  if (wanted && reports === false)
    throw invalidField(
      "enable_hw_sync",
      "Hardware sync begins with a deploy: release the machine, then deploy it with enable_hw_sync=true.",
    );
  return wanted ? { enable_hw_sync: true } : { enable_hw_sync: false, sync_interval_s: null, sync_silent: false };
}
