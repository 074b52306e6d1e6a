/** Routers and switches that a machine's neighbours' list names, as `lldpctl -f xml` prints it. */

import { cleanText } from "./read.ts";

/** Of one chassis, its first id: `<id label="ChassisID" type="mac">`. */
const CHASSIS = /<chassis\b[^>]*>\s*<id\b[^>]*\btype="mac"[^>]*>\s*([0-9a-f]{2}(?:[:-][0-9a-f]{2}){5})\s*<\/id>/gi;
/** A machine has a handful of ports. */
const MOST = 256;

/** MAC addresses, each once, in small letters; none of what is no such list. */
export function lldpRouters(xml: string): string[] {
  const macs = [...xml.matchAll(CHASSIS)].map((match) => (match[1] ?? "").toLowerCase().replaceAll("-", ":"));
  return [...new Set(macs)].slice(0, MOST);
}

/** Where a card is plugged in. */
export interface SwitchPort {
  /** Chassis id: a MAC address, or what else the switch calls itself by. */
  switch: string;
  /** Its name, where it has one. */
  name?: string;
  port: string;
}

const INTERFACE = /<interface\b[^>]*\bname="([\w.:-]{1,15})"[^>]*>([\s\S]*?)<\/interface>/gi;

/** By name of our interface; of several neighbours of one the first. */
export function lldpPorts(xml: string): Map<string, SwitchPort> {
  const found = new Map<string, SwitchPort>();
  for (const [, name = "", body = ""] of xml.matchAll(INTERFACE)) {
    const chassis = /<chassis\b[^>]*>([\s\S]*?)<\/chassis>/i.exec(body)?.[1] ?? "";
    const port = /<port\b[^>]*>([\s\S]*?)<\/port>/i.exec(body)?.[1] ?? "";
    const [id, portId, title] = [textOf(chassis, "id"), textOf(port, "id"), textOf(chassis, "name")];
    if (id === "" || portId === "" || found.has(name) || found.size >= MOST) continue;
    found.set(name, { switch: id.toLowerCase(), port: portId, ...(title === "" ? {} : { name: title }) });
  }
  return found;
}

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function textOf(xml: string, element: string): string {
  const found = new RegExp(`<${element}\\b[^>]*>([^<]{0,255})</${element}>`, "i").exec(xml)?.[1] ?? "";
  return cleanText(found.replace(/&(amp|lt|gt|quot|apos);/g, (_, name: string) => entities[name] ?? ""));
}
