/** What the other side may send over the link between region and rack, checked before anything is done with it. */
import { z } from "zod";
import { CONSOLES_PER_RACK, type RackMethods, type RegionMethods } from "./rack-protocol.ts";
import { chassisServer, vmHostFacts, vmHostTarget, vmOrder } from "./vm-host-schemas.ts";

type ParamsOf<M> = { [K in keyof M]: M[K] extends { params: infer P } ? z.ZodType<P> : never };
type ResultsOf<M> = { [K in keyof M]: M[K] extends { result: infer R } ? z.ZodType<R> : never };

/** Schemas of one side's calls: what it is asked, and what it answers. */
export interface MethodSchemas<M> {
  params: ParamsOf<M>;
  results: ResultsOf<M>;
}

const mac = z.string().regex(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/);
const word = z.string().min(1).max(255);
const count = z.int().min(0);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const step = z.enum(["found_on", "off_sent", "observed_off", "on_sent", "observed_on"]);
const port = z.int().min(1).max(65535);
const empty = z.record(z.string(), z.never());

const bootRequest = z.object({
  mac,
  remoteAddress: z.union([z.ipv4(), z.ipv6()]),
  localAddress: z.union([z.ipv4(), z.ipv6()]),
  httpPort: port.exactOptional(),
  uuid: word.nullable(),
  buildArch: word.nullable(),
  platform: word.nullable(),
});

const evidenceItem = z.object({
  source: z.enum(["bmc", "dhcp", "tftp", "http", "console"]),
  mac: mac.nullable(),
  address: z.string().max(64).nullable(),
  text: z.string().max(4096),
  detail: z.record(z.string(), z.unknown()).exactOptional(),
  at: count,
});

const rackInterface = z.object({
  name: word,
  mac,
  addresses: z.array(z.union([z.cidrv4(), z.cidrv6()])).max(256),
});

const hostFacts = z.object({
  cpuCount: z.int().min(0).max(100_000),
  memoryMib: z
    .int()
    .min(0)
    .max(2 ** 40),
  osystem: z.string().max(64),
  distroSeries: z.string().max(64),
});

const watchedConsole = z.object({
  systemId: word,
  bootEpoch: count,
  powerType: z.string().max(64),
  parameters: z.record(z.string(), z.string()),
});

export const regionMethodSchemas: MethodSchemas<RegionMethods> = {
  params: {
    hello: z.object({
      hostname: word,
      version: word,
      architecture: word,
      interfaces: z.array(rackInterface).max(1024),
      httpPort: port.exactOptional(),
      tftp: z.boolean().exactOptional(),
      host: hostFacts.exactOptional(),
    }),
    bootScript: bootRequest,
    evidence: z.object({ items: z.array(evidenceItem).max(1000) }),
    powerStep: z.object({ systemId: word, bootEpoch: count, step }),
    dhcpServers: z.object({ interface: word, servers: z.array(z.ipv4()).max(64) }),
    neighbours: z.object({ seen: z.array(z.object({ interface: word, ip: z.ipv4(), mac })).max(1000) }),
  },
  results: {
    hello: z.object({ systemId: word }),
    bootScript: z.object({
      script: z
        .string()
        .max(1 << 20)
        .nullable(),
    }),
    evidence: z.null(),
    powerStep: z.null(),
    dhcpServers: z.null(),
    neighbours: z.null(),
  },
};

export const rackMethodSchemas: MethodSchemas<RackMethods> = {
  params: {
    power: z.object({
      systemId: word,
      bootEpoch: count,
      action: z.enum(["on", "off", "cycle", "query"]),
      powerType: z.string().max(64),
      parameters: z.record(z.string(), z.string()),
      bootDevice: z.enum(["network", "disk"]).nullable(),
      done: z.array(step).max(100),
    }),
    configureDhcp: z.object({
      interfaces: z.array(word).max(1024),
      serverTag: z.string().max(255),
      addresses: z.array(z.ipv4()).max(1024),
      database: z.object({
        host: z.string(),
        port,
        name: z.string(),
        user: z.string(),
        password: z.string(),
      }),
    }),
    pullDhcp: empty,
    releaseLeases: z.object({ addresses: z.array(z.ipv4()).max(100_000) }),
    watchConsoles: z.object({ machines: z.array(watchedConsole).max(CONSOLES_PER_RACK) }),
    vmHostDiscover: vmHostTarget.extend({ installedAnew: z.boolean().optional() }),
    vmHostCompose: vmHostTarget.extend({ machine: vmOrder }),
    vmHostDecompose: vmHostTarget.extend({ uuid: word }),
    chassisServers: vmHostTarget,
    syncImages: z.object({ files: z.array(z.object({ sha256, sizeBytes: count })).max(10_000) }),
    listImages: empty,
    scanNetworks: z.object({
      cidrs: z.array(z.cidrv4()).max(1024),
      alwaysUsePing: z.boolean(),
      slow: z.boolean(),
      threads: z.int().min(1).max(256).nullable(),
    }),
  },
  results: {
    power: z.object({ state: z.enum(["on", "off", "unknown"]) }),
    configureDhcp: z.object({ changed: z.boolean() }),
    pullDhcp: z.null(),
    releaseLeases: z.null(),
    watchConsoles: z.null(),
    vmHostDiscover: vmHostFacts,
    vmHostCompose: z.null(),
    vmHostDecompose: z.null(),
    chassisServers: z.object({ servers: z.array(chassisServer).max(10_000) }),
    syncImages: z.null(),
    scanNetworks: z.object({ interfaces: z.array(word).max(1024) }),
    listImages: z.object({ sha256: z.array(sha256).max(10_000) }),
  },
};

/** The envelope of every message. */
export const messageSchema = z.union([
  z.strictObject({ id: count, method: z.string().max(64), params: z.unknown() }),
  z.strictObject({ id: count, error: z.object({ kind: z.string().max(64), message: z.string().max(16_384) }) }),
  z.strictObject({ id: count, result: z.unknown() }),
  z.strictObject({ cancel: count }),
]);
