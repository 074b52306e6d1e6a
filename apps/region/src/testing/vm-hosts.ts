/** What a rack would say of a VM host, for tests on a real region. */
import type { VmFacts, VmHostFacts, VmOrder } from "@rackwright/domain/vm-host/facts";
import type { TestRegion } from "./region.ts";

export interface FakeVmHost {
  facts: VmHostFacts;
  /** The orders that it took. */
  composed: VmOrder[];
  decomposed: string[];
}

export const vmFacts = (name: string, change: Partial<VmFacts> = {}): VmFacts => ({
  name,
  uuid: `00000000-0000-4000-8000-${Buffer.from(name).toString("hex").padStart(12, "0").slice(-12)}`,
  architecture: "amd64/generic",
  cores: 1,
  pinnedCores: [],
  memoryMib: 1024,
  hugepages: false,
  running: false,
  disks: [{ sizeBytes: 5e9, pool: "local" }],
  interfaces: [],
  ...change,
});

/** A host in memory behind a rack in memory: machines that are made on it are there when it is asked again. */
export function addVmHost(t: TestRegion, rackNodeId: number): FakeVmHost {
  const host: FakeVmHost = {
    facts: {
      hostname: "hypervisor",
      version: "7.2.0",
      architectures: ["amd64/generic"],
      capabilities: ["composable", "dynamic_local_storage", "over_commit", "storage_pools"],
      cores: 8,
      cpuSpeedMhz: 2500,
      memoryMib: 16_384,
      pools: ["local", "fast"].map((name) => ({
        id: `id-${name}`,
        name,
        type: "dir",
        path: `/pools/${name}`,
        totalBytes: 100e9,
        availableBytes: 100e9,
      })),
      networks: ["default", "maas"],
      machines: [],
    },
    composed: [],
    decomposed: [],
  };
  t.racks.connect({ nodeId: rackNodeId });
  t.racks.answer("vmHostDiscover", () => structuredClone(host.facts));
  t.racks.answer("vmHostCompose", ({ machine }) => {
    host.composed.push(machine);
    const { interfaces, ...rest } = machine;
    host.facts.machines.push({
      ...rest,
      running: false,
      interfaces: interfaces.map(({ mac, attach }) => ({ mac, attachedTo: attach.to })),
    });
    return null;
  });
  t.racks.answer("vmHostDecompose", ({ uuid }) => {
    host.decomposed.push(uuid);
    host.facts.machines = host.facts.machines.filter((machine) => machine.uuid !== uuid);
    return null;
  });
  return host;
}
