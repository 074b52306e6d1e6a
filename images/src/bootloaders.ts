import { copyFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run, type RunOptions } from "./run.ts";

/** Of package ipxe: the whole loader for UEFI, and two that drive the card through the firmware (UEFI, BIOS). */
const ipxeFiles = ["ipxe.efi", "snponly.efi", "undionly.kpxe"];

/** Where installed systems put their loader on an EFI system partition; the removable path, which ours uses, first. */
const diskLoaders = [
  "/efi/boot/bootx64.efi",
  "/efi/debian/shimx64.efi",
  "/efi/debian/grubx64.efi",
  "/efi/ubuntu/shimx64.efi",
  "/efi/ubuntu/grubx64.efi",
  "/efi/microsoft/boot/bootmgfw.efi",
  "/efi/centos/shimx64.efi",
  "/efi/redhat/shimx64.efi",
  "/efi/rocky/shimx64.efi",
  "/efi/almalinux/shimx64.efi",
  "/efi/fedora/shimx64.efi",
  "/efi/sles/shim.efi",
  "/efi/opensuse/shim.efi",
  "/efi/vmware/safeboot64.efi",
];

/**
 * GRUB script of localboot.efi. UEFI firmware that netbooted does not go on to the disk when iPXE exits, and this iPXE's
 * sanboot knows no UEFI disks, so the disk's own loader is chained. An embedded script is read by GRUB's rescue parser,
 * which has no `if`: a line that fails is reported and the next one tried, so a loader that is absent costs three messages.
 */
export function localbootScript(loaders: readonly string[] = diskLoaders): string {
  const tries = loaders.map((path) => `search.file ${path} root\nchainloader ($root)${path}\nboot`);
  return [...tries, "echo localboot: no boot loader found on any EFI system partition", "sleep 10", "exit", ""].join(
    "\n",
  );
}

const grubModules = [
  "part_gpt",
  "part_msdos",
  "fat",
  "chain",
  "search",
  "search_fs_file",
  "boot",
  "echo",
  "sleep",
  "minicmd",
];

/** Put the boot loaders that a rack serves into `dir`; their file names. */
export async function collectBootloaders(dir: string, options: RunOptions): Promise<string[]> {
  await mkdir(dir, { recursive: true });
  for (const name of ipxeFiles) await copyFile(join("/usr/lib/ipxe", name), join(dir, name));
  const script = join(dir, "localboot.cfg");
  await writeFile(script, localbootScript());
  const target = join(dir, "localboot.efi");
  await run("grub-mkimage", ["-O", "x86_64-efi", "-o", target, "-p", "/", "-c", script, ...grubModules], options);
  return [...ipxeFiles, "localboot.efi"];
}
