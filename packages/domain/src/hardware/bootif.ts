/** The address of the card that a kernel command line says it was loaded by: `BOOTIF=01-<mac>` (PXELINUX), with - or :. */
export function bootifMac(cmdline: string): string | undefined {
  const found = /(?:^|\s)BOOTIF=[0-9a-f]{2}[-:]([0-9a-f]{2}(?:[-:][0-9a-f]{2}){5})(?=\s|$)/i.exec(cmdline);
  return found?.[1]?.toLowerCase().replaceAll("-", ":");
}
