/** Routers and switches that a machine's neighbours' list names, as `lldpctl -f xml` prints it. */

/** Of one chassis, its first id: `<id label="ChassisID" type="mac">`. */
const CHASSIS = /<chassis\b[^>]*>\s*<id\b[^>]*\btype="mac"[^>]*>\s*([0-9a-f]{2}(?:[:-][0-9a-f]{2}){5})\s*<\/id>/gi;
/** A machine has a handful of ports. */
const MOST = 256;

/** MAC addresses, each once, in small letters; none of what is no such list. */
export function lldpRouters(xml: string): string[] {
  const macs = [...xml.matchAll(CHASSIS)].map((match) => (match[1] ?? "").toLowerCase().replaceAll("-", ":"));
  return [...new Set(macs)].slice(0, MOST);
}
