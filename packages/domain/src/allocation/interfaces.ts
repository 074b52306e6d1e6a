/** Interfaces that a machine must have to be allocated: `label:key=value,key=value;label2:...` (lifecycle.md section 9.3). Pure. */
import { inCidr, parseCidr, parseIp } from "../addressing/ip.ts";
import { refuseTwice } from "./storage.ts";

export interface InterfaceWant {
  label: string;
  /** All must hold. */
  terms: readonly { key: InterfaceKey; negated: boolean; value: string }[];
}

export interface InterfaceItem {
  id: number;
  name: string;
  type: string;
  hostname: string;
  tags: readonly string[];
  linkSpeed: number;
  /** null: on none. */
  vlan: {
    id: number;
    vid: number;
    name: string | null;
    fabricId: number;
    fabric: string;
    fabricClass: string | null;
    spaceId: number | null;
    space: string | null;
  } | null;
  links: readonly {
    /** false: no more than that the interface is up. */
    configured: boolean;
    ip: string | null;
    subnet: { id: number; name: string; cidr: string; spaceId: number | null; space: string | null } | null;
  }[];
}

function holds(cidr: string, address: string): boolean {
  const [network, ip] = [parseCidr(cidr), parseIp(address)];
  return network !== undefined && ip !== undefined && inCidr(ip, network);
}

type Matches = (nic: InterfaceItem, value: string) => boolean;

const byVlan =
  (is: (vlan: NonNullable<InterfaceItem["vlan"]>, value: string) => boolean): Matches =>
  ({ vlan }, value) =>
    vlan !== null && is(vlan, value);
const bySubnet =
  (is: (subnet: { id: number; name: string; cidr: string }, value: string) => boolean): Matches =>
  ({ links }, value) =>
    links.some(({ subnet }) => subnet !== null && is(subnet, value));

/** By name or id, or `undefined`, as VLANs without one are shown, with the id -1. */
function inSpace(place: { spaceId: number | null; space: string | null }, value: string): boolean {
  if (place.spaceId === null) return value === "undefined" || value === "-1";
  return place.space === value || String(place.spaceId) === value;
}

const keys = {
  id: (nic, value) => String(nic.id) === value,
  name: (nic, value) => nic.name === value,
  hostname: (nic, value) => nic.hostname === value,
  type: (nic, value) => nic.type === value,
  tag: (nic, value) => nic.tags.includes(value),
  link_speed: (nic, value) => nic.linkSpeed >= Number(value),
  mode: (nic) => nic.links.every(({ configured }) => !configured),
  ip: ({ links }, value) =>
    links.some(({ ip, subnet }) => ip === value || (subnet !== null && holds(subnet.cidr, value))),
  vlan: byVlan(({ id, name }, value) => String(id) === value || name === value),
  vid: byVlan(({ vid }, value) => String(vid) === value),
  fabric: byVlan(({ fabricId, fabric }, value) => fabric === value || String(fabricId) === value),
  fabric_class: byVlan(({ fabricClass }, value) => fabricClass === value),
  space: ({ vlan, links }, value) =>
    [vlan, ...links.map(({ subnet }) => subnet)].some((place) => place !== null && inSpace(place, value)),
  subnet: bySubnet(({ id, name, cidr }, value) => String(id) === value || name === value || cidr === value),
  subnet_cidr: bySubnet(({ cidr }, value) => cidr === value),
} as const satisfies Record<string, Matches>;

export type InterfaceKey = keyof typeof keys;

/** @throws RangeError saying what is wrong, in words for the caller */
export function parseInterfaces(text: string): InterfaceWant[] {
  const entries = text
    .split(";")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
  const wants = entries.map((entry) => {
    const match = /^([\w-]+):(.+)$/s.exec(entry);
    if (!match) throw new RangeError(`"${entry}" is no interface: use LABEL:KEY=VALUE,KEY=VALUE.`);
    return { label: match[1] ?? "", terms: (match[2] ?? "").split(",").map(parseTerm) };
  });
  refuseTwice(wants.map(({ label }) => label));
  return wants;
}

function parseTerm(text: string): InterfaceWant["terms"][number] {
  const [word = "", value = ""] = text.split(/=(.*)/s).map((part) => part.trim());
  const negated = word.startsWith("not_");
  const key = negated ? word.slice(4) : word;
  if (!Object.hasOwn(keys, key) || value === "")
    throw new RangeError(`"${text}" says nothing of an interface: use KEY=VALUE with ${Object.keys(keys).join(", ")}.`);
  if (key === "mode" && value !== "unconfigured")
    throw new RangeError(`mode is unconfigured or nothing, not "${value}".`);
  if (key === "ip" && !parseIp(value)) throw new RangeError(`ip is an address, not "${value}".`);
  if (key === "link_speed" && !/^\d{1,9}$/.test(value))
    throw new RangeError(`link_speed is in Mbit/s, not "${value}".`);
  return { key: key as InterfaceKey, negated, value };
}

/** All interfaces that each want is met by, in the order of the wants; undefined when one is met by none. */
export function matchInterfaces(
  wants: readonly InterfaceWant[],
  nics: readonly InterfaceItem[],
): InterfaceItem[][] | undefined {
  const found = wants.map(({ terms }) =>
    nics.filter((nic) => terms.every(({ key, negated, value }) => keys[key](nic, value) !== negated)),
  );
  return found.every((each) => each.length > 0) ? found : undefined;
}

/** The subnet of an interface that meets what is wanted, by which one beside it on the same network meets it too; null: it has none. */
export function subnetFor(want: InterfaceWant, nic: InterfaceItem): number | null {
  const links = nic.links.filter(({ subnet }) => subnet !== null);
  return links.find((link) => matchInterfaces([want], [{ ...nic, links: [link] }]))?.subnet?.id ?? null;
}
