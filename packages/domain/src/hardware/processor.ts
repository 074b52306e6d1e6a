import { mean } from "./numbers.ts";
import { BadReport, type Part } from "./read.ts";
import type { ReportedCpu, ReportedNumaNode } from "./report.ts";

const MIB = 1024 ** 2;
const MAX_SOCKETS = 256;
const MAX_CORES = 4096;
const MAX_THREADS = 16;
/** Columns of the database are 32 bits wide. */
const MAX_INT = 2 ** 31 - 1;

interface Thread {
  id: number;
  numaNode: number;
}

export interface Processor {
  cpu: ReportedCpu;
  memoryMib: number;
  numaNodes: ReportedNumaNode[];
}

export function readProcessor(resources: Part): Processor {
  const cpu = resources.part("cpu");
  const sockets = cpu.parts("sockets", MAX_SOCKETS);
  const threads = sockets.flatMap((socket) => socket.parts("cores", MAX_CORES).flatMap(threadsOf));
  const model = commonModel(sockets);
  const memory = resources.part("memory");
  return {
    cpu: {
      count: cpu.natural("total", threads.length, MAX_INT),
      speedMhz: speedMhz(sockets),
      ...(model === undefined ? {} : { model }),
    },
    memoryMib: Math.round(memory.natural("total") / MIB),
    numaNodes: numaNodes(threads, memory),
  };
}

function threadsOf(core: Part): Thread[] {
  return core.parts("threads", MAX_THREADS).map((thread) => {
    thread.require("id", "numa_node");
    return { id: thread.natural("id", 0, MAX_INT), numaNode: thread.natural("numa_node", 0, MAX_INT) };
  });
}

/** The model that all sockets name, without its speed. */
function commonModel(sockets: readonly Part[]): string | undefined {
  const names = new Set(sockets.map((socket) => socket.text("name")));
  const [name] = names;
  if (names.size !== 1 || name === undefined) return undefined;
  return name.split(" @")[0]?.trim() || undefined;
}

/** From the name (`... @ 2.40GHz`), else the fastest turbo, else the mean of what the sockets run at, rounded to 100. */
function speedMhz(sockets: readonly Part[]): number {
  const named = sockets
    .map((socket) => /@ (\d{1,3}\.\d+)GHz/.exec(socket.text("name"))?.[1])
    .find((ghz) => ghz !== undefined);
  if (named !== undefined) return Math.round(Number(named) * 1000);
  const turbo = Math.max(0, ...sockets.map((socket) => socket.natural("frequency_turbo", 0, MAX_INT)));
  if (turbo > 0) return turbo;
  const running = sockets.map((socket) => socket.natural("frequency", 0, MAX_INT)).filter((mhz) => mhz > 0);
  return Math.round(mean(running) / 100) * 100;
}

/** A machine without NUMA has one node with everything. */
function numaNodes(threads: readonly Thread[], memory: Part): ReportedNumaNode[] {
  const memoryOf = new Map<number, number>();
  const hugepagesOf = new Map<number, number>();
  for (const node of memory.parts("nodes", MAX_CORES)) {
    const index = node.require("numa_node").natural("numa_node", 0, MAX_INT);
    memoryOf.set(index, Math.round(node.natural("total") / MIB));
    hugepagesOf.set(index, node.natural("hugepages_total"));
  }
  const pageSize = memory.natural("hugepages_size");
  if (memoryOf.size === 0) memoryOf.set(0, Math.round(memory.natural("total") / MIB));
  const threadsOfNode = Map.groupBy(threads, (thread) => thread.numaNode);
  const indexes = new Set([...threadsOfNode.keys(), ...memoryOf.keys()]);
  if (indexes.size > MAX_CORES)
    throw new BadReport(`resources.memory.nodes and threads name ${indexes.size} NUMA nodes`);
  return [...indexes]
    .sort((a, b) => a - b)
    .map((index) => ({
      index,
      cores: (threadsOfNode.get(index) ?? []).map((thread) => thread.id).sort((a, b) => a - b),
      memoryMib: memoryOf.get(index) ?? 0,
      hugepages: [{ pageSize, total: hugepagesOf.get(index) ?? 0 }].filter((pages) => pages.total > 0),
    }));
}
