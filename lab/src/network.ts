/**
 * The rack's network, in a namespace of its own: nothing of it touches the host's. A bridge for the machines' segment and for each
 * further one that a machine has a card on, one tap per network card, and the BMCs' addresses on the loopback interface, where no subnet
 * is found by whoever looks for one.
 */
import { existsSync } from "node:fs";
import { run } from "./exec.ts";

/** Segment 0 is the one to serve. */
export const bridgeName = (segment: number): string => `br${segment}`;
/** Ours on a segment; 10.77.1.0/24 belongs to the BMCs. */
export const hostAddress = (segment: number): string => `10.77.${segment === 0 ? 0 : segment + 1}.1`;

export const BRIDGE = bridgeName(0);
export const HOST_ADDRESS = hostAddress(0);
export const CIDR = "10.77.0.0/24";
export const HOST_ADDRESS_6 = "fd77::1";

export const bmcAddress = (machine: number): string => `10.77.1.${11 + machine}`;
export const tapName = (machine: number, nic: number): string => `tap${machine}-${nic}`;

/** Input of `ip -batch` inside the namespace, for machines whose network cards are on these segments. */
export function networkBatch(segmentsOfMachines: readonly (readonly number[])[], ipv6: boolean): string {
  const segments = [...new Set([0, ...segmentsOfMachines.flat()])];
  const lines = [
    "link set lo up",
    ...segments.flatMap((segment) => [
      `link add ${bridgeName(segment)} type bridge`,
      // The default of 15 s of learning applies even without spanning tree, and would eat a machine's first DHCP tries.
      `link set ${bridgeName(segment)} type bridge forward_delay 0`,
      `addr add ${hostAddress(segment)}/24 dev ${bridgeName(segment)}`,
      ...(ipv6 && segment === 0 ? [`addr add ${HOST_ADDRESS_6}/64 dev ${BRIDGE} nodad`] : []),
      `link set ${bridgeName(segment)} up`,
    ]),
    // A bridge without a live port has no carrier, and Kea opens no socket on it, ever. This pair is such a port. Its far
    // end must be mute: with ARP it answers for the bridge's address with its own MAC, and GRUB believes it.
    "link add up0 type veth peer name up1",
    "link set up0 addrgenmode none",
    "link set up1 addrgenmode none",
    `link set up0 master ${BRIDGE}`,
    "link set up1 arp off",
    "link set up0 up",
    "link set up1 up",
  ];
  for (const [machine, cards] of segmentsOfMachines.entries()) {
    lines.push(`addr add ${bmcAddress(machine)}/32 dev lo`);
    for (const [nic, segment] of cards.entries()) {
      const tap = tapName(machine, nic);
      lines.push(
        `tuntap add ${tap} mode tap`,
        `link set ${tap} addrgenmode none`,
        `link set ${tap} master ${bridgeName(segment)}`,
        `link set ${tap} up`,
      );
    }
  }
  return `${lines.join("\n")}\n`;
}

export const hasIpv6 = (): boolean => existsSync("/proc/net/if_inet6");

export async function createNetwork(netns: string, segmentsOfMachines: readonly (readonly number[])[]): Promise<void> {
  await run(["ip", "netns", "add", netns]);
  await run(["ip", "-n", netns, "-batch", "-"], networkBatch(segmentsOfMachines, hasIpv6()));
}

/** Runs `argv` inside the namespace; `ip` becomes that program, so the pid of the one is the pid of the other. */
export const inNamespace = (netns: string, argv: readonly string[]): string[] => [
  "ip",
  "netns",
  "exec",
  netns,
  ...argv,
];
