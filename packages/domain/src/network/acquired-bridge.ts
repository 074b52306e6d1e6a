/** Names of bridges that are put over the interfaces of a machine for its user (reference: networking-storage.md section 3). */

/** Linux's IFNAMSIZ, without the closing NUL. */
const MAX_NAME = 15;

export function acquiredBridgeName(nic: string): string {
  const full = `br-${nic}`;
  if (full.length <= MAX_NAME) return full;
  const short = `b-${nic.replace(/^en/, "")}`;
  if (short.length <= MAX_NAME) return short;
  return `b-${crc32(nic).toString(16).padStart(8, "0").slice(-6)}-${nic.slice(-6)}`;
}

/** ISO 3309, reflected, as zlib's. */
function crc32(text: string): number {
  let crc = 0xffff_ffff;
  for (const byte of new TextEncoder().encode(text)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb8_8320 : 0);
  }
  return (crc ^ 0xffff_ffff) >>> 0;
}
