/** iPXE scripts, one per machine and boot. What goes into them is checked here: a script is no place for somebody else's words. */

export interface BootFileRef {
  sha256: string;
}

export interface EphemeralBoot {
  /** What the machine reaches its rack by: http://10.0.0.1:5248 */
  rackUrl: string;
  kernel: BootFileRef;
  initrd: BootFileRef;
  squashfs: BootFileRef;
  /** Of the interface that boots, lower case with colons. */
  mac: string;
  /** Where cloud-init finds its datasource; carries the boot secret. null: the machine is to switch itself off. */
  preseedUrl: string | null;
  /** Where the initrd says why it cannot go on; carries the boot secret too. null: nowhere. */
  reportUrl: string | null;
  /** Arguments for this boot only. */
  ephemeralOptions: readonly string[];
  /** Arguments that an installed system keeps: they stand after `---`. */
  persistentOptions: readonly string[];
}

/** Characters of kernel arguments that iPXE, shell or loader would take for their own are refused, not escaped. */
const SAFE_ARGUMENT = /^[\w.,:;=+@%/?&~'()[\]{}*!#^-]+$/;

/** Words that end a command of iPXE, or begin a comment; `---` parts the arguments that an installed system keeps from the others. */
const OWN_MEANING = /^(#.*|;|&&|-{2,})$/;

function isSafe(argument: string): boolean {
  return SAFE_ARGUMENT.test(argument) && !argument.includes("${") && !OWN_MEANING.test(argument);
}

/** @throws Error for an argument that could end the line or expand something */
function checked(argument: string): string {
  if (!isSafe(argument))
    throw new Error(`kernel argument ${JSON.stringify(argument)} has characters that a boot script cannot carry`);
  return argument;
}

/** Kernel options as configured, split into arguments; the unsafe ones are named, not passed on. */
export function splitOptions(text: string): { options: string[]; refused: string[] } {
  const words = text.split(/\s+/).filter((word) => word !== "");
  return { options: words.filter(isSafe), refused: words.filter((word) => !isSafe(word)) };
}

/** Arguments of the ephemeral system's kernel (images/README.md says what each does). */
export function kernelArguments(boot: EphemeralBoot): string[] {
  const fixed = [
    `netroot=${boot.rackUrl}/images/${boot.squashfs.sha256}/squashfs`,
    `netroot_sha256=${boot.squashfs.sha256}`,
    `BOOTIF=01-${boot.mac.replaceAll(":", "-")}`,
    boot.preseedUrl === null ? "systemd.unit=poweroff.target" : `cloud-config-url=${boot.preseedUrl}`,
    ...(boot.reportUrl === null ? [] : [`netroot_report=${boot.reportUrl}`]),
    // A machine that cannot fetch its root tries again from the firmware on, instead of waiting for a keyboard.
    "panic=60",
    ...boot.ephemeralOptions,
  ].map(checked);
  // The datasource list has blanks in it, and is ours.
  if (boot.preseedUrl !== null) fixed.splice(3, 0, "cc:{'datasource_list': ['MAAS']}end_cc");
  const kept = boot.persistentOptions.map(checked);
  return kept.length > 0 ? [...fixed, "---", ...kept] : fixed;
}

export function ephemeralScript(boot: EphemeralBoot, title: string): string {
  const image = (file: BootFileRef, name: string) => checked(`${boot.rackUrl}/images/${file.sha256}/${name}`);
  return `#!ipxe
echo Rackwright: ${words(title)}
kernel ${image(boot.kernel, "boot-kernel")} initrd=initrd ${kernelArguments(boot).join(" ")} || goto failed
initrd --name initrd ${image(boot.initrd, "boot-initrd")} || goto failed
boot || goto failed
:failed
echo Rackwright: kernel or initrd could not be loaded; trying again in 10 seconds
sleep 10
reboot
`;
}

/** Start from the machine's own disk: BIOS goes on to the next boot device, UEFI chains a loader that finds the disk's own. */
export function localScript(rackUrl: string, title: string): string {
  return `#!ipxe
echo Rackwright: ${words(title)}
iseq \${platform} efi && goto efi ||
exit
:efi
chain ${checked(rackUrl)}/bootloaders/localboot.efi || exit 1
`;
}

/** Say why there is nothing to boot, wait, and ask again from the firmware on. */
export function refusalScript(reason: string): string {
  return `#!ipxe
echo Rackwright: ${words(reason)}
sleep 30
reboot
`;
}

/** Words for the console: letters, digits and plain marks. */
function words(text: string): string {
  return text.replace(/[^\w .,:()/'-]/g, "?").slice(0, 200);
}
