/** What region and rack say to each other of VM hosts and chassis, checked on arrival (shapes: packages/domain/src/vm-host/facts.ts). */
import type { ChassisServer } from "@rackwright/domain/machine/chassis";
import type { VmHostFacts, VmOrder } from "@rackwright/domain/vm-host/facts";
import { z } from "zod";

const word = z.string().max(255);
const count = z.int().min(0);
const bytes = z.number().min(0);
const mac = z.string().regex(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/);
const uuid = z.string().regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
const disk = z.object({ sizeBytes: bytes, pool: word });

/** By these the host is reached. */
export interface VmHostTarget {
  type: string;
  parameters: Record<string, string>;
}

export const vmHostTarget = z.object({
  type: z.string().max(64),
  parameters: z.record(z.string(), z.string()),
}) satisfies z.ZodType<VmHostTarget>;

const attachment = z.union([
  z.object({ kind: z.enum(["network", "bridge"]), to: word }),
  z.object({ kind: z.literal("macvlan"), to: word, mode: z.enum(["bridge", "passthru", "private", "vepa"]) }),
]);

export const vmOrder = z.object({
  name: word,
  uuid,
  architecture: word,
  cores: count,
  pinnedCores: z.array(count).max(4096),
  memoryMib: count,
  hugepages: z.boolean(),
  disks: z.array(disk).max(64),
  interfaces: z.array(z.object({ mac, attach: attachment })).max(64),
}) satisfies z.ZodType<VmOrder>;

const vmFacts = z.object({
  name: word,
  uuid: word,
  architecture: word,
  cores: count,
  pinnedCores: z.array(count),
  memoryMib: count,
  hugepages: z.boolean(),
  running: z.boolean(),
  disks: z.array(disk),
  interfaces: z.array(z.object({ mac, attachedTo: word })),
});

export const vmHostFacts = z.object({
  hostname: word,
  version: word,
  architectures: z.array(word),
  capabilities: z.array(word),
  cores: count,
  cpuSpeedMhz: count,
  memoryMib: count,
  pools: z
    .array(
      z.object({
        id: word,
        name: word,
        type: word,
        path: z.string().max(4096),
        totalBytes: bytes,
        availableBytes: bytes,
      }),
    )
    .max(1000),
  networks: z.array(word).max(1000),
  machines: z.array(vmFacts).max(10_000),
}) satisfies z.ZodType<VmHostFacts>;

export const chassisServer = z.object({
  name: word,
  architecture: word,
  cores: count,
  memoryMib: count,
  macs: z.array(mac).max(256),
  parameters: z.record(z.string(), z.string()),
}) satisfies z.ZodType<ChassisServer>;
