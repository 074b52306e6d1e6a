import type { ImageManifest } from "../manifest.ts";
import type { Site } from "./controller.ts";
import { controllerAddress, controllerUrl } from "./room.ts";

/** Console for the test to read, and what makes a boot under emulation quicker. */
const forTrials = ["console=tty0 console=ttyS0 quiet mitigations=off systemd.show_status=0"];

/** Kernel arguments as images/README.md asks for them. */
export function kernelArguments(squashfsSha256: string): string {
  return [
    `netroot=${controllerUrl}/squashfs`,
    `netroot_sha256=${squashfsSha256}`,
    "BOOTIF=01-${netX/mac:hexhyp}",
    "cc:{'datasource_list': ['MAAS']}end_cc",
    `cloud-config-url=${controllerUrl}/MAAS/preseed`,
    ...forTrials,
  ].join(" ");
}

/** The line that machines get which boot the images of upstream's stream; ours understand it too. */
export function upstreamKernelArguments(): string {
  return [
    `nomodeset root=squash:${controllerUrl}/squashfs ip=::::trial:BOOTIF ip6=off cc:{'datasource_list': ['MAAS']}end_cc`,
    `cloud-config-url=${controllerUrl}/MAAS/preseed ro overlayroot=tmpfs overlayroot_cfgdisk=disabled`,
    `log_host=${controllerAddress} log_port=5247`,
    ...forTrials,
    "BOOTIF=01-${mac}",
  ].join(" ");
}

/** An iPXE script; QEMU's ROM, which is iPXE for BIOS and UEFI alike, follows it directly. */
export function ipxeScript(args: string): string {
  return `#!ipxe
kernel ${controllerUrl}/boot-kernel initrd=initrd ${args}
initrd --name initrd ${controllerUrl}/boot-initrd
boot
`;
}

/** What cloud-init reads first; the module lists leave out what an ephemeral system does not need. */
const preseed = `#cloud-config
datasource:
  MAAS: {consumer_key: K, token_key: T, token_secret: S, metadata_url: "${controllerUrl}/MAAS/metadata/", max_wait: 30, timeout: 10}
cloud_init_modules: [write-files, set_hostname, update_etc_hosts, users-groups, ssh]
cloud_config_modules: []
cloud_final_modules: [scripts-user, final-message]
`;

/** A site that boots `image` and runs the shell script `userData` in it. */
export function siteFor(image: ImageManifest, userData: string, ipxe?: string): Site {
  const files = Object.fromEntries(image.files.map((file) => [`/${file.filename}`, file.path]));
  const loaders = Object.fromEntries(image.bootloaders.map((loader) => [`/${loader.name}`, loader.path]));
  const squashfs = image.files.find((file) => file.filetype === "squashfs");
  const metadata = "/MAAS/metadata/2012-03-01";
  return {
    files: { ...files, ...loaders },
    texts: {
      "/ipxe": ipxe ?? ipxeScript(kernelArguments(squashfs?.sha256 ?? "")),
      "/MAAS/preseed": preseed,
      [`${metadata}/meta-data/instance-id`]: "trial",
      [`${metadata}/meta-data/local-hostname`]: "trial",
      [`${metadata}/user-data`]: userData,
    },
  };
}
