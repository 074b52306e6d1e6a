/** Which of the constraints of allocate a machine could be made for, and on which hosts. Pure (lifecycle.md section 9). */
import { type InterfaceWant, parseInterfaces } from "../allocation/interfaces.ts";
import { parseStorage } from "../allocation/storage.ts";
import { type Disk, type Guest, usedResources } from "./capacity.ts";
import { type ComposableHost, USUAL_CORES, USUAL_MEMORY_MIB } from "./compose.ts";

/** Names as the API has them. */
export type Constraints = Readonly<Record<string, string | readonly string[] | undefined>>;

/** With less none boots. */
const LEAST_MEMORY_MIB = 1024;

/** Constraints that can be met by what is made, or by where. A machine that is new has no tags. */
const MET = new Set(
  [
    ["name", "cpu_count", "cpu_speed", "mem", "storage", "interfaces", "not_tags"],
    ["arch", "not_arch", "zone", "not_in_zone", "pool", "not_in_pool", "pod", "not_pod", "pod_type", "not_pod_type"],
  ].flat(),
);
/** What of an interface comes with its network: the rest is the card's own. */
const OF_NETWORK: readonly InterfaceWant["terms"][number]["key"][] = [
  "fabric",
  "fabric_class",
  "ip",
  "space",
  "subnet",
  "subnet_cidr",
  "vlan",
  "vid",
];

export interface WantedMachine {
  name: string | undefined;
  cores: number;
  memoryMib: number;
  cpuSpeedMhz: number | undefined;
  storage: string | undefined;
  interfaces: string | undefined;
}

/** A host as constraints name it. */
export interface HostPlace {
  name: string;
  type: string;
  zone: string;
  pool: string;
}

const values = (given: Constraints[string]): readonly string[] =>
  given === undefined ? [] : typeof given === "string" ? [given] : given;
const last = (given: Constraints[string]): string | undefined => values(given).at(-1) || undefined;

/** What has to be made; undefined where there is a constraint that nothing made could meet. The values make sense. */
export function wantedMachine(constraints: Constraints): WantedMachine | undefined {
  const given = Object.entries(constraints).filter(([, value]) => value !== undefined && value.length > 0);
  if (given.some(([name]) => !MET.has(name))) return undefined;
  const { cpu_count, mem, cpu_speed } = constraints;
  const names = [...new Set(values(constraints.name).map((name) => name.toLowerCase()))];
  const storage = last(constraints.storage);
  const interfaces = last(constraints.interfaces);
  const ofCard =
    interfaces && parseInterfaces(interfaces).some(({ terms }) => terms.some((t) => !OF_NETWORK.includes(t.key)));
  const partitions = storage && parseStorage(storage).some(({ partition }) => partition);
  if (ofCard || partitions || names.length > 1) return undefined;
  const cpuSpeedMhz = Math.ceil(Number(last(cpu_speed) ?? 0));
  return {
    name: names[0],
    cores: Math.max(USUAL_CORES, Math.ceil(Number(last(cpu_count) ?? 0))),
    memoryMib: last(mem) === undefined ? USUAL_MEMORY_MIB : Math.max(LEAST_MEMORY_MIB, Math.ceil(Number(last(mem)))),
    cpuSpeedMhz: cpuSpeedMhz > 0 ? cpuSpeedMhz : undefined,
    storage,
    interfaces,
  };
}

/** Whether a machine on the host is where it is to be: it is in the zone and pool of its host. */
export function isPlace(constraints: Constraints, host: HostPlace): boolean {
  const types = (name: string) => values(constraints[name]).map((type) => type.toLowerCase());
  const pairs: [wanted: readonly string[], unwanted: readonly string[], is: string][] = [
    [values(constraints.zone), values(constraints.not_in_zone), host.zone],
    [values(constraints.pool), values(constraints.not_in_pool), host.pool],
    [values(constraints.pod), values(constraints.not_pod), host.name],
    [types("pod_type"), types("not_pod_type"), host.type],
  ];
  return pairs.every(([wanted, not, is]) => (wanted.length === 0 || wanted.includes(is)) && !not.includes(is));
}

/** The first architecture of the host that will do. */
export function architectureFor(
  constraints: Constraints,
  host: Pick<ComposableHost, "architectures">,
): string | undefined {
  const is = (architecture: string) => (word: string) =>
    word.includes("/") ? word === architecture : (word === "arm" ? "armhf" : word) === architecture.split("/")[0];
  const wanted = values(constraints.arch);
  return host.architectures.find(
    (one) => (wanted.length === 0 || wanted.some(is(one))) && !values(constraints.not_arch).some(is(one)),
  );
}

/**
 * Tags of disks mean storage pools here, by name or type.
 * @returns the tags of each disk; undefined where one names something else, which no disk that is made would be
 */
export function diskTags(
  storage: string | undefined,
  disks: readonly Disk[],
  host: ComposableHost,
): string[][] | undefined {
  const tags = storage === undefined ? disks.map(() => []) : parseStorage(storage).map((want) => [...want.tags]);
  const met = disks.every((disk, at) => {
    const pool = host.storagePools.find(({ name }) => name === disk.pool);
    return tags[at]?.every((tag) => tag === pool?.name || tag === pool?.type);
  });
  return met ? tags : undefined;
}

/** Those with the most left first: memory, then cores. */
export function byRoom<H extends { host: ComposableHost; guests: readonly Guest[] }>(hosts: readonly H[]): H[] {
  const left = hosts.map((one) => {
    const { memoryMib, cores, memoryOverCommitRatio, cpuOverCommitRatio } = one.host;
    const used = usedResources(one.guests);
    return {
      one,
      memoryMib: memoryMib * memoryOverCommitRatio - used.memoryMib,
      cores: cores * cpuOverCommitRatio - used.cores,
    };
  });
  return left.sort((a, b) => b.memoryMib - a.memoryMib || b.cores - a.cores).map(({ one }) => one);
}
