/**
 * What is not wrong yet, and costs people days once it is: looked for whenever a machine is commissioned. A table of rules beside those of what
 * is wrong now (diagnose.ts); they look at what is around a machine, whatever its status.
 */
import type { Preflight } from "../hardware/preflight.ts";
import type { Finding } from "./case.ts";
import { span } from "./seen.ts";

/** What is around a machine, as its newest commissioning and our own records have it. */
export interface Surroundings {
  /** null: it was not commissioned, or by a program that measures nothing. */
  preflight: Preflight | null;
  /** Its cards. Speeds in Mbit/s; 0: nobody knows. */
  links: readonly { name: string; linkConnected: boolean; linkSpeed: number; interfaceSpeed: number }[];
  /** Whether our DHCP serves a network of its interfaces; null: nobody knows. */
  dhcpServed: boolean | null;
  /** DHCP servers that are not ours on the VLANs of its interfaces. */
  foreignDhcp: readonly string[];
  hardwareUuid: string | null;
  /** Other machines that reported the same UUID when they were commissioned last. */
  sameUuid: readonly string[];
  /** The same with a MAC address of its cards. */
  sameMac: readonly { hostname: string; mac: string }[];
}

export interface Warning {
  code: string;
  find: (s: Surroundings) => Omit<Finding, "code"> | undefined;
}

const warning = (code: string, find: Warning["find"]): Warning => ({ code, find });

/** Programs that check certificates, or compare times with others, begin to fail. */
const SKEW_SECONDS = 30;
/** The clock of the mainboard drifts by seconds a day. */
const HARDWARE_SKEW_SECONDS = 300;
/** Local time is whole quarters of an hour away from UTC, and 14 hours at most. */
const QUARTER_SECONDS = 900;
const MOST_ZONES_SECONDS = 14 * 3600;

const skewed = (s: number): string => `${span(Math.abs(s))} ${s < 0 ? "behind" : "ahead"}`;

export const warnings: readonly Warning[] = [
  warning("foreign_dhcp_on_segment", ({ foreignDhcp, dhcpServed }) => {
    // Where we serve no DHCP, somebody else is meant to.
    if (foreignDhcp.length === 0 || dhcpServed !== true) return undefined;
    return {
      summary: `Beside ours another DHCP server answers on the machine's network: ${foreignDhcp.join(", ")}.`,
      expected: "One DHCP server on a network that machines start from.",
      checks: [
        "What host has that address: on which switch port its MAC address is learnt.",
        "Routers, virtual machine hosts and containers that bring a DHCP server along: switch it off on this VLAN.",
        "DHCP snooping on the switch.",
      ],
    };
  }),
  warning("duplicate_uuid", ({ hardwareUuid, sameUuid }) => {
    if (hardwareUuid === null || sameUuid.length === 0) return undefined;
    return {
      summary: `Its hardware UUID ${hardwareUuid} is that of ${sameUuid.join(", ")} too, so that it names neither.`,
      expected: "Each machine has a UUID of its own.",
      checks: [
        "The UUID in the firmware's SMBIOS data: vendors' tools set it, and some boards leave the factory with one for all.",
        "Cloned virtual machines.",
      ],
    };
  }),
  warning("mac_of_another", ({ sameMac }) => {
    const [first] = sameMac;
    if (!first) return undefined;
    const all = sameMac.map(({ mac, hostname }) => `${mac} (${hostname})`).join(", ");
    return {
      summary: `Another machine had a card with the same MAC address when it was commissioned last: ${all}.`,
      expected: "Each network card has an address of its own, and is in one machine.",
      checks: [
        `Whether the card was moved: then commission ${first.hostname} again.`,
        "Cloned virtual machines, or cards whose address was set by hand.",
        "On which switch ports that MAC address is learnt.",
      ],
    };
  }),
  warning("region_address_unreachable", ({ preflight }) => {
    const missed = preflight?.region.filter(({ reached }) => !reached) ?? [];
    if (missed.length === 0) return undefined;
    return {
      summary: `The machine does not reach the region at ${missed.map(({ address }) => address).join(", ")}.`,
      expected: "Every address that the region's name stands for answers, since any may be chosen.",
      checks: [
        "Routing and firewall between the machine's network and that address.",
        "The DNS records of the region's name: addresses of interfaces that machines do not see do not belong there.",
      ],
    };
  }),
  warning("region_name_unknown", ({ preflight }) => {
    const [trouble] = preflight?.troubles ?? [];
    if (trouble === undefined) return undefined;
    return {
      summary: `The machine cannot find the region by its name: ${trouble}.`,
      expected: "The name in the region's URL has an address wherever machines ask.",
      checks: [
        "The name servers of the machine's subnet, and whether they know that name.",
        "The region's URL (maas_url): an address needs no name server.",
      ],
    };
  }),
  warning("dns_silent", ({ preflight }) => {
    const silent = preflight?.nameServers.filter(({ answers }) => !answers) ?? [];
    if (silent.length === 0) return undefined;
    const others = (preflight?.nameServers.length ?? 0) > silent.length ? "; others do" : "";
    return {
      summary: `A name server that the machine was told of does not answer: ${silent.map(({ address }) => address).join(", ")}${others}.`,
      expected: "Every name server that machines are told of answers them.",
      checks: [
        "dns_servers of the subnet, and upstream_dns in the settings.",
        "Firewalls between the machine's network and the name server (UDP and TCP port 53).",
        "Which networks the name server answers to.",
      ],
    };
  }),
  warning("mtu_mismatch", ({ preflight }) => {
    const path = preflight?.path;
    if (!path || path.passes === 0 || path.passes >= path.mtu) return undefined;
    return {
      summary: `Packets of more than ${path.passes} bytes do not get through from ${path.interface} to ${path.target}, though its MTU is ${path.mtu}.`,
      expected: `Packets of ${path.mtu} bytes get through, or the MTU is the smallest of all that are on the way.`,
      checks: [
        "The MTU of the VLAN, of DHCP's option interface-mtu, and of every switch port and tunnel on the way.",
        "Firewalls that drop ICMP: without it nobody learns of a smaller MTU.",
      ],
    };
  }),
  warning("clock_skew", ({ preflight }) => {
    const off = preflight?.clockOffsetSeconds;
    if (off === undefined || Math.abs(off) <= SKEW_SECONDS) return undefined;
    return {
      summary: `The machine's clock is ${skewed(off)} of the controller's.`,
      expected: `Clocks agree within ${SKEW_SECONDS} seconds.`,
      checks: [
        "That the machine reaches a time server (ntp_servers).",
        "Date and time in the machine's firmware, and its battery.",
        "The controller's own clock.",
      ],
    };
  }),
  warning("hardware_clock_skew", ({ preflight }) => {
    const off = preflight?.hardwareClockOffsetSeconds;
    if (off === undefined || Math.abs(off) <= HARDWARE_SKEW_SECONDS) return undefined;
    const rest = Math.abs(off) % QUARTER_SECONDS;
    const nearZone = Math.min(rest, QUARTER_SECONDS - rest) <= SKEW_SECONDS;
    const isLocal = nearZone && Math.abs(off) <= MOST_ZONES_SECONDS + SKEW_SECONDS;
    return {
      summary: `The clock of the machine's mainboard is ${skewed(off)}${isLocal ? ": it seems to hold local time" : ""}.`,
      expected: "It holds UTC: what starts begins with that time, before any time server is reached.",
      checks: ["Date and time in the machine's firmware: set them to UTC.", "The battery of the mainboard."],
    };
  }),
  warning("link_slow", ({ links }) => {
    const slow = links.filter((l) => l.linkConnected && l.linkSpeed > 0 && l.linkSpeed < l.interfaceSpeed);
    if (slow.length === 0) return undefined;
    const words = slow.map((l) => `${l.name} at ${l.linkSpeed} Mbit/s, and it can do ${l.interfaceSpeed}`);
    return {
      summary: `A link is slower than its network card: ${words.join("; ")}.`,
      expected: "A link runs as fast as both of its ends can.",
      checks: [
        "Cable or transceiver: a broken pair of wires is enough.",
        "Speed and auto-negotiation of the switch port.",
      ],
    };
  }),
];

/** All that fits. */
export function warn(s: Surroundings): Finding[] {
  return warnings.flatMap(({ code, find }) => {
    const found = find(s);
    return found ? [{ code, ...found }] : [];
  });
}
