/** What a rack finds out about a VM host, and what it is told to make there. */
import type { Disk, StoragePool } from "./capacity.ts";

export interface VmInterface {
  mac: string;
  /** Network, bridge or interface of the host that it hangs on. */
  attachedTo: string;
}

/** A virtual machine that is there. */
export interface VmFacts {
  name: string;
  uuid: string;
  /** amd64/generic */
  architecture: string;
  cores: number;
  /** Cores of the host that it runs on and on no others. */
  pinnedCores: number[];
  memoryMib: number;
  hugepages: boolean;
  running: boolean;
  disks: Disk[];
  interfaces: VmInterface[];
}

export interface VmHostFacts {
  hostname: string;
  version: string;
  architectures: string[];
  capabilities: string[];
  cores: number;
  cpuSpeedMhz: number;
  memoryMib: number;
  pools: StoragePool[];
  /** Networks that a machine can be attached to by name. */
  networks: string[];
  machines: VmFacts[];
}

export type VmAttachment =
  | { kind: "network" | "bridge"; to: string }
  | { kind: "macvlan"; to: string; mode: "bridge" | "passthru" | "private" | "vepa" };

/** What to make. The ids are chosen before, so that a second order for the same machine is recognised. */
export interface VmOrder {
  name: string;
  uuid: string;
  architecture: string;
  cores: number;
  pinnedCores: number[];
  memoryMib: number;
  hugepages: boolean;
  /** The first is the one to start from. */
  disks: Disk[];
  interfaces: { mac: string; attach: VmAttachment }[];
}
