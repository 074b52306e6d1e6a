/**
 * Which first file a booting machine gets, by what it says of itself (processor architecture: option 93, RFC 4578 and the IANA registry
 * "Processor Architecture Types"). The names are those that `disabled_boot_architectures` of a subnet takes.
 */
export interface BootMethod {
  name: string;
  /** A Kea class expression over the request alone. Exactly one method matches a booting machine. */
  test: string;
  /** `tftp`: a file name on the next server; `http`: a path on the rack's boot port. */
  by: "tftp" | "http";
  file: string;
  /** UEFI HTTP boot ignores an offer that does not repeat this in option 60 (UEFI 2.10, section 24.7). */
  vendorClass?: string;
  /** Option 210 (RFC 5071): where pxelinux-like loaders look for their configuration. */
  pathPrefix?: string;
}

const ARCH = "substring(option[93].hex,0,2)";
/** In user class (raw, or RFC 3004 with a length octet first), or its own encapsulated options (175). */
const IPXE = "(option[77].hex == 'iPXE' or substring(option[77].hex,1,4) == 'iPXE' or option[175].exists)";
const HTTP_CLIENT = "substring(option[60].hex,0,10) == 'HTTPClient'";
const PXE_CLIENT = "substring(option[60].hex,0,9) == 'PXEClient'";

const arch = (...codes: string[]) => `(${codes.map((code) => `${ARCH} == ${code}`).join(" or ")})`;
const tftpArch = (...codes: string[]) => `${arch(...codes)} and not ${IPXE}`;
const httpArch = (code: string) => `${HTTP_CLIENT} and ${arch(code)} and not ${IPXE}`;

const chosenByArch = ["0x0007", "0x0009", "0x000b", "0x000c", "0x000e", "0x0010", "0x0013", "0x001f", "0x0020"];

/** What is offered unless a rack is given another table. */
export const bootMethods: readonly BootMethod[] = [
  { name: "ipxe", test: IPXE, by: "http", file: "ipxe.cfg" },
  // BIOS, and every PXE ROM that gives no architecture or one we do not know: MAAS falls back to this row too.
  {
    name: "pxe",
    test: `(${arch("0x0000")} or (${PXE_CLIENT} and not ${arch(...chosenByArch)})) and not ${IPXE}`,
    by: "tftp",
    file: "undionly.kpxe",
  },
  { name: "uefi_amd64_tftp", test: tftpArch("0x0007"), by: "tftp", file: "ipxe.efi" },
  { name: "uefi_amd64_http", test: httpArch("0x0010"), by: "http", file: "ipxe.efi", vendorClass: "HTTPClient" },
  { name: "uefi_ebc_tftp", test: tftpArch("0x0009"), by: "tftp", file: "ipxe.efi" },
  { name: "uefi_arm64_tftp", test: tftpArch("0x000b"), by: "tftp", file: "bootaa64.efi" },
  { name: "uefi_arm64_http", test: httpArch("0x0013"), by: "http", file: "bootaa64.efi", vendorClass: "HTTPClient" },
  { name: "open-firmware_ppc64el", test: tftpArch("0x000c"), by: "tftp", file: "bootppc64.bin" },
  { name: "powernv", test: tftpArch("0x000e"), by: "tftp", file: "pxelinux.0", pathPrefix: "ppc64el/" },
  { name: "s390x", test: tftpArch("0x001f"), by: "tftp", file: "boots390x.bin", pathPrefix: "s390x/" },
  { name: "s390x_partition", test: tftpArch("0x0020"), by: "tftp", file: "s390x_partition/maas" },
];

/** By the IANA registry's number of the architecture. */
const byArchitecture: Readonly<Record<number, string>> = {
  0x00: "pxe",
  0x07: "uefi_amd64_tftp",
  0x09: "uefi_ebc_tftp",
  0x0b: "uefi_arm64_tftp",
  0x0c: "open-firmware_ppc64el",
  0x0e: "powernv",
  0x10: "uefi_amd64_http",
  0x13: "uefi_arm64_http",
  0x1f: "s390x",
  0x20: "s390x_partition",
};
/** `windows` is a method of MAAS's that is not offered here anyway. */
export const bootMethodNames: readonly string[] = [...bootMethods.map(({ name }) => name), "windows"];

/** The name of a boot method that is called by it, by the number of its architecture (0x07), or as ISC dhcpd writes that (00:07). */
export function bootMethodNamed(word: string): string | undefined {
  if (bootMethodNames.includes(word)) return word;
  const digits = /^(?:0x|00:)([0-9a-f]{1,4})$/i.exec(word)?.[1];
  return digits === undefined ? undefined : byArchitecture[Number.parseInt(digits, 16)];
}

/** The class that answers one boot method with the rack's address in one subnet. */
export const bootClassName = (method: string, address: string): string => `${method}@${address}`;

/** What a subnet asks Kea to evaluate (`require-client-classes`): the classes of its next server, without the disabled methods. */
export function requiredBootClasses(
  nextServer: string,
  disabled: readonly string[] = [],
  table: readonly BootMethod[] = bootMethods,
): string[] {
  return table.filter(({ name }) => !disabled.includes(name)).map(({ name }) => bootClassName(name, nextServer));
}

/** The inverse of `requiredBootClasses`, for comparing what a database holds. */
export function disabledBootMethods(required: readonly string[], table: readonly BootMethod[] = bootMethods): string[] {
  const offered = new Set(required.map((name) => name.slice(0, name.indexOf("@"))));
  return table.map(({ name }) => name).filter((name) => !offered.has(name));
}
