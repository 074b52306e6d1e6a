/** What a netbooting machine is told, and what that means for it. The rack asks here for every machine, every time. */
import { endEnlistSecrets, insertBootSecret, outstandingSecret } from "@rackwright/db/boot-secrets";
import { bootImage, type BootImage } from "@rackwright/db/images";
import { insertEvents, insertEvidence } from "@rackwright/db/history";
import { lockMachineById, machineIdByMac, type LoadedMachine } from "@rackwright/db/machines";
import { bootInterfaceByMac } from "@rackwright/db/nodes";
import type { Tx } from "@rackwright/db/connect";
import type { BootRequest } from "@rackwright/contract/rack-protocol";
import { ephemeralScript, localScript, refusalScript, splitOptions } from "@rackwright/domain/boot/ipxe";
import { isFurther } from "@rackwright/domain/boot/progress";
import { bootPurpose } from "@rackwright/domain/boot/purpose";
import { event } from "@rackwright/domain/machine/event";
import { bootProgress } from "@rackwright/domain/machine/lifecycle/boot";
import type { Decision, Machine } from "@rackwright/domain/machine/machine";
import { parseMac } from "@rackwright/domain/machine/names";
import { hashSecret, randomWord } from "../auth/secrets.ts";
import { type Ctx, inTransaction, type Region, systemCtx } from "../context.ts";
import type { ConnectedRack } from "../racks/racks.ts";
import { commit } from "./commit.ts";
import { getConfig, lifecycleTimes } from "./config.ts";
import { chosenKernelOptions } from "./kernel-options.ts";

/** Port that racks serve boot files on unless they say another. */
export const RACK_HTTP_PORT = 5248;

const host = (address: string) => (address.includes(":") ? `[${address}]` : address);

export interface BootOptions {
  /** Address that our DHCP server leases to a MAC now; undefined: none; null: DHCP is not ours, so nobody can tell. */
  leaseOf: (mac: string) => Promise<string | undefined | null>;
}

/** The iPXE script for a machine that asks; always one, so that its console says what is the matter. */
export async function bootScript(
  region: Region,
  rack: Pick<ConnectedRack, "nodeId" | "hostname">,
  request: BootRequest,
  options: BootOptions,
): Promise<string> {
  const mac = parseMac(request.mac);
  if (mac === undefined) return refusalScript("the boot loader sent no MAC address");
  const lease = await options.leaseOf(mac);
  // Whoever holds the lease of a MAC is that machine, as far as anybody can tell; nobody else gets its secret.
  if (lease !== null && lease !== request.remoteAddress) {
    await note(
      region,
      mac,
      `boot script refused: asked from ${request.remoteAddress}, while ${mac} has ${lease ?? "no lease"}`,
    );
    return refusalScript(`${mac} has no lease of ${request.remoteAddress} here`);
  }
  const ctx = systemCtx(region);
  const id = await machineIdByMac(region.db.kysely, [mac]);
  return id === undefined
    ? enlistScript(ctx, mac, request)
    : inTransaction(ctx, (tx) => knownScript(ctx, tx, id, mac, rack, request, lease !== null));
}

async function note(region: Region, mac: string, text: string): Promise<void> {
  const nodeId = (await machineIdByMac(region.db.kysely, [mac])) ?? null;
  await insertEvidence(region.db.kysely, [{ nodeId, mac, bootEpoch: null, source: "http", text }]);
  if (nodeId !== null)
    await insertEvents(region.db.kysely, { nodeId, hostname: "", username: null }, [
      event("BOOT_SECRET_CONFLICT", text),
    ]);
}

async function ephemeralImage(
  tx: Tx | Region["db"]["kysely"],
  architecture: string,
): Promise<{ image: BootImage; title: string } | undefined> {
  const { commissioning_osystem, commissioning_distro_series } = await getConfig(
    tx,
    "commissioning_osystem",
    "commissioning_distro_series",
  );
  const image = await bootImage(tx, {
    osystem: commissioning_osystem,
    release: commissioning_distro_series,
    architecture,
    purpose: "commissioning",
  });
  return image && { image, title: `${commissioning_osystem}/${commissioning_distro_series}` };
}

/** A deployed Ubuntu is rescued by its own series, where there is an image of it: its tools fit its disks (lifecycle.md section 12). */
async function ownSystemsImage(
  tx: Tx,
  m: Machine,
  architecture: string,
): Promise<{ image: BootImage; title: string } | undefined> {
  const rescued = m.status === "entering_rescue_mode" || m.status === "rescue_mode";
  if (!rescued || m.previousStatus !== "deployed" || m.osystem !== "ubuntu") return undefined;
  const { osystem, distroSeries: release } = m;
  const image = await bootImage(tx, { osystem, release, architecture, purpose: "commissioning" });
  return image && { image, title: `${osystem}/${release}` };
}

/** The system that the machine's owner runs from memory: what it was deployed with, and as it is there now. */
async function deployedImage(
  tx: Tx,
  m: Machine,
  architecture: string,
): Promise<{ image: BootImage; title: string } | undefined> {
  const { osystem, distroSeries: release, hweKernel: kernel } = m;
  const image = await bootImage(tx, { osystem, release, architecture, purpose: "deploy", kernel });
  return image && { image, title: `${osystem}/${release}` };
}

/** Architecture that a loader's build is for. */
function architectureOf(request: BootRequest): string {
  return request.buildArch === "arm64" ? "arm64" : "amd64";
}

async function enlistScript(ctx: Ctx, mac: string, request: BootRequest): Promise<string> {
  const { region } = ctx;
  const architecture = architectureOf(request);
  const rackUrl = `http://${host(request.localAddress)}:${request.httpPort ?? RACK_HTTP_PORT}`;
  return inTransaction(ctx, async (tx) => {
    const found = await ephemeralImage(tx, architecture);
    if (!found) return refusalScript(`there is no image for ${architecture} to enlist this machine with`);
    const secret = randomWord(32);
    await endEnlistSecrets(tx, mac, region.now());
    await insertBootSecret(tx, hashSecret(secret), { nodeId: null, mac, bootEpoch: 0, address: request.remoteAddress });
    await insertEvidence(tx, [
      {
        nodeId: null,
        mac,
        bootEpoch: 0,
        source: "http",
        text: `boot script given to enlist (${request.remoteAddress})`,
      },
    ]);
    const options = await kernelOptions(ctx, tx, null);
    return ephemeralScript(
      {
        rackUrl,
        ...found.image,
        mac,
        preseedUrl: `${rackUrl}/MAAS/metadata/latest/enlist-preseed/?op=get_enlist_preseed&secret=${secret}`,
        reportUrl: bootReportUrl(rackUrl, secret),
        ephemeralOptions: EPHEMERAL_OPTIONS,
        persistentOptions: options,
      },
      `enlisting with ${found.title}`,
    );
  });
}

const bootReportUrl = (rackUrl: string, secret: string) =>
  `${rackUrl}/MAAS/metadata/latest/boot-report/?secret=${secret}`;

/** Messages on screen and serial line; the last console is the one that stages are printed on. */
const EPHEMERAL_OPTIONS = ["console=tty0", "console=ttyS0,115200"];

/**
 * What makes a system in memory its owner's: to initrds of ours (images/README.md), and to those of upstream's stream, which know other words
 * for where their root is (boot.md section 5).
 */
const memoryOptions = (hostname: string, rackUrl: string, { squashfs }: BootImage): string[] => [
  "netroot_deployed=1",
  `root=squash:${rackUrl}/images/${squashfs.sha256}/squashfs`,
  `ip=::::${hostname}:BOOTIF`,
  "ip6=off",
  "ro",
  "overlayroot=tmpfs",
  "overlayroot_cfgdisk=disabled",
];

/** @param nodeId null: of a machine that is not known yet */
async function kernelOptions(ctx: Ctx, tx: Tx, nodeId: number | null): Promise<string[]> {
  const { options, refused } = splitOptions(await chosenKernelOptions(tx, nodeId));
  if (refused.length > 0)
    ctx.region.log.warn({ refused }, "kernel_opts has arguments that a boot script cannot carry: left out");
  return options;
}

async function knownScript(
  ctx: Ctx,
  tx: Tx,
  id: number,
  mac: string,
  rack: Pick<ConnectedRack, "nodeId">,
  request: BootRequest,
  leased: boolean,
): Promise<string> {
  const loaded = await lockMachineById(tx, id);
  if (!loaded) return refusalScript("the machine was deleted just now");
  const { machine } = loaded;
  const rackUrl = `http://${host(request.localAddress)}:${request.httpPort ?? RACK_HTTP_PORT}`;
  const purpose = bootPurpose(machine);
  await recordBoot(ctx, tx, loaded, mac, rack, request, purpose);
  if (purpose === "local") return localScript(rackUrl, `${machine.hostname} starts from its own disk`);
  const architecture = loaded.row.architecture?.split("/")[0] ?? "amd64";
  const found =
    purpose === "memory"
      ? await deployedImage(tx, machine, architecture)
      : ((await ownSystemsImage(tx, machine, architecture)) ?? (await ephemeralImage(tx, architecture)));
  if (!found) {
    const what = purpose === "memory" ? `${machine.osystem}/${machine.distroSeries} ` : "";
    return refusalScript(`there is no image ${what}for ${architecture} to boot ${machine.hostname} into`);
  }
  let preseedUrl: string | null = null;
  let reportUrl: string | null = null;
  if (purpose !== "poweroff") {
    const held = await outstandingSecret(tx, machine.id, machine.bootEpoch);
    // Where a lease shows that the same interface has a new address, it is no stranger. Where DHCP is not ours, nothing shows it.
    if (held && held.address !== request.remoteAddress && !(leased && held.mac === mac)) {
      const text = `this boot's secret was given to ${held.address} (${held.mac}), and is now asked for from ${request.remoteAddress} (${mac})`;
      const { id: nodeId, hostname, bootEpoch } = machine;
      await insertEvents(tx, { nodeId, hostname, username: null, bootEpoch }, [event("BOOT_SECRET_CONFLICT", text)]);
      return refusalScript(`${machine.hostname} is being booted from another address`);
    }
    const secret = randomWord(32);
    await insertBootSecret(tx, hashSecret(secret), {
      nodeId: machine.id,
      mac,
      bootEpoch: machine.bootEpoch,
      address: request.remoteAddress,
    });
    preseedUrl = `${rackUrl}/MAAS/metadata/latest/by-id/${machine.systemId}/?op=get_preseed&secret=${secret}`;
    reportUrl = bootReportUrl(rackUrl, secret);
  }
  const options = await kernelOptions(ctx, tx, machine.id);
  return ephemeralScript(
    {
      rackUrl,
      ...found.image,
      mac,
      preseedUrl,
      reportUrl,
      ephemeralOptions:
        purpose === "memory"
          ? [...EPHEMERAL_OPTIONS, ...memoryOptions(machine.hostname, rackUrl, found.image)]
          : EPHEMERAL_OPTIONS,
      persistentOptions: options,
    },
    `${machine.hostname}: ${purpose} with ${found.title}`,
  );
}

/** The machine asked for its boot script: where, through whom, and one step on. */
async function recordBoot(
  ctx: Ctx,
  tx: Tx,
  loaded: LoadedMachine,
  mac: string,
  rack: Pick<ConnectedRack, "nodeId">,
  request: BootRequest,
  purpose: string,
): Promise<void> {
  const { machine } = loaded;
  const times = await lifecycleTimes(ctx, tx);
  const next = purpose === "local" ? "first_boot" : "kernel";
  const moved: Decision =
    machine.waitingFor === null ||
    next === "first_boot" ||
    isFurther(machine.waitingFor, next) ||
    machine.waitingFor === "reboot"
      ? bootProgress(machine, next, times)
      : { set: {}, events: [], effects: [], jobs: [] };
  const columns = {
    bios_boot_method:
      request.platform === "efi" ? "uefi" : request.platform === "pcbios" ? "pxe" : loaded.row.bios_boot_method,
    boot_interface_id: (await bootInterfaceByMac(tx, machine.id, mac)) ?? loaded.row.boot_interface_id,
    boot_rack_id: rack.nodeId,
    boot_address: request.remoteAddress,
  };
  await insertEvidence(tx, [
    {
      nodeId: machine.id,
      mac,
      bootEpoch: machine.bootEpoch,
      source: "http",
      text: `boot script given: ${purpose} (${request.remoteAddress})`,
    },
  ]);
  await commit(
    ctx,
    tx,
    loaded,
    {
      ...moved,
      events: [
        ...moved.events,
        event("NODE_PXE_REQUEST", `${request.platform ?? "unknown"} from ${request.remoteAddress}`),
        event("PERFORMING_PXE_BOOT", purpose),
      ],
    },
    columns,
  );
}
