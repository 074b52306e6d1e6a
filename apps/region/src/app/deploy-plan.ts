/** What a machine is to become, gathered from the database and rendered for the installer. */
import type { Tx } from "@rackwright/db/connect";
import { nodeFacts } from "@rackwright/db/deploy-facts";
import { bootImage } from "@rackwright/db/images";
import { loadStorageModel } from "@rackwright/db/storage";
import { type DeployPlan, renderDeployPlan } from "@rackwright/domain/deploy/plan";
import { HARDWARE_SYNC_TIMER, hardwareSyncFiles } from "@rackwright/domain/deploy/hardware-sync";
import { renderMemoryHook } from "@rackwright/domain/deploy/memory";
import { planProblems } from "@rackwright/domain/deploy/problems";
import { DomainError } from "@rackwright/domain/errors";
import { allocatedStatuses, statusFromCode } from "@rackwright/domain/machine/status";
import type { MachineNetwork } from "@rackwright/domain/network/model";
import { renderNetplan } from "@rackwright/domain/network/netplan";
import { mainArchitecture, type StorageModel } from "@rackwright/domain/storage/model";
import type { Token } from "../auth/tokens.ts";
import type { Region } from "../context.ts";
import { chosenKernelOptions } from "./kernel-options.ts";
import { loadMachineNetwork } from "./machine-network.ts";

export interface PlannedMachine {
  systemId: string;
  hostname: string;
  domain: string;
  /** `amd64/generic` */
  architecture: string;
  /** `pxe` for a BIOS, `uefi` ... */
  biosBootMethod: string;
  osystem: string;
  distroSeries: string;
  /** null: the one that the image brings. */
  hweKernel: string | null;
  /** Seconds between reports of its hardware; null: none are wanted. */
  syncIntervalS: number | null;
  network: MachineNetwork;
  /** Of a machine that somebody holds: the holder's filesystems. */
  storage: StorageModel;
}

/** @throws DomainError not_found */
export async function machineForPlan(db: Region["db"]["kysely"] | Tx, machineId: number): Promise<PlannedMachine> {
  const node = await nodeFacts(db, machineId);
  if (!node) throw new DomainError("not_found", "The machine was deleted meanwhile.");
  const acquired = allocatedStatuses.includes(statusFromCode(node.status));
  return {
    systemId: node.systemId,
    hostname: node.hostname,
    domain: node.domain,
    architecture: node.architecture ?? "amd64/generic",
    biosBootMethod: node.biosBootMethod ?? "pxe",
    osystem: node.osystem,
    distroSeries: node.distroSeries,
    hweKernel: node.hweKernel,
    syncIntervalS: node.syncIntervalS,
    network: await loadMachineNetwork(db, machineId),
    storage: await loadStorageModel(db, machineId, { acquired }),
  };
}

/**
 * The install plan of a machine that is being deployed.
 * @param urls.rackUrl where the machine reaches its rack controller: `http://10.77.0.1:5248`
 * @throws DomainError when the image is gone or the plan cannot be carried out; the message says why
 */
export async function deployPlan(
  region: Pick<Region, "db">,
  machineId: number,
  urls: { rackUrl: string },
  token: Token,
): Promise<DeployPlan> {
  const db = region.db.kysely;
  const machine = await machineForPlan(db, machineId);
  const { systemId, hostname, osystem, distroSeries, hweKernel: kernel } = machine;
  const architecture = mainArchitecture(machine.architecture);
  const image = await bootImage(db, { osystem, release: distroSeries, architecture, purpose: "deploy", kernel });
  if (!image) {
    throw new DomainError(
      "bad_request",
      `Cannot install ${hostname}: there is no image of ${osystem}/${distroSeries} for ${architecture}${kernel === null ? "" : ` with the kernel ${kernel}`} any more. Import or upload it, then deploy again.`,
    );
  }
  const { sha256, sizeBytes } = image.squashfs;
  const rack = urls.rackUrl.replace(/\/+$/, "");
  const metadata = `${rack}/MAAS/metadata`;
  const options = await chosenKernelOptions(db, machineId);
  const plan = renderDeployPlan({
    ...machine,
    network: renderNetplan(machine.network),
    // The installer takes the image that it runs from, without a download, when that has this checksum.
    source: { type: "squashfs", uri: `${rack}/images/${sha256}/squashfs`, sha256, sizeBytes },
    token: { consumerKey: token.consumerKey, tokenKey: token.tokenKey, tokenSecret: token.tokenSecret },
    metadataUrl: `${metadata}/`,
    statusUrl: `${metadata}/status/${systemId}`,
    netbootOffUrl: `${metadata}/latest/by-id/${systemId}/`,
    files:
      machine.syncIntervalS === null ? [] : hardwareSyncFiles(token, `${rack}/MAAS`, systemId, machine.syncIntervalS),
    kernelOptions: options.split(/\s+/).filter((word) => word !== ""),
  });
  const problems = planProblems(plan);
  if (problems.length > 0) throw new DomainError("bad_request", `Cannot install ${hostname}: ${problems.join("; ")}.`);
  return plan;
}

/** What a machine whose system runs from memory is given at its boot, in place of an installation. @param urls as of `deployPlan` */
export async function memoryHook(
  region: Pick<Region, "db">,
  machineId: number,
  { rackUrl }: { rackUrl: string },
  token: Token,
): Promise<string> {
  const { systemId, network, syncIntervalS } = await machineForPlan(region.db.kysely, machineId);
  const syncs = syncIntervalS !== null;
  return renderMemoryHook({
    network: renderNetplan(network),
    files: syncs ? hardwareSyncFiles(token, `${rackUrl}/MAAS`, systemId, syncIntervalS) : [],
    start: syncs ? [HARDWARE_SYNC_TIMER] : [],
  });
}
