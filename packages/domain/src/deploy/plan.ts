import type { Netplan } from "../network/netplan.ts";
import { renderCurtinStorage } from "../storage/curtin.ts";
import type { CurtinStorage } from "../storage/curtin-items.ts";
import { mainArchitecture, type StorageModel } from "../storage/model.ts";
import { cloudInitFiles, type InstalledFile, type NodeToken } from "./cloud-init.ts";

/** Where the root filesystem comes from. `uri` is `http://...` (the squashfs) or `cp:///directory` (a mounted copy of it). */
export interface DeploySource {
  readonly type: "squashfs";
  readonly uri: string;
  readonly sha256: string;
  readonly sizeBytes: number;
  /** Makes the percentage of unpacking known. */
  readonly unpackedSizeBytes?: number;
}

/**
 * All that `machine/installer` needs to install one machine. It holds the machine's token: it travels as user-data that only the machine may fetch
 * and is kept readable by root only.
 */
export interface DeployPlan {
  readonly version: 1;
  readonly systemId: string;
  readonly hostname: string;
  readonly fqdn: string;
  readonly architecture: string;
  readonly storage: CurtinStorage;
  /** Sizes of the disks in `storage`, by item id: the installer refuses a disk that is not the one that was commissioned. */
  readonly disks: Readonly<Record<string, { readonly sizeBytes: number; readonly blockSizeBytes: number }>>;
  readonly network: Netplan;
  readonly source: DeploySource;
  readonly bootloader: { readonly method: "bios" | "uefi"; readonly removable: true };
  readonly kernel: { readonly options: readonly string[]; readonly keepBootOptions: boolean };
  readonly cloudInit: { readonly files: readonly InstalledFile[] };
  readonly reporting: NodeToken & { readonly endpoint: string };
  readonly netbootOff: { readonly url: string };
  readonly lateCommands: readonly (readonly string[])[];
  readonly powerAction: "reboot" | "none";
}

export interface DeployPlanInput {
  readonly systemId: string;
  readonly hostname: string;
  readonly domain: string;
  readonly architecture: string;
  readonly biosBootMethod: string;
  readonly storage: StorageModel;
  readonly network: Netplan;
  readonly source: DeploySource;
  readonly token: NodeToken;
  /** What the installed system asks: `.../MAAS/metadata/`, not `curtin/`. */
  readonly metadataUrl: string;
  /** `.../metadata/status/<system_id>`. */
  readonly statusUrl: string;
  /** Gets `op=netboot_off` by POST once the disk can be started. */
  readonly netbootOffUrl: string;
  /** More files of the installed system. */
  readonly files?: readonly InstalledFile[];
  readonly kernelOptions?: readonly string[];
  readonly lateCommands?: readonly (readonly string[])[];
  readonly powerAction?: "reboot" | "none";
}

/** The install plan of one machine. Equal input gives equal text. What it asks for in vain is listed by `planProblems`. */
export function renderDeployPlan(input: DeployPlanInput): DeployPlan {
  const storage = renderCurtinStorage(input.storage);
  const sizes = storage.config.flatMap((item) => {
    const disk = item.type === "disk" && input.storage.devices.find((candidate) => candidate.name === item.id);
    return disk ? [[disk.name, { sizeBytes: disk.sizeBytes, blockSizeBytes: disk.blockSizeBytes }] as const] : [];
  });
  return {
    version: 1,
    systemId: input.systemId,
    hostname: input.hostname,
    fqdn: input.domain === "" ? input.hostname : `${input.hostname}.${input.domain}`,
    architecture: mainArchitecture(input.architecture),
    storage,
    disks: Object.fromEntries(sizes),
    network: input.network,
    source: input.source,
    bootloader: { method: input.biosBootMethod === "uefi" ? "uefi" : "bios", removable: true },
    kernel: { options: input.kernelOptions ?? [], keepBootOptions: true },
    cloudInit: {
      files: [...cloudInitFiles(input.token, input.metadataUrl, input.statusUrl), ...(input.files ?? [])],
    },
    reporting: { endpoint: input.statusUrl, ...input.token },
    netbootOff: { url: input.netbootOffUrl },
    lateCommands: input.lateCommands ?? [],
    powerAction: input.powerAction ?? "reboot",
  };
}
