/** Whether a VM host has room for one more machine, and in which pools its disks go. Pure. */
import { parseStorage, type StorageWant } from "../allocation/storage.ts";
import { DomainError, type FieldMessages } from "../errors.ts";
import { type Disk, type Guest, type HostCapacity, poolUses, usedResources } from "./capacity.ts";

export interface Composition {
  /** Ignored where cores are pinned. */
  cores: number;
  pinnedCores: readonly number[];
  memoryMib: number;
  cpuSpeedMhz: number | undefined;
  /** undefined: the host's first. */
  architecture: string | undefined;
  /** `label:GB(pool),GB`; the first disk is started from. */
  storage: string;
}

export interface ComposableHost extends HostCapacity {
  name: string;
  capabilities: readonly string[];
  architectures: readonly string[];
  /** 0 when the host did not say. */
  cpuSpeedMhz: number;
}

export interface Plan {
  architecture: string;
  cores: number;
  disks: Disk[];
}

/** What nobody said anything about. */
export const USUAL_CORES = 1;
export const USUAL_MEMORY_MIB = 2048;
/** Disks of machines that nobody said anything about. */
export const USUAL_STORAGE = "root:8";
const GB = 1e9;

/** @throws DomainError invalid_fields: each thing that is lacking, with how much was asked for and how much is left */
export function planMachine(host: ComposableHost, guests: readonly Guest[], wanted: Composition): Plan {
  if (!host.capabilities.includes("composable"))
    throw new DomainError("bad_request", `VM host ${host.name} cannot make machines: refresh it, or choose another.`);
  const fields: FieldMessages = {};
  const lacks = (field: string, message: string) => (fields[field] ??= []).push(message);
  const used = usedResources(guests);
  const cores = wanted.pinnedCores.length || wanted.cores;
  const room = (what: string, has: number, ratio: number, taken: number, unit: string) =>
    `VM host ${host.name} has ${Math.max(0, Math.floor(has * ratio) - taken)}${unit} of ${what} left, of ${has}${unit}` +
    `${ratio === 1 ? "" : ` times ${ratio}`} with ${taken}${unit} in use`;
  if (used.cores + cores > Math.floor(host.cores * host.cpuOverCommitRatio))
    lacks("cores", `${cores} asked for: ${room("cores", host.cores, host.cpuOverCommitRatio, used.cores, "")}.`);
  if (used.memoryMib + wanted.memoryMib > Math.floor(host.memoryMib * host.memoryOverCommitRatio))
    lacks(
      "memory",
      `${wanted.memoryMib} MiB asked for: ${room("memory", host.memoryMib, host.memoryOverCommitRatio, used.memoryMib, " MiB")}.`,
    );
  const strange = wanted.pinnedCores.find((core) => core >= host.cores);
  if (strange !== undefined)
    lacks("pinned_cores", `VM host ${host.name} has no core ${strange}: its cores are 0 to ${host.cores - 1}.`);
  if (new Set(wanted.pinnedCores).size !== wanted.pinnedCores.length) lacks("pinned_cores", "A core is there twice.");
  if (wanted.cpuSpeedMhz !== undefined && wanted.cpuSpeedMhz > host.cpuSpeedMhz)
    lacks("cpu_speed", `${wanted.cpuSpeedMhz} MHz asked for: VM host ${host.name} has ${host.cpuSpeedMhz} MHz.`);
  const architecture = wanted.architecture ?? host.architectures[0] ?? "";
  if (!host.architectures.includes(architecture))
    lacks("architecture", `VM host ${host.name} has ${host.architectures.join(", ") || "none"}, not ${architecture}.`);
  const disks = placeDisks(host, guests, wanted.storage || USUAL_STORAGE, (message) => lacks("storage", message));
  const [first] = Object.entries(fields);
  if (first) throw new DomainError("invalid_fields", `${first[0]}: ${first[1][0]}`, { fields });
  return { architecture, cores, disks };
}

/** A pool by its name, else by its type, else the default one; what an earlier disk takes is gone for the later ones. */
function placeDisks(
  host: ComposableHost,
  guests: readonly Guest[],
  storage: string,
  lacks: (message: string) => void,
): Disk[] {
  let wants: StorageWant[];
  try {
    wants = parseStorage(storage);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    lacks(error.message);
    return [];
  }
  const free = new Map(poolUses(host, guests).map((pool) => [pool.name, { ...pool }]));
  const pools = [...free.values()];
  if (pools.length === 0) lacks(`VM host ${host.name} has no storage pool: make one there, then refresh it.`);
  return wants.flatMap((want) => {
    const sizeBytes = Math.round(want.minBytes);
    const chosen =
      want.tags.map((tag) => free.get(tag)).find((pool) => pool !== undefined) ??
      pools.find((pool) => want.tags.includes(pool.type) && pool.freeBytes >= sizeBytes) ??
      pools.find((pool) => pool.isDefault);
    if (!chosen) return [];
    const disk = want.label === "" ? "A disk" : `Disk ${want.label}`;
    if (sizeBytes < 1) lacks(`${disk} of no size makes no sense: give it gigabytes.`);
    if (sizeBytes > chosen.freeBytes)
      lacks(
        `${disk} of ${want.minBytes / GB} GB asked for: storage pool ${chosen.name} of VM host ${host.name} has ${Math.floor(chosen.freeBytes / 1e8) / 10} GB left.`,
      );
    chosen.freeBytes -= sizeBytes;
    return [{ sizeBytes, pool: chosen.name }];
  });
}
