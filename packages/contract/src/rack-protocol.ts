/**
 * What region and rack say to each other over their WebSocket: JSON messages, calls both ways, each answered once.
 * A rack that is part of the region's process speaks it too: there is one code path.
 */

/** Below a region's origin: image files by SHA-256, for racks that have enrolled. */
export const RACK_IMAGES = "/MAAS/rack/images/";

import type { ChassisServer } from "@rackwright/domain/machine/chassis";
import type { VmHostFacts, VmOrder } from "@rackwright/domain/vm-host/facts";
import type { VmHostTarget } from "./vm-host-schemas.ts";

export interface BootRequest {
  /** Of the interface that boots; lower case with colons. */
  mac: string;
  /** Address that the request came from. */
  remoteAddress: string;
  /** The rack's address that it came to: what the machine can reach. */
  localAddress: string;
  /** Where that rack serves HTTP; absent: 5248. */
  httpPort?: number;
  /** SMBIOS UUID, when the loader knows it. */
  uuid: string | null;
  /** i386, x86_64, arm64 ... as the loader says. */
  buildArch: string | null;
  /** pcbios or efi. */
  platform: string | null;
}

export interface EvidenceItem {
  source: "bmc" | "dhcp" | "tftp" | "http" | "console";
  mac: string | null;
  /** Address of the machine, when the MAC is not known at this door. */
  address: string | null;
  text: string;
  detail?: Record<string, unknown>;
  /** Milliseconds since 1970, by the rack's clock. */
  at: number;
}

export interface RackInterface {
  name: string;
  mac: string;
  /** With prefix length: 10.0.0.1/24 */
  addresses: string[];
}

export interface HostFacts {
  /** Threads. */
  cpuCount: number;
  memoryMib: number;
  /** `debian`, `bookworm`; empty where it is not known. */
  osystem: string;
  distroSeries: string;
}

export type PowerAction = "on" | "off" | "cycle" | "query";
/** What a rack did, or found, of a power action. `found_on`: on, before it was switched off. */
export type PowerStep = "found_on" | "off_sent" | "observed_off" | "on_sent" | "observed_on";

/** How long a rack goes on reading consoles without being told so again. */
export const CONSOLE_LEASE_MS = 5 * 60_000;
/** At most so many consoles per rack: each is a process. */
export const CONSOLES_PER_RACK = 128;

export interface WatchedConsole {
  systemId: string;
  bootEpoch: number;
  powerType: string;
  parameters: Record<string, string>;
}

/** Calls that the rack makes. */
export interface RegionMethods {
  /** First call of a connection. */
  hello: {
    params: {
      hostname: string;
      version: string;
      architecture: string;
      interfaces: RackInterface[];
      /** Where machines fetch boot files; absent: 5248. */
      httpPort?: number;
      /** Whether it serves TFTP; absent: nobody knows. */
      tftp?: boolean;
      host?: HostFacts;
    };
    result: { systemId: string };
  };
  /** The iPXE script for a machine; null when it is to get none. */
  bootScript: { params: BootRequest; result: { script: string | null } };
  evidence: { params: { items: EvidenceItem[] }; result: null };
  /** Steps of a power action as they happen, so that a crashed one goes on from there. */
  powerStep: { params: { systemId: string; bootEpoch: number; step: PowerStep }; result: null };
  /** DHCP servers that answered on one of the rack's interfaces and are not the rack itself. */
  dhcpServers: { params: { interface: string; servers: string[] }; result: null };
  /** Hosts that answered a scan. */
  neighbours: { params: { seen: { interface: string; ip: string; mac: string }[] }; result: null };
}

/** Calls that the region makes. */
export interface RackMethods {
  power: {
    params: {
      systemId: string;
      bootEpoch: number;
      action: PowerAction;
      powerType: string;
      parameters: Record<string, string>;
      bootDevice: "network" | "disk" | null;
      done: PowerStep[];
    };
    result: { state: "on" | "off" | "unknown" };
  };
  /** Serve DHCP on these interfaces; none switches it off. */
  configureDhcp: {
    params: {
      interfaces: string[];
      serverTag: string;
      /** Of this rack, one per subnet that it serves: what machines are told to boot from. */
      addresses: string[];
      database: { host: string; port: number; name: string; user: string; password: string };
    };
    result: { changed: boolean };
  };
  /** Networks changed in Kea's database: read them now. */
  pullDhcp: { params: Record<string, never>; result: null };
  releaseLeases: { params: { addresses: string[] }; result: null };
  /**
   * Read the serial consoles of these machines and of no others: a BMC lets one reader in. Holds for CONSOLE_LEASE_MS, so that a rack without a
   * region lets go of them.
   */
  watchConsoles: { params: { machines: WatchedConsole[] }; result: null };
  /** What a VM host has. installedAnew: the key that was noted of its address is of an earlier system, and forgotten. */
  vmHostDiscover: { params: VmHostTarget & { installedAnew?: boolean | undefined }; result: VmHostFacts };
  /** Make a machine there, off; one that is there already is left as it is. */
  vmHostCompose: { params: VmHostTarget & { machine: VmOrder }; result: null };
  /** Take a machine away from there, with its disks; one that is gone is no error. */
  vmHostDecompose: { params: VmHostTarget & { uuid: string }; result: null };
  /** What a chassis holds, as far as it can be switched. */
  chassisServers: { params: VmHostTarget; result: { servers: ChassisServer[] } };
  /** Images that machines may be sent: fetch and verify them, forget others. */
  syncImages: { params: { files: { sha256: string; sizeBytes: number }[] }; result: null };
  /** Those of them that are here, whole. */
  listImages: { params: Record<string, never>; result: { sha256: string[] } };
  /**
   * Find out who is on these networks, as far as they are on the rack's wires; none: on all of its networks. Answered when that has begun:
   * the interfaces. What is found comes as `neighbours`.
   */
  scanNetworks: {
    params: { cidrs: string[]; alwaysUsePing: boolean; slow: boolean; threads: number | null };
    result: { interfaces: string[] };
  };
}

export type MethodName = keyof RegionMethods | keyof RackMethods;

export type Message =
  | { id: number; method: string; params: unknown }
  | { id: number; result: unknown }
  | { id: number; error: { kind: string; message: string } }
  // The caller does not wait any more: stop what the call began. An answer that crosses this is ignored.
  | { cancel: number };
