/** A rack controller: the doors that machines knock at, and the link to the region that decides what they get. */
import { mkdir, readFile } from "node:fs/promises";
import { arch, cpus, hostname, totalmem } from "node:os";
import { join } from "node:path";
import { hostArchitecture, hostFacts } from "@rackwright/contract/host-interfaces";
import type { Handlers } from "@rackwright/contract/rack-peer";
import { RACK_IMAGES, type RackMethods } from "@rackwright/contract/rack-protocol";
import type { Timing } from "@rackwright/power/run";
import { type BootLog, directoryBootFiles, emptyLists, layerBootFiles, mountBootFiles } from "./boot-files.ts";
import { ConsoleWatch } from "./console/watch.ts";
import { dhcpService } from "./dhcp/service.ts";
import { startDhcpWatch } from "./dhcp/watch.ts";
import { Scanner } from "./discovery/scan.ts";
import { dhcpEvidence, EvidenceQueue, httpEvidence, imageWaitEvidence, tftpEvidence } from "./evidence.ts";
import { startHttpBoot } from "./httpboot/server.ts";
import { ImageCache } from "./images/cache.ts";
import { imageBootFiles } from "./images/image-boot-files.ts";
import { ImageSync } from "./images/sync.ts";
import { rackInterfaces } from "./interfaces.ts";
import { cannotListen } from "./listening.ts";
import { RackIdentity } from "./link/identity.ts";
import { type Link, type LinkTiming, startLink } from "./link/link.ts";
import { runPower } from "./power/run-power.ts";
import { vmHostHandlers } from "./power/vm-hosts.ts";
import { regionBootFiles } from "./region-boot-files.ts";
import { startTftp } from "./tftp/server.ts";

export interface RackOptions {
  /** Origin: http://127.0.0.1:5240 */
  regionUrl: string;
  /** The region's shared secret, or the file that holds it. Needed until the rack has enrolled. */
  enrolmentSecret: string | { file: string };
  /** Credentials, images, Kea's files. One rack uses it at a time. */
  dataDir: string;
  /** 5248 for machines. */
  httpBoot: { host: string; port: number };
  /** 69 for machines; null: no TFTP. */
  tftp: { host: string; port: number } | null;
  /** False: never serve DHCP. */
  dhcp: boolean;
  /** ipxe.efi, undionly.kpxe, localboot.efi ... */
  bootloaderDir: string;
  /** In the region's own process. */
  inRegion: boolean;
  log: BootLog;
  version?: string;
  hostname?: string;
  timing?: { link?: Partial<LinkTiming>; power?: Partial<Timing>; imageRetryMs?: number };
}

export interface Rack {
  /** The region has answered the first hello. */
  ready: Promise<void>;
  httpBootPort: number;
  tftpPort: number | undefined;
  stop(): Promise<void>;
}

/** Returns when machines are served; the link to the region may take longer, and is made again for ever. */
export async function startRack(options: RackOptions): Promise<Rack> {
  const { dataDir, log, inRegion } = options;
  const regionUrl = new URL(options.regionUrl).origin;
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const identity = await RackIdentity.open(dataDir);
  const name = options.hostname ?? hostname();
  const rackHeader = () => identity.header;

  const evidence = new EvidenceQueue({ send: (items) => link.call("evidence", { items }) });
  const cache = new ImageCache({
    dir: join(dataDir, "images"),
    fetchUrl: (sha256) => ({
      url: `${regionUrl}${RACK_IMAGES}${sha256}`,
      headers: { authorization: `Rack ${rackHeader() ?? ""}` },
    }),
    log,
  });
  const retryMs = options.timing?.imageRetryMs;
  const images = await ImageSync.open({ cache, dir: dataDir, log, ...(retryMs === undefined ? {} : { retryMs }) });

  const port = () => http.port;
  const scripts = regionBootFiles({
    bootScript: async (request) => (await link.call("bootScript", request)).script,
    port,
    log,
  });
  const loaders = directoryBootFiles(options.bootloaderDir);
  const files = layerBootFiles(
    scripts,
    imageBootFiles(cache, () => images.wanted, { onWait: (event) => evidence.add(imageWaitEvidence(event)) }),
    loaders,
    mountBootFiles("bootloaders", loaders),
    mountBootFiles("images", loaders),
    emptyLists,
  );

  const http = await startHttpBoot({
    ...options.httpBoot,
    files,
    region: {
      url: regionUrl,
      // Asked for with each request: the credentials change when the rack enrols.
      get headers(): Record<string, string> {
        const header = rackHeader();
        return header === undefined ? {} : { "x-rackwright-rack": header };
      },
    },
    onRequest: (event) => evidence.add(httpEvidence(event)),
    log,
  }).catch((error: unknown) => {
    const how = "choose another port (--rack-http-port of script/up, --http-port of script/rack)";
    throw cannotListen(error, "HTTP boot for machines", options.httpBoot, how);
  });
  const doorOfTftp = options.tftp;
  const tftp = doorOfTftp
    ? await startTftp({
        ...doorOfTftp,
        files,
        onRequest: (event) => evidence.add(tftpEvidence(event)),
        log,
      }).catch(async (error: unknown) => {
        await http.close();
        throw cannotListen(error, "TFTP for machines", doorOfTftp, "leave it to that one (--no-tftp of script/rack)");
      })
    : undefined;
  const dhcp = dhcpService({
    dataDir,
    enabled: options.dhcp,
    tftp: tftp !== undefined,
    httpBootPort: port,
    onEvidence: (event) => {
      if (event.what === "foreign_server") watch?.look();
      evidence.add(dhcpEvidence(event));
    },
    log,
  });
  // Asking needs port 68, which is for root; so does serving.
  const watch = options.dhcp
    ? startDhcpWatch({ interfaces: rackInterfaces, report: (found) => link.call("dhcpServers", found), log })
    : undefined;

  const scanner = new Scanner({ interfaces: rackInterfaces, report: (seen) => link.call("neighbours", { seen }), log });

  const consoles = new ConsoleWatch({ onEvidence: (item) => evidence.add(item) });

  const handlers: Handlers<RackMethods> = {
    power: (request, { signal }) => {
      const { systemId, bootEpoch } = request;
      const timing = options.timing?.power;
      return runPower(
        request,
        {
          step: async (step) => void (await link.call("powerStep", { systemId, bootEpoch, step })),
          tell: (text) =>
            evidence.add({ source: "bmc", mac: null, address: null, text, detail: { systemId, bootEpoch } }),
        },
        { signal, ...(timing ? { timing } : {}) },
      );
    },
    configureDhcp: (request) => dhcp.configure(request),
    pullDhcp: async () => {
      await dhcp.pull();
      return null;
    },
    releaseLeases: async ({ addresses }) => {
      await dhcp.release(addresses);
      return null;
    },
    watchConsoles: async ({ machines }) => {
      consoles.watch(machines);
      return null;
    },
    ...vmHostHandlers,
    syncImages: async ({ files: wanted }) => {
      await images.want(wanted);
      return null;
    },
    scanNetworks: async (request) => ({ interfaces: await scanner.start(request) }),
    listImages: async () => ({ sha256: await images.held() }),
  };

  const osRelease = await readFile("/etc/os-release", "utf8").catch(() => "");
  const host = hostFacts({ cpuCount: cpus().length, memoryBytes: totalmem(), osRelease });
  const link: Link = startLink({
    regionUrl,
    identity,
    enrol: (signal) =>
      identity.enrol({
        regionUrl,
        secret: () => readSecret(options.enrolmentSecret),
        hostname: name,
        inRegion,
        signal,
      }),
    hello: () => ({
      hostname: name,
      version: options.version ?? "0.1.0",
      architecture: hostArchitecture(arch()),
      interfaces: rackInterfaces(),
      httpPort: http.port,
      tftp: tftp !== undefined,
      host,
    }),
    handlers,
    onConnected: () => {
      evidence.flush();
      watch?.look();
    },
    log,
    ...(options.timing?.link ? { timing: options.timing.link } : {}),
  });

  return {
    ready: link.ready,
    httpBootPort: http.port,
    tftpPort: tftp?.port,
    async stop() {
      await Promise.all([http.close(), tftp?.close(), dhcp.stop(), watch?.stop(), scanner.stop(), consoles.close()]);
      await evidence.close();
      await link.stop();
      await images.close();
      await cache.close();
    },
  };
}

async function readSecret(secret: RackOptions["enrolmentSecret"]): Promise<string> {
  if (typeof secret === "string") return secret;
  try {
    return (await readFile(secret.file, "utf8")).trim();
  } catch (cause) {
    throw new Error(
      `the enrolment secret cannot be read from ${secret.file}: copy it from the region's data directory`,
      {
        cause,
      },
    );
  }
}
